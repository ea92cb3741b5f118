// npm run bench: set-up, then the benchmarks on a real Kafka and a real Redis that are there for them alone.
import { join } from "node:path";
import { begin, isHelp, runNode, whenBuilt } from "./runner.mjs";
import { root, SetUpError, say } from "./set-up.mjs";

/** What can be measured, by name; each is a program with arguments of its own. */
const SUITES = {
  events: "main.ts",
  sweep: "sweep/main.ts",
  dlq: "dlq/main.ts",
  race: "race/soak.ts",
  intake: "intake/main.ts",
  replay: "replay/main.ts",
  cost: "cost/main.ts",
  store: "../../../packages/store/bench/main.ts",
};

const HELP = `npm run bench                                 every contender, two million events
npm run bench -- --quick --json FILE          one million events; the results as JSON too
npm run bench -- --only noop,obvious          some of them; also: parse, freshet-floors-off, freshet-floors-on
npm run bench -- --rounds 5                   all of them five times in turns: medians, and the medians of each round's ratios
npm run bench -- --suite sweep --json FILE    what others wait while a million entries of one tag are swept (--entries, --pace)
npm run bench -- --suite dlq --json FILE      what counting 100,000 dead letters takes, against merely reading them (--letters, --rounds)
npm run bench -- --suite store --json FILE    busts per second on one connection, floors off and on, against plain UNLINK (--rounds, --keys)
npm run bench -- --suite replay --json FILE   history replayed dry, against the service on the same events (--quick, --events)
npm run bench -- --suite intake --json FILE   uniform and Zipf subjects beside stock kafkajs and a Go consumer, latency, memory, takeover
                                              (--quick, --only uniform,zipf,latency,takeover, --events N, --seconds N,
                                              --rounds N of uniform and zipf)
npm run bench -- --suite cost --json FILE     metrics on against off, a scrape of 500 partitions, start to first bust, size of the image
                                              (--quick, --only metrics,scrape,start,image, --pairs N, --events N, --partitions N,
                                              --scrapes N, --rounds N, --image NAME)
npm run soak:store -- 1000000 SEED            so many reads in a race with busts, ten million by default: none may be stale

Kafka and Redis are processes of this machine, unless FRESHET_TEST_PROVIDER or FRESHET_TEST_KAFKA and FRESHET_TEST_REDIS
say otherwise. Compare ratios within one run on a quiet machine, never numbers of two runs.`;

await begin(async (args) => (isHelp(args, HELP) ? 0 : whenBuilt(import.meta.filename, args, () => main(args))));

async function main(args) {
  const { provideServers } = await import("@freshet/testkit/provider");
  // Published ports of a container go through a proxy, which would be what is measured.
  if (process.env.FRESHET_TEST_KAFKA === undefined) process.env.FRESHET_TEST_PROVIDER ??= "native";
  const servers = await provideServers(say);
  try {
    return await bench(args, { FRESHET_TEST_KAFKA: servers.kafka, FRESHET_TEST_REDIS: servers.redis });
  } finally {
    await servers.close();
  }
}

function bench([option, name, ...others], env) {
  const suite = option === "--suite" ? name : "events";
  const args = option === "--suite" ? others : [option, name, ...others].filter((arg) => arg !== undefined);
  const file = SUITES[suite];
  if (file === undefined) throw new SetUpError(`there is no suite ${suite}; take one of ${Object.keys(SUITES).join(", ")}`);
  return runNode([join(root, "services", "invalidator", "bench", file), ...args], { env, cwd: process.cwd() });
}
