// One way of reading an incident's dead letters, in a process of its own: merely reading them, counting or grouping them.
import process from "node:process";
import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import type { KafkaRecord } from "@freshet/protocol";
import { type DeadLetterQuery, listDeadLetters, statDeadLetters } from "@freshet/replay";
import { loadRules } from "@freshet/rules";
import { type Incident, RULES } from "./letters.ts";

/** What the parent asks for, as JSON in the first argument. */
export interface ReaderOrder extends Incident {
  /** `positions`: fetched and checked, no byte of a letter looked at; `read`: key, value and headers in hand, as any client hands them out. */
  readonly way: "positions" | "read" | "stats" | "list";
}

/** What it is told. */
export interface ReaderReport {
  readonly letters: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

const order = JSON.parse(process.argv[2] ?? "{}") as ReaderOrder;
const kafka = createKafkajsPort({ brokers: [order.broker], clientId: "bench", clock: { nowMs: () => Date.now() } });
const group = `freshet-dlq-${order.deployment}-${process.pid}`;
const stop = new AbortController().signal;
const ways = { positions: merelyRead, read: merelyRead, stats: count, list: count };

await kafka.offsets([`freshet.dlq.${order.deployment}`]); // connecting is not what is measured
const cpu = process.cpuUsage();
const startedMs = performance.now();
const letters = await ways[order.way](kafka);
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage(cpu);
const report: ReaderReport = { letters, seconds, cpuSeconds: (user + system) / 1e6, rssMb: process.resourceUsage().maxRSS / 1024 };
process.send?.(report);
await kafka.close();

async function merelyRead(port: KafkaPort): Promise<number> {
  let read = 0;
  const ends = await port.offsets([`freshet.dlq.${order.deployment}`]);
  const ranges = ends.map(({ topic, partition, earliest, stable }) => ({ topic, partition, from: earliest, to: stable }));
  const onBatch = async ({ records }: { readonly records: Iterable<KafkaRecord> }) => {
    for (const record of records) if (order.way === "positions" || sizeOf(record) > 0) read++;
  };
  await port.read({ group, ranges, stop, onBatch });
  await port.deleteGroup(group);
  return read;
}

function sizeOf({ key, value, headers }: KafkaRecord): number {
  const bytes = headers.reduce((sum, header) => sum + header.name.length + (header.value?.length ?? 0), 0);
  return bytes + (key?.length ?? 0) + (value?.length ?? 0);
}

async function count(port: KafkaPort): Promise<number> {
  const { rules } = loadRules(RULES);
  const { deployment } = order;
  const choice = { reason: null, rule: null, where: null };
  const span = { topic: null, sinceMs: null, untilMs: null };
  const query: DeadLetterQuery = { deployment, group, choice, rules, stop, onProgress: () => {}, ...span };
  const counted = order.way === "list" ? await listDeadLetters(port, query, 20) : await statDeadLetters(port, query);
  return counted.wanted;
}
