import { createKafkajsPort } from "@freshet/kafka";
import { encodeCloudEvent } from "@freshet/protocol";
import { planReplay, runJob, startJob } from "@freshet/replay";
import { loadRules } from "@freshet/rules";
import { createMemoryStore } from "@freshet/store";
import { freshPrefix, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, describe, expect, test } from "@jest/globals";
import { Kafka, logLevel, type Message } from "kafkajs";

const clock = { nowMs: () => Date.now() };
const never = new AbortController().signal;
const port = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: "replay-test", clock });
const client = new Kafka({ clientId: "replay-test", brokers: [testKafkaBroker()], logLevel: logLevel.NOTHING, retry: { retries: 20 } });
afterAll(() => port.close());

const message = (subject: string): Message => {
  const event = { id: "1", source: "s", type: "t", subject, version: "7", time: "2026-01-01T00:00:00Z", data: "{}" };
  const { headers, value } = encodeCloudEvent(event);
  return {
    key: subject,
    value: Buffer.from(value ?? []),
    headers: Object.fromEntries(headers.map((one) => [one.name, Buffer.from(one.value ?? [])])),
  };
};

async function openTopic(config: Readonly<Record<string, string>>) {
  const deployment = freshPrefix("replay-topics");
  const topic = `${deployment}.products`;
  const topics = [topic, `freshet.jobs.${deployment}`];
  await port.createTopics(topics.map((one, at) => ({ topic: one, partitions: 1, replicationFactor: 1, config: at === 0 ? config : {} })));
  await until(async () => (await port.describeTopics(topics)).length === topics.length, { timeoutMs: 60_000 });
  const rulesText = `freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: catalog.product }]
families: { page: { key: "page:{id}", ttl: 1h, entry: { kind: opaque } } }
rules: [{ name: changed, source: products, bust: [{ family: page, with: { id: subject } }] }]
`;
  const { rules } = loadRules(rulesText);
  if (rules === null) throw new Error("the rules have findings");
  const store = createMemoryStore({ nowUs: () => Date.now() * 1000 });
  const pause = (_ms: number, stop: AbortSignal) => new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
  const ports = { kafka: port, store, clock, pause };
  const plan = async () => {
    const from = new Date(Date.now() - 600_000).toISOString();
    const to = new Date(Date.now() + 600_000).toISOString();
    const planned = await planReplay(ports, {
      selection: { kind: "history", topic, from, to, where: null },
      order: "oldest",
      rules,
      running: null,
      force: false,
      limit: null,
      rates: { recordsPerSecond: null, bustsPerSecond: null },
      isResolved: () => false,
      group: `freshet-replay-${deployment}-plan`,
      stop: never,
      onProgress: () => {},
    });
    if (planned === null) throw new Error("it was stopped");
    return planned;
  };
  const apply = async (planned: Awaited<ReturnType<typeof plan>>) => {
    const by = { user: "ada", host: "ops-1" };
    const made = await startJob(port, planned, { id: "j1", deployment, rulesText, by, because: "", clock });
    const runner = { host: "ops-1", pid: 1, token: "t" };
    return await runJob(ports, { ...made, runner, rules, isResolved: () => false, stop: never, onProgress: () => {} });
  };
  return { topic, plan, apply, store };
}

describe("a replay of a topic that is not plain", () => {
  test("with transactions: committed ones alone, to the end that was stable, whatever comes meanwhile", async () => {
    const { topic, plan, apply, store } = await openTopic({});
    const producer = client.producer({
      transactionalId: `${topic}-tx`,
      transactionTimeout: 300_000,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    const plain = client.producer();
    await Promise.all([producer.connect(), plain.connect()]);
    const within = async (subjects: readonly string[], end: "commit" | "abort" | "open") => {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: subjects.map(message) });
      if (end === "commit") await transaction.commit();
      if (end === "abort") await transaction.abort();
      return transaction;
    };
    await within(["1", "2"], "commit");
    await within(["3", "4", "5"], "abort");
    await within(["6"], "commit");
    await within(["7"], "abort"); // the snapshot's end is made of records and a marker that nobody ever sees
    for (const id of ["1", "3", "6", "7", "8", "9"]) await store.seed.putOpaque(`page:${id}`, { value: "p" });

    const planned = await plan();
    expect(planned.counts).toMatchObject({ records: { chosen: 3, busting: 3 }, keys: { touched: 3, removed: 2, absent: 1 } });
    const open = await within(["8"], "open");
    await plain.send({ topic, messages: [message("9")] });
    const job = await apply(planned);
    expect({ status: job.status, counts: job.counts }).toEqual({ status: "done", counts: planned.counts });

    // what waits behind an open transaction is not stable: it is no part of a new snapshot either
    expect(await plan()).toMatchObject({ counts: { records: { chosen: 3 } }, heldBack: { offsets: 2 } });
    await open.commit();
    await until(async () => (await plan()).counts.records.chosen === 5, {
      timeoutMs: 60_000,
      pollMs: 300,
      what: "the transaction is stable",
    });
    const left = await Promise.all(["1", "3", "6", "7", "8", "9"].map(async (id) => [id, await store.seed.has(`page:${id}`)]));
    expect(left).toEqual([
      ["1", false],
      ["3", true],
      ["6", false],
      ["7", true],
      ["8", true],
      ["9", true],
    ]);
    await Promise.all([producer.disconnect(), plain.disconnect()]);
  }, 270_000);

  test("compacted: what is left of it, over the holes", async () => {
    const compaction = {
      "cleanup.policy": "compact",
      "segment.ms": "100",
      "min.cleanable.dirty.ratio": "0.01",
      "max.compaction.lag.ms": "100",
    };
    const { topic, plan, apply } = await openTopic(compaction);
    const producer = client.producer();
    await producer.connect();
    for (let round = 0; round < 3; round++) {
      await producer.send({ topic, messages: ["1", "2", "3", "1", "2"].map(message) });
    }
    // each record that comes rolls the segment, and the cleaner takes what is older and has a newer one
    let chosen = 15;
    await until(
      async () => {
        await producer.send({ topic, messages: [message("last")] });
        ({ chosen } = (await plan()).counts.records);
        return chosen < 10;
      },
      { timeoutMs: 180_000, pollMs: 1000, what: "the broker compacts" },
    );
    const planned = await plan();
    const job = await apply(planned);
    expect({ status: job.status, left: job.left, counts: job.counts }).toEqual({ status: "done", left: [], counts: planned.counts });
    expect(planned.counts.keys.touched).toBe(4);
    await producer.disconnect();
  }, 360_000);
});
