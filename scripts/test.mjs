// npm test: set-up, checks, and every test except drills and soaks on a real Kafka and a real Redis.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { addTests, begin, countTests, INTERRUPTED, noTests, tellTests, underOwnNode } from "./runner.mjs";
import { build, root, run, say } from "./set-up.mjs";

const HELP = `npm test                                      everything
npm test -- --only jest packages/rules        the tests of one folder; what follows goes to jest (-t NAME, …)
npm test -- --only lint                       one step: build, drift, lint, types, tidy or jest

Kafka and Redis come from the first that works; FRESHET_TEST_PROVIDER=env|docker|native forces one:
  env     FRESHET_TEST_KAFKA=host:port and FRESHET_TEST_REDIS=redis://host:port
  docker  images at hand or pulled; FRESHET_TEST_KAFKA_IMAGE and FRESHET_TEST_REDIS_IMAGE name others
  native  redis-server, and Apache Kafka on Java 17 or newer
Drills (*.drill.test.ts) and soaks (*.soak.test.ts) run by name only. FRESHET_TEST_SEED repeats a run's random numbers.
The last line is "N passed, N failed"; each step but jest counts as one test. Exit code 0 only if nothing failed.`;

const JEST_TIMEOUT_MS = 70 * 60_000;
const OUTPUT_LINES_MAX = 100;
const STEPS = ["build", "drift", "lint", "types", "tidy", "jest"];
const LINT = [
  ["biome", "check", "."],
  ["oxlint", "--type-aware"],
];
const TYPES = [["tsc", "-p", "tsconfig.tests.json"]];
const counts = noTests();
/** What Ctrl-C has to end. */
const running = { child: null, servers: Promise.resolve(null), isInterrupted: false };

await begin(async (args) => {
  const only = parse(args);
  if (only === null) return args.includes("--help") || args.includes("-h") ? 0 : 2;
  return underOwnNode(import.meta.filename, args, () => main(only));
});

async function main(only) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, interrupt);
  const wants = (step) => only.step === undefined || only.step === step;

  await step("build", async () => (await build()) ?? "");
  if (wants("jest")) running.servers = startServers();
  if (wants("drift")) await script("drift", "generate.ts", "--check");
  if (wants("lint")) await step("lint", () => inTurn(LINT));
  if (wants("types")) await step("types", () => inTurn(TYPES));
  if (wants("tidy")) await script("tidy", "tidy.ts");
  if (wants("jest")) await tests(only.args);
  await stopServers();
  return verdict();
}

/** @returns the step asked for, or `null` after having said how to ask. */
function parse(args) {
  if (args.length === 0) return { step: undefined, args: [] };
  const [flag, step, ...rest] = args;
  if (flag === "--only" && STEPS.includes(step)) return { step, args: rest };
  process.stdout.write(`${HELP}\n`);
  return null;
}

/** Runs one step; its output, shown only if there is some, is what is wrong. */
async function step(name, work) {
  if (running.isInterrupted) return;
  const startedMs = Date.now();
  const problem = await work();
  if (running.isInterrupted) return;
  counts[problem === "" ? "passed" : "failed"] += 1;
  tell(problem === "" ? "ok" : "FAIL", name, startedMs);
  if (problem !== "") process.stdout.write(`${lastLines(problem)}\n`);
}

async function script(name, file, ...args) {
  if (existsSync(join(root, "scripts", file))) return step(name, () => inTurn([["node", join("scripts", file), ...args]]));
  counts.skipped += 1;
  process.stdout.write(`skip  ${name}: there is no scripts/${file}\n`);
}

/** Runs all commands. @returns the output of those that failed. */
async function inTurn(commands) {
  let problems = "";
  for (const command of commands) {
    const { code, output } = await run(command, { onStart: own });
    if (code !== 0) problems += output.trim() === "" ? `${command.join(" ")} ended with ${code}\n` : output;
  }
  return problems;
}

async function tests(args) {
  const startedMs = Date.now();
  const servers = await running.servers;
  if (running.isInterrupted) return;
  if (servers.problem !== null) {
    counts.failed += 1;
    process.stdout.write(`FAIL  ${servers.problem}\nOnly the tests that need neither Kafka nor Redis are run.\n`);
  }
  const found = await countTests(chosen(args, servers.problem === null), { env: servers.env, timeout: JEST_TIMEOUT_MS, own });
  if (found.ended !== null) process.stdout.write(`FAIL  jest ended with ${found.ended}\n`);
  addTests(counts, found);
  tell(found.failed === 0 ? "ok" : "FAIL", "jest", startedMs);
}

/** Drills and soaks are left out unless somebody names one; without servers, whatever needs them. */
function chosen(args, hasServers) {
  const left = hasServers ? "drill|soak" : "drill|soak|redis|kafka|e2e";
  const isByName = args.some((arg) => /\b(drill|soak)\b/.test(arg));
  return isByName ? args : [...args, "--testPathIgnorePatterns", "/node_modules/", `\\.(${left})\\.test\\.ts$`];
}

/** Brings up Kafka and Redis. Never rejects: without them the other tests still run. */
async function startServers() {
  try {
    const { prepareNative, provideServers } = await import("@freshet/testkit/provider");
    const servers = await provideServers(tellProgress);
    tellProgress(`Kafka and Redis by ${servers.told}: ${servers.kafka}, ${servers.redis}`);
    // Tests that stop and pause servers start their own.
    await prepareNative(tellProgress).catch((error) => tellProgress(`tests that start their own servers will fail: ${error.message}`));
    const env = { FRESHET_TEST_KAFKA: servers.kafka, FRESHET_TEST_REDIS: servers.redis };
    return { problem: null, env, close: () => servers.close() };
  } catch (error) {
    return { problem: error.fix === undefined ? error.stack : `${error.message}\nFix: ${error.fix}`, env: {}, close: async () => {} };
  }
}

async function stopServers() {
  const servers = await running.servers;
  await servers?.close();
}

/** Ctrl-C, or the end of the terminal: ends what runs and takes down Kafka and Redis. A second one is the first one's echo. */
function interrupt(signal) {
  if (running.isInterrupted) return;
  running.isInterrupted = true;
  say(`${signal}: stopping Kafka and Redis …`);
  running.child?.kill("SIGTERM");
}

function own(child) {
  running.child = child;
  if (running.isInterrupted) child.kill("SIGTERM");
}

function verdict() {
  if (running.isInterrupted) return INTERRUPTED;
  return tellTests(counts);
}

function tell(mark, name, startedMs) {
  process.stdout.write(`${mark.padEnd(5)} ${name} ${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`);
}

function tellProgress(line) {
  process.stdout.write(`      ${line}\n`);
}

function lastLines(text) {
  const lines = text.trimEnd().split("\n");
  const cut = lines.length - OUTPUT_LINES_MAX;
  return cut > 0 ? [`… ${cut} lines more`, ...lines.slice(cut)].join("\n") : lines.join("\n");
}
