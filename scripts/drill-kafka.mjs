// npm run drill:kafka [-- NAME …]: long drills on real brokers, each with a cluster, a Redis and services of its own.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build, environment, install, isOwnNode, root, runUnderOwnNode, SetUpError, say } from "./set-up.mjs";

const FOLDER = join("services", "invalidator", "tests", "drills");
const SUFFIX = ".drill.test.ts";
const DRILLS = readdirSync(join(root, FOLDER))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();

const HELP = `npm run drill:kafka                           all drills, one after the other, at most ten minutes each
npm run drill:kafka -- NAME …                 some of them: ${DRILLS.join(", ")}

Each starts Apache Kafka (as processes, three nodes or one), a Redis and the service, makes trouble under load, says what it
saw, and at the end holds Redis and the dead letters against what an oracle makes of the topic. Exit code 1 when a
guarantee broke. FRESHET_TEST_SEED repeats a run's random numbers.`;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

async function main(args) {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const unknown = args.filter((arg) => !DRILLS.includes(arg));
  if (unknown.length > 0) {
    say(`there is no drill ${unknown.join(", ")}; take some of ${DRILLS.join(", ")}`);
    return 2;
  }
  await install();
  if (!isOwnNode()) return runUnderOwnNode([import.meta.filename, ...args]);
  const problem = await build();
  if (problem !== null) throw new SetUpError(problem);
  const { prepareNative } = await import("@freshet/testkit/provider");
  await prepareNative(say);
  const broken = [];
  for (const name of args.length > 0 ? args : DRILLS) {
    const code = await jest(name);
    if (code === null) return 130;
    if (code !== 0) broken.push(name);
  }
  process.stdout.write(broken.length === 0 ? "every guarantee held\n" : `broken: ${broken.join(", ")}\n`);
  return broken.length === 0 ? 0 : 1;
}

/** @returns jest's exit code, `null` after Ctrl-C. */
function jest(name) {
  const flags = ["--disable-warning=ExperimentalWarning", "--experimental-vm-modules", join("node_modules", "jest", "bin", "jest.js")];
  return new Promise((resolve) => {
    const options = { cwd: root, env: environment(), stdio: ["ignore", "inherit", "inherit"] };
    const child = spawn("node", [...flags, "-i", "--runTestsByPath", join(FOLDER, `${name}${SUFFIX}`)], options);
    let isInterrupted = false;
    for (const signal of ["SIGINT", "SIGTERM"]) {
      process.once(signal, () => {
        isInterrupted = true;
        child.kill("SIGTERM");
      });
    }
    child.on("error", () => resolve(1));
    child.on("exit", (code) => resolve(isInterrupted ? null : (code ?? 1)));
  });
}
