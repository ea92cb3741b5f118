// Publishes events at a pace, each for a key of its own that is there, and hears from Redis when each key is gone.
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import kafkajs from "kafkajs";
import { eventText, keyOf, PARTITIONS, type Workload } from "../workload.ts";

/** An event that was published. */
export interface Published {
  readonly partition: number;
  readonly atMs: number;
  /** When its key was gone; `null`: not yet. */
  goneMs: number | null;
}

export interface Probe {
  /** Publishes for so long at this pace; answers when all are sent. */
  publish(perSecond: number, forMs: number): Promise<readonly Published[]>;
  close(): Promise<void>;
}

const STEP_MS = 5;

/** Makes the topic. Redis tells of keys that go, which is the same cost to every contender. */
export async function openProbe(workload: Workload): Promise<Probe> {
  const redis = new Redis(workload.redisUrl);
  const ear = new Redis(workload.redisUrl);
  const kafka = new kafkajs.Kafka({ brokers: [workload.broker], logLevel: kafkajs.logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })];
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic: workload.topic, numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
  await redis.config("SET", "notify-keyspace-events", "Eg");
  const open = new Map<string, Published>();
  await ear.subscribe("__keyevent@0__:del");
  ear.on("message", (_channel, key) => {
    const event = open.get(key);
    if (event !== undefined) event.goneMs = performance.now();
    open.delete(key);
  });
  let next = 0;
  const publishOne = async (id: number): Promise<Published> => {
    const event: Published = { partition: (id / 2) % PARTITIONS, atMs: performance.now(), goneMs: null };
    open.set(keyOf(workload.prefix, id), event);
    await producer.send({ topic: workload.topic, messages: [{ key: null, partition: event.partition, value: eventText(id, 1) }] });
    return event;
  };
  return {
    publish: async (perSecond, forMs) => {
      const total = Math.round((perSecond * forMs) / 1000);
      const first = next;
      next += 2 * total;
      const ids = Array.from({ length: total }, (_, at) => first + 2 * at); // even ones are products, hashes all of them
      const entries = redis.pipeline();
      for (const id of ids) entries.hset(keyOf(workload.prefix, id), "version", 0, "page", "x".repeat(200));
      await entries.exec();
      const startedMs = performance.now();
      const sending: Promise<Published>[] = [];
      while (sending.length < total) {
        const due = Math.min(total, Math.ceil(((performance.now() - startedMs) * perSecond) / 1000));
        while (sending.length < due) sending.push(publishOne(ids[sending.length] ?? 0));
        await pause(STEP_MS);
      }
      return Promise.all(sending);
    },
    close: async () => {
      await producer.disconnect();
      redis.disconnect();
      ear.disconnect();
    },
  };
}

/** Waits until the key of each is gone. */
export async function allGone(events: readonly Published[], timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (events.some(({ goneMs }) => goneMs === null)) {
    if (performance.now() > endMs) throw new Error(`${events.filter(({ goneMs }) => goneMs === null).length} keys are still there`);
    await pause(50);
  }
}
