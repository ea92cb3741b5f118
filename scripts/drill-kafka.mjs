// npm run drill:kafka [-- --kafka VERSION] [NAME …]: long drills on real brokers, each with a cluster, a Redis and services of its own.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { begin, INTERRUPTED, isHelp, runDrill, whenBuilt } from "./runner.mjs";
import { root, SetUpError, say } from "./set-up.mjs";

const FOLDER = join("services", "invalidator", "tests", "drills");
const SUFFIX = ".drill.test.ts";
const DRILLS = readdirSync(join(root, FOLDER))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();

const HELP = `npm run drill:kafka                           all drills, one after the other, at most ten minutes each
npm run drill:kafka -- NAME …                 some of them: ${DRILLS.join(", ")}
npm run drill:kafka -- --kafka 3.9 [NAME …]   on that release of Kafka, one that npm run test:matrix knows

Each starts Apache Kafka (as processes, three nodes or one), a Redis and the service, makes trouble under load, says what it
saw, and at the end holds Redis and the dead letters against what an oracle makes of the topic. Exit code 1 when a
guarantee broke. FRESHET_TEST_SEED repeats a run's random numbers.`;

await begin(async (args) => {
  if (isHelp(args, HELP)) return 0;
  const [release, names] = args[0] === "--kafka" ? [args[1] ?? "", args.slice(2)] : [null, args];
  const unknown = names.filter((name) => !DRILLS.includes(name));
  if (unknown.length > 0) {
    say(`there is no drill ${unknown.join(", ")}; take some of ${DRILLS.join(", ")}`);
    return 2;
  }
  return whenBuilt(import.meta.filename, args, () => drill(names.length > 0 ? names : DRILLS, release));
});

async function drill(names, release) {
  const { prepareNative } = await import("@freshet/testkit/provider");
  await prepareNative(say);
  const env = release === null ? {} : { FRESHET_DRILL_KAFKA: await versionOf(release) };
  const broken = [];
  for (const name of names) {
    const code = await runDrill([join(FOLDER, `${name}${SUFFIX}`)], env);
    if (code === INTERRUPTED) return code;
    if (code !== 0) broken.push(name);
  }
  process.stdout.write(broken.length === 0 ? "every guarantee held\n" : `broken: ${broken.join(", ")}\n`);
  return broken.length === 0 ? 0 : 1;
}

/** Of `3.9`, say, the whole number, with its artifacts at hand. */
async function versionOf(release) {
  const { provideKafkas } = await import("@freshet/testkit/matrix");
  const versions = (await provideKafkas(say)).map(({ version }) => version);
  const found = versions.find((version) => version === release || version.startsWith(`${release}.`));
  if (found === undefined) throw new SetUpError(`there is no Kafka ${release} here; take one of ${versions.join(", ")}`);
  return found;
}
