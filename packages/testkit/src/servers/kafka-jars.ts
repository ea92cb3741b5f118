import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../config.js";
import { findProgram } from "./find-program.js";
import { lastLines, runProgram } from "./run-program.js";
import { installPackages, type Say } from "./system-packages.js";

/** What tests run on; the others are for the matrix. */
export const KAFKA_VERSION = "4.3.0";
/** The last release before 4.0, which many run, and the newest. */
export const KAFKA_VERSIONS = ["3.9.1", KAFKA_VERSION] as const;
const LOG4J_VERSION = "2.25.4"; // without a logging binding there is no log at all
const MAVEN_TIMEOUT_MS = 10 * 60_000;

const dependency = (group: string, artifact: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
/** Kafka itself, its tools, and what writes its log; the tools of Kafka 3 bring that along. */
function pomOf(version: string): string {
  const log = version.startsWith("3.") ? "" : `${dependency("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION)}\n`;
  return `<project><modelVersion>4.0.0</modelVersion><groupId>freshet</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>
${dependency("org.apache.kafka", "kafka_2.13", version)}
${dependency("org.apache.kafka", "kafka-tools", version)}
${log}</dependencies></project>
`;
}

/**
 * The folder with Kafka's jars, from the user's cache or else from Maven. Several processes may ask at once.
 *
 * @throws Error that says what to install, or why Maven failed.
 */
export async function ensureKafkaJars(say: Say, version: string = KAFKA_VERSION): Promise<string> {
  const folder = join(cacheFolder(), `kafka-${version}`);
  if (existsSync(folder)) return join(folder, "lib");
  const maven = await ensureMaven(say);
  say(`fetching Apache Kafka ${version} (about 60 MB, kept in ${cacheFolder()})`);
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    await fetchJars(maven, work, version);
    // Complete or not there at all: only a whole folder gets the name.
    await rename(work, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return join(folder, "lib");
}

async function fetchJars(maven: string, folder: string, version: string): Promise<void> {
  await writeFile(join(folder, "pom.xml"), pomOf(version));
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"];
  const fetch = (...flags: string[]) => runProgram([maven, "-q", "-B", ...flags, ...goal], { cwd: folder, timeoutMs: MAVEN_TIMEOUT_MS });
  if ((await fetch()).code === 0) return;
  const second = await fetch("-U"); // Maven remembers what it once did not find
  if (second.code !== 0) throw new Error(`Maven could not fetch Apache Kafka:\n${lastLines(second.output, 5)}`);
}

async function ensureMaven(say: Say): Promise<string> {
  const found = findProgram("mvn");
  if (found !== null) return found;
  await installPackages(["maven"], say).catch((error: Error) => {
    throw new Error(`there is no Maven (mvn) to fetch Apache Kafka with; ${error.message}`);
  });
  const installed = findProgram("mvn");
  if (installed === null) throw new Error("Maven was installed, but mvn is not on the PATH");
  return installed;
}
