// The service itself: its configuration, wiring, metrics and logs (to nowhere). Only batches are counted on the way. Without its
// metrics where it is told so.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { connectKafka, loadConfig, runService } from "@freshet/invalidator";
import type { KafkaPort } from "@freshet/kafka/port";
import { uncounted } from "./cost/uncounted.ts";
import { createCounter, workloadArgument } from "./report.ts";
import { rulesText } from "./rules.ts";
import type { EntryLayout, Workload } from "./workload.ts";

interface Asked extends Workload {
  readonly layout: EntryLayout;
  readonly isCounted?: boolean;
  readonly httpPort?: number;
  readonly logLevel?: string;
}

const workload = workloadArgument<Asked>();
const counter = createCounter(workload.events);
const deployment = `bench-${process.pid}`;
const rulesPath = join(mkdtempSync(join(tmpdir(), "freshet-bench-")), "rules.yaml");
writeFileSync(rulesPath, rulesText(workload.topic, workload.prefix, workload.layout));
const env = {
  FRESHET_DEPLOYMENT: deployment,
  FRESHET_RULES: rulesPath,
  FRESHET_KAFKA_BROKERS: workload.broker,
  FRESHET_KAFKA_GROUP: `${workload.topic}-${deployment}`,
  FRESHET_REDIS_URL: workload.redisUrl,
  FRESHET_HTTP_PORT: String(workload.httpPort ?? 0),
  FRESHET_LOG_LEVEL: workload.logLevel ?? "info",
};
const config = loadConfig({ env, flags: {}, readText: (path) => readFileSync(path, "utf8") });
const kafka = await connectKafka(config);
await kafka.createTopics([
  { topic: `freshet.dlq.${deployment}`, partitions: 1, replicationFactor: 1, config: { "max.message.bytes": "2000000" } },
]);
const counting: KafkaPort = {
  ...kafka,
  consume: (options) =>
    kafka.consume({
      ...options,
      onBatch: async (batch, control) => {
        counter.count(0);
        const end = await options.onBatch(batch, control);
        if (end.kind === "done") counter.count(batch.records.length);
        return end;
      },
    }),
};
const stop = new AbortController();
const ended = runService({
  config: () => config,
  stop: stop.signal,
  talk: (line) => void process.stderr.write(`${line}\n`),
  overrides: { kafka: counting, ...(workload.isCounted === false ? { instruments: uncounted } : {}) },
});
await counter.finished;
stop.abort();
process.exitCode = await ended;
rmSync(dirname(rulesPath), { recursive: true });
