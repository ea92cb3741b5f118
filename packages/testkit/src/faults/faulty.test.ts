import { createMemoryLog, type ProduceRecord } from "@freshet/kafka";
import type { EntrySpec, KeyBust } from "@freshet/protocol";
import { createMemoryStore } from "@freshet/store";
import { expect, test } from "@jest/globals";
import { createClock, createRng, type FaultPlan, faultyKafka, faultyStore, until } from "../index.js";

const entry: EntrySpec = { kind: "opaque", versionField: "", onUnversioned: "bust", gate: false, floorTtlMs: 1000, staleTtlMs: 0 };
const keys = ["a", "b", "c", "d"];
const busts: readonly KeyBust[] = keys.map((key) => ({
  target: "key",
  key,
  family: "f",
  entry,
  subject: "s/1",
  version: null,
  spaceKind: "counter",
  mode: "hard",
  rule: "r",
}));

/** What became of the four entries and of the call, under a plan that always does the same. */
async function bustUnder(plan: Omit<FaultPlan, "rng" | "onFault">): Promise<{ left: string[]; isFailed: boolean; told: string[] }> {
  const store = createMemoryStore({ nowUs: () => 0 });
  for (const key of keys) await store.seed.putOpaque(key, { value: "v" });
  const told: string[] = [];
  const faulty = faultyStore(store, { ...plan, rng: createRng(42), onFault: (what) => told.push(what) });
  const isFailed = await faulty.bust(busts).then(
    () => false,
    (error: unknown) => {
      expect(error).toMatchObject({ disposition: "wait" });
      return true;
    },
  );
  const left: string[] = [];
  for (const key of keys) if (await store.seed.has(key)) left.push(key);
  return { left, isFailed, told };
}

test("before: nothing was done", async () => {
  expect(await bustUnder({ before: 1 })).toEqual({ left: keys, isFailed: true, told: ["bust before"] });
});

test("after: all was done, and the caller is told that it failed", async () => {
  expect(await bustUnder({ after: 1 })).toEqual({ left: [], isFailed: true, told: ["bust after"] });
});

test("partly: some was done", async () => {
  const { left, isFailed } = await bustUnder({ partly: 1 });
  expect(isFailed).toBe(true);
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(keys.length);
});

test("without chances nothing fails", async () => {
  expect(await bustUnder({})).toEqual({ left: [], isFailed: false, told: [] });
});

test("every call of a store can fail, but probing and closing", async () => {
  const told: string[] = [];
  const store = createMemoryStore({ nowUs: () => 0 });
  const faulty = faultyStore(store, { rng: createRng(1), before: 1, onFault: (what) => told.push(what) });
  const calls = Object.entries(faulty).filter(([name]) => name !== "probe" && name !== "close");
  for (const [name, call] of calls) {
    const run = call as (...given: unknown[]) => Promise<unknown>;
    await expect(run([], [])).rejects.toThrow("an injected fault");
    expect(told.pop()).toBe(`${name} before`);
  }
  const ofStore = Object.keys(store).filter((name) => name !== "seed" && name !== "readText");
  expect(Object.keys(faulty).sort()).toEqual(ofStore.sort());
  expect(await faulty.probe()).toEqual([]);
});

test("a seed repeats its faults", async () => {
  const run = async (seed: number) => {
    const told: string[] = [];
    const store = createMemoryStore({ nowUs: () => 0 });
    const faulty = faultyStore(store, { rng: createRng(seed), before: 0.2, partly: 0.2, after: 0.2, onFault: (what) => told.push(what) });
    for (let n = 0; n < 50; n++) await faulty.bust(busts).catch(() => told.push("failed"));
    return told;
  };
  const first = await run(1);
  expect(await run(1)).toEqual(first);
  expect(new Set(first)).toEqual(new Set(["bust before", "bust partly", "bust after", "failed"]));
});

test("a produce whose answer is lost has appended; a commit that fails is seen by the handler", async () => {
  const clock = createClock();
  const log = createMemoryLog({ clock });
  const told: string[] = [];
  const port = faultyKafka(log.client(), { rng: createRng(1), after: 1, onFault: (what) => told.push(what) });
  const record: ProduceRecord = { topic: "t", key: null, value: Buffer.from("v"), headers: [] };
  await expect(port.createTopics([{ topic: "t", partitions: 1, replicationFactor: 1, config: {} }])).rejects.toThrow("injected");
  await expect(port.produce([record])).rejects.toThrow("injected");
  expect(log.records("t")).toHaveLength(1);

  const failures: unknown[] = [];
  await port.consume({
    group: "g",
    topics: ["t"],
    onBatch: async (batch, control) => {
      control.ended(batch.records.at(-1)?.offset ?? -1);
      await control.commit().catch((error: unknown) => failures.push(error));
      return { kind: "done" };
    },
  });
  await until(() => failures.length === 1, { what: "the commit failed" });
  await port.close();
  expect(log.committed("g", { topic: "t", partition: 0 })).toBe(1);
  expect(told).toEqual(["createTopics after", "produce after", "commit after"]);
});
