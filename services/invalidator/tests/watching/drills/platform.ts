import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort, type OwnKafka, type OwnRedis, startKafka, startRedis, until } from "@freshet/testkit";
import { Redis } from "ioredis";
import { closeInTurn } from "../../close-in-turn.js";
import { plainEnvironment } from "../../config.js";
import { openFolder } from "../../own-folder.js";
import { type ServiceProcess, startProcess } from "../../service-process.js";
import { openTopics, type Topics } from "../../topics.js";
import { asRecord, PARTITIONS, type PriceChange, priceChange, shopRules, shopRuleTests, TOPIC } from "./shop.js";

/** Kafka, Redis, a shop that changes prices all the time, and the service: what an operator has before any trouble. */
export interface Platform {
  readonly kafka: OwnKafka;
  readonly redis: OwnRedis;
  readonly cache: Redis;
  readonly topics: Topics;
  /** `host:port` of the service's admin port, the same for each process. */
  readonly target: string;
  /** The process that runs now, or ran last. */
  service(): ServiceProcess;
  /** Ends the process by SIGTERM, puts the rules in place and starts another, as a rollout does. */
  deploy(rules: string): Promise<void>;
  /** Puts a file where commands are run. */
  write(file: string, text: string): Promise<void>;
  /** Runs a command line where the service's configuration is. */
  shell(line: string): Promise<Ended>;
  /** Waits until the service has applied every event that was sent until now. */
  caughtUp(): Promise<void>;
  readonly shop: Shop;
  close(): Promise<void>;
}

export interface Ended {
  readonly code: number;
  /** stdout and stderr, as a terminal shows them. */
  readonly output: string;
}

export interface Shop {
  /** Changes the price of a product once, beside all the others. */
  change(id: string, version: string): Promise<void>;
  /** Whether events say the price before; they do at first. */
  saysPrevious: boolean;
  sent(): number;
}

export const GROUP = "freshet-default";
const MAIN = join(import.meta.dirname, "..", "..", "..", "dist", "main.js");
const BIN = join(import.meta.dirname, "..", "..", "..", "..", "..", "node_modules", ".bin");
const READY_TIMEOUT_MS = 60_000;
const CHANGES_PER_STEP = 5;
const STEP_MS = 250;
const PRODUCTS = 50;

/** Everything runs when it is there: the service has applied some events. */
export async function openPlatform(tell: (text: string) => void): Promise<Platform> {
  return await closeInTurn(async (onClose) => {
    const kafka = await startKafka();
    onClose(() => kafka.close());
    const redis = await startRedis();
    onClose(() => redis.close());
    const { folder, close: removeFolder } = await openFolder("drill");
    onClose(removeFolder);
    const topics = await openTopics(kafka.broker, "freshet-drill");
    onClose(() => topics.close());
    await topics.create({ [TOPIC]: { partitions: PARTITIONS } });
    const cache = new Redis(redis.url);
    cache.on("error", () => undefined); // a drill takes its Redis away; this client comes back by itself
    onClose(() => cache.disconnect());
    const write = (file: string, text: string): Promise<void> => writeFile(join(folder, file), text);
    await write(
      "freshet.config.yaml",
      JSON.stringify({ rules: "rules.yaml", kafka: { brokers: kafka.broker }, redis: { url: redis.url } }),
    );
    await write("rules.yaml", shopRules());
    await write("rules.test.yaml", shopRuleTests);
    const shell = (line: string): Promise<Ended> => run(line, folder);
    const made = await shell("freshet topics create");
    if (made.code !== 0) throw new Error(`freshet topics create ended with ${made.code}:\n${made.output}`);
    const host = await openHost(join(folder, "freshet.config.yaml"));
    onClose(() => host.close());
    await host.start();
    const shop = openShop(topics);
    onClose(() => shop.close());
    onClose(() => kafka.resume()); // a broker that a drill has paused would keep the shop waiting
    await caughtUp(topics, 20);
    tell(
      `Kafka ${kafka.broker}, Redis ${redis.url}, the invalidator (pid ${host.service().pid}) applies ${(1000 / STEP_MS) * CHANGES_PER_STEP} events a second`,
    );
    return {
      kafka,
      redis,
      cache,
      topics,
      target: host.target,
      service: () => host.service(),
      deploy: async (rules: string) => {
        await host.stop();
        await write("rules.yaml", rules);
        await host.start();
      },
      write,
      shell,
      caughtUp: () => caughtUp(topics, shop.sent()),
      shop,
    };
  });
}

async function caughtUp(topics: Topics, records: number): Promise<void> {
  const isDone = async (): Promise<boolean> => (await topics.committed(GROUP, TOPIC)) >= records;
  await until(isDone, { timeoutMs: 120_000, pollMs: 200, what: `${records} events are committed` });
}

/** Where the service runs: one process at a time, always on the same port. */
async function openHost(config: string) {
  const port = await freePort();
  let current: ServiceProcess | null = null;
  const service = (): ServiceProcess => {
    if (current === null) throw new Error("the service has not been started");
    return current;
  };
  return {
    target: `127.0.0.1:${port}`,
    service,
    start: async (): Promise<void> => {
      const started = await startProcess({ file: MAIN, env: { FRESHET_CONFIG: config }, port });
      current = started;
      const isReady = async (): Promise<boolean> => {
        if (started.isGone()) throw new Error(`the service ended by itself:\n${started.output().slice(-4000)}`);
        return (await started.readyz())?.status === 200;
      };
      await until(isReady, { timeoutMs: READY_TIMEOUT_MS, pollMs: 100, what: "the service is ready" });
    },
    stop: async (): Promise<void> => {
      service().kill("SIGTERM");
      const { code } = await service().exited;
      if (code !== 0) throw new Error(`the service ended with ${code}:\n${service().output().slice(-4000)}`);
    },
    close: async (): Promise<void> => {
      current?.kill("SIGKILL");
      await current?.exited;
    },
  };
}

/** Twenty prices change a second, until it is closed. */
function openShop(topics: Topics): Shop & { close(): Promise<void> } {
  let isOver = false;
  let count = 0;
  const send = (changes: readonly PriceChange[]) =>
    topics.send(
      TOPIC,
      changes.map((change) => asRecord(priceChange(change), Number(change.id) % PARTITIONS)),
    );
  const shop = {
    saysPrevious: true,
    sent: () => count,
    change: async (id: string, version: string) => void (await send([{ id, version, saysPrevious: shop.saysPrevious }])),
    close: async () => {
      isOver = true;
      await running;
    },
  };
  const step = async (): Promise<void> => {
    const { saysPrevious } = shop;
    const changes = Array.from({ length: CHANGES_PER_STEP }, (_, at) => count + at);
    await send(changes.map((at) => ({ id: String(100 + (at % PRODUCTS)), version: String(at + 1), saysPrevious })));
    count += CHANGES_PER_STEP;
  };
  const running = (async () => {
    while (!isOver) {
      await step().catch(() => undefined); // while brokers are away, it tries the same again
      await pause(STEP_MS); // the pace of its changes
    }
  })();
  return shop;
}

/** `freshet` is the repository's, with no `FRESHET_` variable of this process: the configuration file says everything. */
async function run(line: string, folder: string): Promise<Ended> {
  const { PATH = "", ...env } = plainEnvironment();
  const child = spawn("/bin/sh", ["-c", line], { cwd: folder, env: { ...env, PATH: `${BIN}:${PATH}` }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : 1, output };
}
