// The invalidator's own parts, wired as the service wires them, with metrics and without logs.
import process from "node:process";
import { createKafkajsPort } from "@freshet/kafka";
import { createLoop } from "@freshet/pipeline";
import { loadRules } from "@freshet/rules";
import { createRedisStore } from "@freshet/store";
import { createCounter, workloadArgument } from "./report.ts";
import { rulesText } from "./rules.ts";
import type { EntryLayout, Workload } from "./workload.ts";

const workload = workloadArgument<Workload & { readonly layout: EntryLayout }>();
const counter = createCounter(workload.events);
const { rules, findings } = loadRules(rulesText(workload.topic, workload.prefix, workload.layout));
if (rules === null) throw new Error(JSON.stringify(findings));

const kafka = createKafkajsPort({ brokers: [workload.broker], clientId: "bench", clock: { nowMs: () => Date.now() } });
const store = createRedisStore({ url: workload.redisUrl, prefix: "fr:" });
const group = `${workload.topic}-freshet-${process.pid}`;
const loop = createLoop(
  { rules, store, kafka, deadLetters: { topic: `${workload.topic}-dlq`, group, rulesHash: rules.hash }, now: () => new Date().toISOString() },
  {
    sliceSettled: ({ records }) => counter.count(records.length),
    partitionWaiting: ({ code, problem }) => process.stderr.write(`waiting: ${code} ${problem}\n`),
    partitionResumed: () => undefined,
  },
  { nowMs: () => Date.now() },
);
const consumption = await kafka.consume({
  group,
  topics: rules.topics,
  onAssigned: loop.onAssigned,
  onBatch: (batch, control) => {
    counter.count(0);
    return loop.onBatch(batch, control);
  },
});
await counter.finished;
await consumption.stop();
await kafka.close();
await store.close();
