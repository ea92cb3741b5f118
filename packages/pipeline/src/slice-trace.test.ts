import type { BatchControl } from "@freshet/kafka/port";
import { FreshetError, type KafkaRecord } from "@freshet/protocol";
import { loadRules } from "@freshet/rules";
import type { BustPort } from "@freshet/store/port";
import { expect, test } from "@jest/globals";
import { createLoop, type SettledSlice } from "./loop.js";
import type { SliceTracer } from "./slice-trace.js";

const RULES = `freshet: 1
sources: [{ topic: t, format: cloudevents, space: p }]
families: { page: { key: "page:{id}", ttl: 1h } }
rules: [{ name: r, source: t, bust: [{ family: page, with: { id: subject } }] }]
`;
const gone = new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
const control: BatchControl = {
  ended: () => undefined,
  commit: async () => undefined,
  heartbeat: async () => undefined,
  shouldStop: () => false,
};

function record(offset: number): KafkaRecord {
  const event = { specversion: "1.0", id: "1", source: "/s", type: "changed", subject: `${offset}`, freshetversion: "1" };
  const value = new TextEncoder().encode(JSON.stringify(event));
  return { topic: "t", partition: 0, offset, timestampMs: 0, key: null, value, headers: [] };
}

/** A loop of slices of two, whose tracer notes what it hears of each, by its first offset. */
function setUp(bust: BustPort["bust"], deadlineMs = 5000) {
  const { rules } = loadRules(RULES);
  if (rules === null) throw new Error("the rules of the test have findings");
  const heard: string[] = [];
  const settled: SettledSlice[] = [];
  const tracer: SliceTracer = {
    begin: (records) => {
      const at = records[0]?.offset;
      heard.push(`${at} begins`);
      return {
        step: async (step, work) => {
          heard.push(`${at} ${step}`);
          return await work();
        },
        ended: ({ ended }) => void heard.push(`${at} ${ended.join(" ")}`),
        failed: ({ code }) => void heard.push(`${at} ${code}`),
        context: { traceId: "a", spanId: `${at}` },
      };
    },
  };
  const loop = createLoop({
    ports: {
      rules,
      store: { bust, preview: async () => [], bustTags: async () => [], previewTags: async () => [] },
      kafka: { produce: async () => undefined },
      deadLetters: { topic: "dlq", group: "g", rulesHash: "0" },
      now: () => "1970-01-01T00:00:00Z",
    },
    events: {
      sliceSettled: (_report, slice) => void settled.push(slice),
      partitionWaiting: () => undefined,
      partitionResumed: () => undefined,
    },
    clock: { nowMs: () => 0 },
    settings: { sliceRecordsMax: 2, sliceDeadlineMs: deadlineMs },
    tracer,
  });
  const records = [record(0), record(1), record(2), record(3)];
  const run = () => loop.onBatch({ topic: "t", partition: 0, records, highWatermark: 4 }, control);
  const of = (at: number) => heard.filter((line) => line.startsWith(`${at} `));
  return { run, of, settled };
}

test("each slice is followed step by step to its end, and its place is told with its numbers", async () => {
  const { run, of, settled } = setUp(async (busts) => busts.map(() => "removed"));
  await run();
  expect(of(0)).toEqual(["0 begins", "0 match", "0 apply", "0 settle", "0 applied applied"]);
  expect(of(2)).toEqual(["2 begins", "2 match", "2 apply", "2 settle", "2 applied applied"]);
  expect(settled.map(({ trace }) => trace)).toEqual([
    { traceId: "a", spanId: "0" },
    { traceId: "a", spanId: "2" },
  ]);
});

test("a slice that fails ends there, and so does the one that was begun behind it", async () => {
  const { run, of, settled } = setUp(async () => {
    throw gone;
  });
  await expect(run()).resolves.toMatchObject({ kind: "wait" });
  for (const at of [0, 2]) expect(of(at)).toEqual([`${at} begins`, `${at} match`, `${at} apply`, `${at} FR2001`]);
  expect(settled).toEqual([]);
});

test("a slice that takes too long ends when its time is over", async () => {
  const { run, of } = setUp(() => new Promise(() => undefined), 20);
  await expect(run()).resolves.toMatchObject({ kind: "wait" });
  expect(of(0).at(-1)).toBe("0 FR3004");
});
