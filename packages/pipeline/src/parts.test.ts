import type { BatchControl } from "@freshet/kafka/port";
import { FreshetError, type KafkaRecord, limits } from "@freshet/protocol";
import { loadRules } from "@freshet/rules";
import type { BustPort } from "@freshet/store/port";
import { describe, expect, test } from "@jest/globals";
import { createLoop } from "./loop.js";
import { type PipelinePorts, runPart, runSlice } from "./pipeline.js";

const RULES = `freshet: 1
limits: { keysPerEvent: 50000 }
sources: [{ topic: t, format: cloudevents, space: p }]
families: { page: { key: "page:{id}", ttl: 1h } }
tags: { brand: { key: "brand:{id}", kind: swept } }
rules:
  - { name: keys, source: t, types: [keys], bust: [{ family: page, forEach: data.ids, with: { id: item } }] }
  - { name: tags, source: t, types: [tags], bust: [{ tag: brand, forEach: data.ids, with: { id: item } }] }
`;
const max = limits.bustsPerSliceMax;

function record(offset: number, count: number, type = "keys"): KafkaRecord {
  const ids = Array.from({ length: count }, (_, at) => `${offset}-${at}`);
  const event = { specversion: "1.0", id: "1", source: "/s", type, subject: `${offset}`, freshetversion: "1", data: { ids } };
  const value = new TextEncoder().encode(JSON.stringify(event));
  return { topic: "t", partition: 0, offset, timestampMs: 0, key: null, value, headers: [] };
}

/** Ports that note how many busts come at once, and which keys. */
function portsOf(failing: { after: number } = { after: Number.POSITIVE_INFINITY }) {
  const { rules } = loadRules(RULES);
  if (rules === null) throw new Error("the rules of the test have findings");
  const calls: number[] = [];
  const keys = new Set<string>();
  const store: BustPort = {
    bust: async (busts) => {
      if (calls.length >= failing.after) throw new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
      calls.push(busts.length);
      for (const { key } of busts) keys.add(key);
      return busts.map(() => "absent");
    },
    preview: async () => [],
    bustTags: async (busts) => {
      calls.push(busts.length);
      for (const { tag } of busts) keys.add(tag);
      return busts.map(() => "pending");
    },
    previewTags: async () => [],
  };
  const ports: PipelinePorts = {
    rules,
    store,
    kafka: { produce: async () => undefined },
    deadLetters: { topic: "dlq", group: "g", rulesHash: "0" },
    now: () => "1970-01-01T00:00:00Z",
  };
  return { ports, calls, keys, failing };
}

const many = Array.from({ length: 10 }, (_, at) => record(at, max / 4));

describe("events with many keys", () => {
  test.each(["keys", "tags"])("are sent as so many %s as may go together", async (type) => {
    const { ports, calls } = portsOf();
    const slice = many.map(({ offset }) => record(offset, max / 4, type));
    const report = await runPart(slice, ports);
    expect([report.records.length, report.mapped.length, report.ended.length]).toEqual([4, 4, 4]);
    expect(calls).toEqual([max]);
  });

  test("go alone when one of them is more than that", async () => {
    const { ports, calls } = portsOf();
    const slice = [record(0, 1), record(1, max + 1), record(2, 1)];
    expect((await runPart(slice, ports)).records.map(({ offset }) => offset)).toEqual([0]);
    expect((await runPart(slice.slice(1), ports)).records.map(({ offset }) => offset)).toEqual([1]);
    expect(calls).toEqual([1, max + 1]);
  });

  test("all end when the whole slice is asked for, and the report is of all", async () => {
    const { ports, calls, keys } = portsOf();
    const report = await runSlice([record(90, 0), ...many, record(91, 3)], ports);
    expect(calls).toEqual([max, max, max / 2 + 3]);
    expect(keys.size).toBe((10 * max) / 4 + 3);
    expect([report.records.length, report.mapped.length, report.ended.length]).toEqual([12, 12, 12]);
    expect([report.busts.length, report.outcomes.length]).toEqual([keys.size, keys.size]);
    expect(report.ended).toEqual(["no_match", ...Array(11).fill("applied")]);
  });
});

describe("dead letters that are large together", () => {
  const large = (offset: number, bytes: number): KafkaRecord => ({ ...record(offset, 1), value: Buffer.alloc(bytes, "x") });
  const sizesOf = async (slice: readonly KafkaRecord[]): Promise<readonly number[]> => {
    const { ports } = portsOf();
    const sizes: number[] = [];
    const kafka = { produce: async (letters: readonly unknown[]) => void sizes.push(letters.length) };
    const report = await runSlice(slice, { ...ports, kafka });
    expect(report.ended).toEqual(slice.map(({ value }) => (value?.[0] === 0x78 ? "dead" : "applied")));
    return sizes;
  };
  const MIB = 1024 * 1024;

  test("are written in rounds, each of which has its own deadline: or a slice of them would never end, and stop its partition", async () => {
    expect(await sizesOf(Array.from({ length: 20 }, (_, at) => large(at, 2 * MIB)))).toEqual([4, 4, 4, 4, 4]);
    expect(await sizesOf([large(0, 9 * MIB), record(1, 1), large(2, 9 * MIB), large(3, 1)])).toEqual([1, 1, 1]);
  });

  test("count by their headers too, each of which takes more than its bytes", async () => {
    const headers = Array.from({ length: 50_000 }, () => ({ name: "", value: null }));
    expect(await sizesOf([0, 1, 2].map((offset) => ({ ...large(offset, 1), headers })))).toEqual([1, 1, 1]);
  });

  test("that are small go together", async () => {
    expect(await sizesOf(Array.from({ length: 200 }, (_, at) => large(at, 1000)))).toEqual([200]);
  });
});

describe("the loop", () => {
  function run(failing?: { after: number }) {
    const world = portsOf(failing);
    const ended: number[] = [];
    const waiting: number[] = [];
    const events = {
      sliceSettled: () => undefined,
      partitionWaiting: ({ offset }: { offset: number }) => void waiting.push(offset),
      partitionResumed: () => undefined,
    };
    const settings = { sliceRecordsMax: 6 };
    const loop = createLoop({ ports: world.ports, events, clock: { nowMs: () => 0 }, settings });
    let isStopping = false;
    const control: BatchControl = {
      ended: (offset) => void ended.push(offset),
      commit: async () => undefined,
      heartbeat: async () => undefined,
      shouldStop: () => isStopping,
    };
    const start = (records = many) => loop.onBatch({ topic: "t", partition: 0, records, highWatermark: 10 }, control);
    const stopAfter = (count: number) => {
      control.ended = (offset) => {
        ended.push(offset);
        isStopping = ended.length >= count;
      };
    };
    return { ...world, ended, waiting, start, stopAfter };
  }

  test("ends what went together, in the order of the partition, and leaves nothing out", async () => {
    const { start, ended, calls, keys } = run();
    await expect(start()).resolves.toEqual({ kind: "done" });
    expect(ended).toEqual([3, 5, 9]);
    expect(Math.max(...calls)).toBe(max);
    expect(keys.size).toBe((10 * max) / 4);
  });

  test("waits from the first record that has not ended when the rest of a slice fails, and goes on from there", async () => {
    const { start, ended, waiting, failing, keys } = run({ after: 2 });
    await expect(start()).resolves.toMatchObject({ kind: "wait" });
    expect([ended, waiting]).toEqual([[3], [4]]);
    failing.after = Number.POSITIVE_INFINITY;
    await expect(start(many.slice(4))).resolves.toEqual({ kind: "done" });
    expect(ended.at(-1)).toBe(9);
    expect(keys.size).toBe((10 * max) / 4);
  });

  test("does not begin the rest of a slice when it is to stop", async () => {
    const { start, stopAfter, ended } = run();
    stopAfter(1);
    await expect(start()).resolves.toEqual({ kind: "done" });
    expect(ended).toEqual([3]);
  });
});
