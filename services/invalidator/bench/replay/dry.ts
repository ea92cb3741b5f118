// A replay of history, dry, as `freshet replay history` plans one: the same events, the same Redis, nothing written.
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { connectKafka, connectStore, loadConfig } from "@freshet/invalidator";
import { planReplay } from "@freshet/replay";
import { loadRules } from "@freshet/rules";
import { createCounter, workloadArgument } from "../report.ts";
import { rulesText } from "../rules.ts";
import type { EntryLayout, Workload } from "../workload.ts";

const workload = workloadArgument<Workload & { readonly layout: EntryLayout }>();
const counter = createCounter(workload.events);
const env = { FRESHET_KAFKA_BROKERS: workload.broker, FRESHET_REDIS_URL: workload.redisUrl };
const config = loadConfig({ env, flags: {}, readText: (path) => readFileSync(path, "utf8") });
const { rules } = loadRules(rulesText(workload.topic, workload.prefix, workload.layout));
if (rules === null) throw new Error("the rules of the benchmark have findings");
const [kafka, store] = await Promise.all([connectKafka(config), connectStore(config)]);
const counted: typeof kafka = {
  ...kafka,
  read: (options) =>
    kafka.read({
      ...options,
      onBatch: (batch) => {
        counter.count(0);
        return options.onBatch(batch);
      },
    }),
};
let seen = 0;
await planReplay(
  { kafka: counted, store, clock: { nowMs: () => Date.now() }, pause: (ms) => sleep(ms) },
  {
    selection: {
      kind: "history",
      topic: workload.topic,
      from: new Date(0).toISOString(),
      to: new Date(Date.now() + 3_600_000).toISOString(),
      where: null,
    },
    order: "oldest",
    rules,
    running: null,
    force: false,
    rates: { recordsPerSecond: null, bustsPerSecond: null },
    limit: null,
    isResolved: () => false,
    group: `${workload.topic}-replay-${process.pid}`,
    stop: new AbortController().signal,
    onProgress: ({ records }) => {
      counter.count(records - seen);
      seen = records;
    },
  },
);
await counter.finished;
await Promise.all([kafka.close(), store.close()]);
