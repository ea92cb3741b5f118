// The service as processes of their own, as they are deployed.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import kafkajs from "kafkajs";
import { rulesText } from "../rules.ts";
import type { EntryLayout, Workload } from "../workload.ts";

export interface Running {
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<void>;
  /** Partitions it has; `null` where a program does not tell. */
  assigned(): Promise<number | null>;
}

export interface Deployment {
  /** What a process of this deployment needs, but for its port. */
  readonly env: NodeJS.ProcessEnv;
  start(): Promise<Running>;
  close(): void;
}

const MAIN = join(import.meta.dirname, "..", "..", "dist", "main.js");

export async function deployService(workload: Workload, layout: EntryLayout): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), "freshet-bench-"));
  const rules = join(folder, "rules.yaml");
  writeFileSync(rules, rulesText(workload.topic, workload.prefix, layout));
  const deployment = workload.topic;
  const admin = new kafkajs.Kafka({ brokers: [workload.broker], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic: `freshet.dlq.${deployment}`, numPartitions: 1, configEntries: [{ name: "max.message.bytes", value: "2000000" }] }],
  });
  await admin.disconnect();
  const env = {
    ...process.env,
    MALLOC_ARENA_MAX: "1",
    FRESHET_TEST_KAFKA: undefined,
    FRESHET_TEST_REDIS: undefined,
    FRESHET_TEST_PROVIDER: undefined,
    FRESHET_DEPLOYMENT: deployment,
    FRESHET_RULES: rules,
    FRESHET_KAFKA_BROKERS: workload.broker,
    FRESHET_REDIS_URL: workload.redisUrl,
    FRESHET_REDIS_PREFIX: `${workload.prefix}fr:`,
    FRESHET_LOG_LEVEL: "warn",
  };
  return {
    env,
    start: async () => {
      const port = await freePort();
      const child = spawn(process.execPath, ["--max-semi-space-size=16", MAIN], {
        env: { ...env, FRESHET_HTTP_PORT: String(port) },
        stdio: ["ignore", "ignore", "inherit"],
      });
      return { ...asRunning(child), assigned: () => assignedOf(port) };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A script beside this one, with the workload as its argument. */
export function startScript(script: string, workload: Workload): Running {
  const child = fork(new URL(script, import.meta.url), [JSON.stringify(workload)], { execArgv: ["--no-warnings"] });
  return { ...asRunning(child), assigned: async () => null };
}

function asRunning(child: ChildProcess): Omit<Running, "assigned"> {
  return { kill: (signal) => void child.kill(signal), ended: once(child, "close").then(() => undefined) };
}

async function assignedOf(port: number): Promise<number> {
  const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
    (response) => response.text(),
    () => "",
  );
  return Number(/^freshet_assigned_partitions (\d+)/m.exec(text)?.[1] ?? 0);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
