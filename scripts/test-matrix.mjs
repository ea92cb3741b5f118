// npm run test:matrix: the suites of store and broker on the releases of Redis, Valkey and Kafka that users run besides those of npm test.
import { addTests, begin, countTests, isHelp, noTests, tellTests, whenBuilt } from "./runner.mjs";
import { SetUpError, say } from "./set-up.mjs";

const HELP = `npm run test:matrix                           the store's suites on Redis 8 and Valkey 8, the broker's on Kafka 3.9 and 4.3
npm run test:matrix -- --only kafka           those of the broker; \`redis\`: those of the store
npm run test:matrix -- --only redis cluster -t MOVED   only files named so; what follows goes to jest

Redis and Valkey are taken from Debian's packages, Kafka from its Maven artifacts, into your cache folder, without installing anything.
FRESHET_TEST_MATRIX=/path/of/redis-server:/path/of/valkey-server names others.
The last line is "N passed, N failed" over all of them. Exit code 0 only if nothing failed.`;

/** What depends on the server: all that talks to one. The searches over random states do not, and take long. */
const STORE = { suites: ["packages/store/src/.*\\.redis\\.test\\.ts$"], ignored: ["mutants\\.redis", "differential\\.redis"] };
const BROKER = { suites: ["packages/kafka/src/.*\\.kafka\\.test\\.ts$"], ignored: [] };
const counts = noTests();

await begin(async (args) => (isHelp(args, HELP) ? 0 : whenBuilt(import.meta.filename, args, () => main(args))));

async function main(args) {
  const [only, rest] = args[0] === "--only" ? [args[1], args.slice(2)] : [null, args];
  if (only !== null && only !== "redis" && only !== "kafka") throw new SetUpError(`--only takes redis or kafka\n${HELP}`);
  const names = [...(only === "kafka" ? [] : await redisSuites(rest)), ...(only === "redis" ? [] : await kafkaSuites(rest))];
  process.stdout.write(`run on: ${names.join(", ")}\n`);
  return tellTests(counts);
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
async function suites({ suites, ignored, args }, env) {
  const isNamed = args.length > 0 && !args[0].startsWith("-");
  const only = isNamed ? [] : ["--testPathPatterns", ...suites];
  const left = ["--testPathIgnorePatterns", "/node_modules/", ...ignored];
  // Ctrl-C reaches jest by itself, and ends this process and its servers too.
  const found = await countTests([...args, ...only, ...left], { env, own: () => undefined });
  addTests(counts, found);
  return found.failed === 0;
}
