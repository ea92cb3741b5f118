import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { KafkaPort, ProduceRecord } from "@freshet/kafka/port";
import { createLoop, createSweeper, type SliceReport, type Sweeper } from "@freshet/pipeline";
import type { KafkaRecord, RecordOutcome } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { StorePort } from "@freshet/store/port";
import { createManagedReader, type ManagedReader } from "./managed-reader.js";
import type { PageCache } from "./reader.js";
import { createShop, PRODUCT_TOPIC, type Shop, TENANT_TOPIC } from "./shop.js";

/** What a scene stands on. The demo gives it a log and a store in memory; nothing here knows that. */
export interface ScenePorts {
  readonly kafka: KafkaPort;
  /** The store as Freshet has it. */
  readonly store: StorePort;
  /** The same store as the shop's readers have it. */
  readonly readers: StorePort;
  readonly rules: CompiledRules;
  readonly cache: PageCache;
  /** Everything that lies in a topic, in order. */
  readonly readTopic: (topic: string) => Promise<readonly KafkaRecord[]>;
  readonly clock: { nowMs(): number };
  /** How long an event may take to be settled before the demo says that it was not. */
  readonly settleWithinMs: number;
}

/** The shop, its cache, and the same pipeline as the service between them. */
export interface Scene {
  readonly shop: Shop;
  readonly cache: PageCache;
  readonly managed: ManagedReader;
  /** Ends when no bust of this tag waits for a walk. */
  readonly walked: (tag: string) => Promise<void>;
  /** Looks again and again; whether the condition came true in time. */
  readonly comesTrue: (condition: () => Promise<boolean>) => Promise<boolean>;
  /** Sends one event; answers with how it ended, once the pipeline has settled it. */
  readonly send: (record: ProduceRecord) => Promise<RecordOutcome>;
  readonly deadLetters: () => Promise<readonly KafkaRecord[]>;
  readonly close: () => Promise<void>;
}

const DEPLOYMENT = "demo";
const DEAD_LETTER_TOPIC = `freshet.dlq.${DEPLOYMENT}`;
const STOCK = {
  products: [
    { id: "42", name: "Teapot", brand: "finetea", price: 2000 },
    { id: "43", name: "Kettle", brand: "finetea", price: 3500 },
    { id: "44", name: "Tea cup", brand: "finetea", price: 800 },
  ],
  tenants: [
    { id: "hotel", discount: 10 },
    { id: "cafe", discount: 15 },
  ],
};
const LOOK_MS = 5;

/** Opens the shop: makes its topics and starts the loop. */
export async function createScene(ports: ScenePorts): Promise<Scene> {
  const { kafka, clock } = ports;
  const now = () => new Date(clock.nowMs()).toISOString();
  const one = { partitions: 1, replicationFactor: 1, config: {} };
  await kafka.createTopics([
    { topic: PRODUCT_TOPIC, ...one },
    { topic: TENANT_TOPIC, ...one },
    { topic: DEAD_LETTER_TOPIC, ...one },
  ]);
  const settled = createSettled(ports.settleWithinMs);
  const group = `freshet-${DEPLOYMENT}`;
  const deadLetters = { topic: DEAD_LETTER_TOPIC, group, rulesHash: ports.rules.hash };
  const sweeper = startSweeper(ports);
  const bustTags: StorePort["bustTags"] = async (busts) => {
    const outcomes = await ports.store.bustTags(busts);
    sweeper.nudge();
    return outcomes;
  };
  const loop = createLoop({
    ports: { rules: ports.rules, store: { ...ports.store, bustTags }, kafka, deadLetters, now },
    events: { sliceSettled: (report) => settled.note(report), partitionWaiting: () => {}, partitionResumed: () => {} },
    clock,
  });
  const consumption = await kafka.consume({ group, topics: ports.rules.topics, onBatch: loop.onBatch, onAssigned: loop.onAssigned });
  return {
    shop: createShop(STOCK, now),
    cache: ports.cache,
    managed: createManagedReader({ store: ports.readers, rules: ports.rules, newToken: randomUUID, sleep }),
    walked: async (tag) => {
      if (await comesTrue(() => isWalked(tag, ports), ports)) return;
      throw new Error(`the index of ${tag} was not walked within ${ports.settleWithinMs} ms`);
    },
    comesTrue: (condition) => comesTrue(condition, ports),
    send: async (record) => {
      const ended = settled.next();
      await kafka.produce([record]);
      return await ended;
    },
    deadLetters: () => ports.readTopic(DEAD_LETTER_TOPIC),
    close: async () => {
      await Promise.all([consumption.stop(), sweeper.stop()]);
      await kafka.close();
      await ports.store.close();
    },
  };
}

function startSweeper({ store, rules, clock }: ScenePorts): Sweeper {
  const quiet = () => undefined;
  const sweeper = createSweeper({
    store,
    rules,
    scheduler: { nowMs: clock.nowMs, sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(quiet) },
    newId: randomUUID,
    events: { stepped: quiet, sweepEnded: quiet, sweepLost: quiet, sweepTrouble: quiet },
  });
  sweeper.start();
  return sweeper;
}

async function isWalked(tag: string, { readers }: ScenePorts): Promise<boolean> {
  const { sweep, next } = await readers.inspectTag(tag);
  return sweep === null && next.length === 0;
}

async function comesTrue(condition: () => Promise<boolean>, { settleWithinMs }: ScenePorts): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < settleWithinMs; waitedMs += LOOK_MS) {
    if (await condition()) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

/** Hands out how events ended. They are sent one at a time, so the next slice to settle is that of the last one sent. */
function createSettled(withinMs: number) {
  let resolve: (outcome: RecordOutcome) => void = () => {};
  return {
    note({ ended: [first] }: SliceReport): void {
      if (first !== undefined) resolve(first);
    },
    next(): Promise<RecordOutcome> {
      return new Promise((settle, reject) => {
        const timer = setTimeout(() => reject(new Error(`the event was not settled within ${withinMs} ms`)), withinMs);
        resolve = (outcome) => {
          clearTimeout(timer);
          settle(outcome);
        };
      });
    },
  };
}
