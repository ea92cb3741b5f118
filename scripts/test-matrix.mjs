// npm run test:matrix: the suites of store and broker on the releases of Redis, Valkey and Kafka that users run besides those of npm test.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, environment, install, isOwnNode, root, runUnderOwnNode, SetUpError, say } from "./set-up.mjs";

const HELP = `npm run test:matrix                           the store's suites on Redis 8 and Valkey 8, the broker's on Kafka 3.9 and 4.3
npm run test:matrix -- --only kafka           those of the broker; \`redis\`: those of the store
npm run test:matrix -- --only redis cluster -t MOVED   only files named so; what follows goes to jest

Redis and Valkey are taken from Debian's packages, Kafka from its Maven artifacts, into your cache folder, without installing anything.
FRESHET_TEST_MATRIX=/path/of/redis-server:/path/of/valkey-server names others.
The last line is "N passed, N failed" over all of them. Exit code 0 only if nothing failed.`;

/** What depends on the server: all that talks to one. The searches over random states do not, and take long. */
const STORE = { suites: ["packages/store/src/.*\\.redis\\.test\\.ts$"], ignored: ["mutants\\.redis", "differential\\.redis"] };
const BROKER = { suites: ["packages/kafka/src/.*\\.kafka\\.test\\.ts$"], ignored: [] };
const counts = { passed: 0, failed: 0, skipped: 0 };

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
  await install();
  if (!isOwnNode()) return runUnderOwnNode([import.meta.filename, ...args]);
  const problem = await build();
  if (problem !== null) throw new SetUpError(problem);
  const [only, rest] = args[0] === "--only" ? [args[1], args.slice(2)] : [null, args];
  if (only !== null && only !== "redis" && only !== "kafka") throw new SetUpError(`--only takes redis or kafka\n${HELP}`);
  const names = [...(only === "kafka" ? [] : await redisSuites(rest)), ...(only === "redis" ? [] : await kafkaSuites(rest))];
  process.stdout.write(`run on: ${names.join(", ")}\n`);
  const { passed, failed, skipped } = counts;
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

async function redisSuites(args) {
  const { provideMatrix, startRedis } = await import("@freshet/testkit/matrix");
  const servers = await provideMatrix(say).catch(refuse);
  for (const { name, program } of servers) {
    const start = async () => {
      const server = await startRedis({ program });
      return { env: { FRESHET_TEST_REDIS: server.url, FRESHET_TEST_REDIS_SERVER: program }, close: () => server.close() };
    };
    await runOn(name, start, { ...STORE, args });
  }
  return servers.map(({ name }) => name);
}

async function kafkaSuites(args) {
  const { provideKafkas, startWarmKafka } = await import("@freshet/testkit/matrix");
  const servers = await provideKafkas(say).catch(refuse);
  for (const { name, version } of servers) {
    const start = async () => {
      const server = await startWarmKafka(version);
      return { env: { FRESHET_TEST_KAFKA: server.broker }, close: () => server.close() };
    };
    await runOn(name, start, { ...BROKER, args });
  }
  return servers.map(({ name }) => name);
}

function refuse(error) {
  throw new SetUpError(error.fix === undefined ? error.stack : `${error.message}\nFix: ${error.fix}`);
}

async function runOn(name, start, chosen) {
  process.stdout.write(`===== ${name}\n`);
  const server = await start();
  const isFine = await suites(chosen, server.env);
  await server.close();
  process.stdout.write(`===== ${name}: ${isFine ? "ok" : "FAILED"}\n`);
}

/** @returns whether every test passed. */
async function suites(chosen, env) {
  const folder = mkdtempSync(join(tmpdir(), "freshet-matrix-"));
  const file = join(folder, "counts.json");
  try {
    const code = await jest(chosen, { ...env, FRESHET_TEST_COUNTS_FILE: file });
    const found = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { passed: 0, failed: 0, skipped: 0 };
    if (code !== 0 && found.failed === 0) found.failed = 1;
    for (const name of Object.keys(counts)) counts[name] += found[name];
    return found.failed === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function jest({ suites, ignored, args }, env) {
  const flags = ["--disable-warning=ExperimentalWarning", "--experimental-vm-modules", join("node_modules", "jest", "bin", "jest.js")];
  const isNamed = args.length > 0 && !args[0].startsWith("-");
  const only = isNamed ? [] : ["--testPathPatterns", ...suites];
  const rest = ["--reporters", join(root, "scripts", "jest-report.cjs"), "--testPathIgnorePatterns", "/node_modules/", ...ignored];
  return new Promise((resolve) => {
    const child = spawn("node", [...flags, ...args, ...only, ...rest], {
      cwd: root,
      env: { ...environment(), ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", () => resolve(1));
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
