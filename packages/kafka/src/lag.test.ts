import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { judgeLag, type LagObservation, needsAttention, type ObservedPartition, observeLag } from "./lag.js";
import { createMemoryLog } from "./memory-log.js";
import type { Consumption } from "./port.js";

const at = { topic: "t", partition: 0 };
const staleAfterMs = 60_000;

async function setUp() {
  const clock = { ms: 1_000_000, nowMs: () => clock.ms };
  const log = createMemoryLog({ clock });
  const port = log.client();
  await port.createTopics([{ topic: "t", partitions: 1, replicationFactor: -1, config: {} }]);
  const produce = (count: number) =>
    port.produce(Array.from({ length: count }, () => ({ topic: "t", key: null, value: null, headers: [] })));
  let paused = false;
  const consume = (): Promise<Consumption> =>
    port.consume({
      group: "g",
      topics: ["t"],
      onBatch: async (batch, control) => {
        if (!paused) control.ended(batch.records.at(-1)?.offset ?? -1);
        return { kind: "done" };
      },
    });
  const look = () => observeLag(port, { group: "g", topics: ["t"] }, clock);
  const lag = async (before?: LagObservation) => judgeLag(await look(), { nowMs: clock.ms, staleAfterMs, ...(before && { before }) })[0];
  const settled = (offset: number): Promise<void> => until(() => log.committed("g", at) === offset);
  const pause = (): void => {
    paused = true;
  };
  return { clock, log, port, produce, consume, look, lag, settled, pause };
}

describe("lag in seconds is the age of the oldest record that is not applied", () => {
  test("while idle: none", async () => {
    const { clock, produce, consume, lag, settled } = await setUp();
    const consumption = await consume();
    await produce(5);
    await settled(5);
    clock.ms += 3_600_000;
    expect(await lag()).toMatchObject({ state: "caught_up", records: 0, ageMs: 0, openRecords: 0 });
    await consumption.stop();
  });

  test("while paused: it grows, and what does not move is stuck", async () => {
    const { clock, produce, consume, lag, look, settled, pause } = await setUp();
    const consumption = await consume();
    await produce(2);
    await settled(2);
    pause();
    clock.ms += 500;
    await produce(3);
    clock.ms += 700;
    expect(await lag()).toMatchObject({ state: "consuming", records: 3, ageMs: 700 });
    const before = await look();
    clock.ms += 90_000;
    expect(await lag(before)).toMatchObject({ state: "stuck", records: 3, ageMs: 90_700 });
    await consumption.stop();
  });

  test("while nobody consumes", async () => {
    const { clock, produce, consume, lag, settled } = await setUp();
    expect(await lag()).toMatchObject({ state: "caught_up", records: 0, ageMs: 0 });
    await produce(1);
    clock.ms += 2500;
    expect(await lag()).toMatchObject({ state: "no_commits", records: 1, ageMs: 2500, committed: null });
    const consumption = await consume();
    await settled(1);
    await consumption.stop();
    expect(await lag()).toMatchObject({ state: "caught_up", committed: 1 });
    await produce(4);
    clock.ms += 1250;
    expect(await lag()).toMatchObject({ state: "dead", records: 4, ageMs: 1250 });
  });

  test("counts no control records", async () => {
    const { clock, log, produce, consume, lag, settled } = await setUp();
    const consumption = await consume();
    await produce(2);
    await settled(2);
    await consumption.stop();
    log.skip(at, 3);
    clock.ms += 1_000_000;
    expect(await lag()).toMatchObject({ state: "caught_up", records: 0, ageMs: 0, stable: 5, committed: 2 });
  });

  test("is that of an open transaction where nothing else is behind; one that is old is told", async () => {
    const { clock, log, produce, consume, lag, settled } = await setUp();
    const consumption = await consume();
    await produce(2);
    await settled(2);
    const commit = log.openTransaction(at);
    await produce(3);
    clock.ms += 4000;
    expect(await lag()).toMatchObject({ state: "caught_up", records: 0, openRecords: 3, ageMs: 4000 });
    clock.ms += 60_000;
    const hanging = await lag();
    expect(hanging).toMatchObject({ state: "hanging_transaction", records: 0, openRecords: 3, ageMs: 64_000, stable: 2, latest: 5 });
    expect(hanging?.reason).toContain("offset 2");
    commit();
    await settled(5);
    expect(await lag()).toMatchObject({ state: "caught_up", openRecords: 0, ageMs: 0 });
    await consumption.stop();
  });

  test("tells of records that were deleted before they were applied", async () => {
    const { log, produce, consume, lag, settled } = await setUp();
    const consumption = await consume();
    await produce(2);
    await settled(2);
    await consumption.stop();
    await produce(8);
    log.trim(at, 6);
    expect(await lag()).toMatchObject({ state: "hole", records: 4, earliest: 6, committed: 2 });
  });
});

describe("the state of a partition", () => {
  const partition: ObservedPartition = {
    ...at,
    earliest: 0,
    latest: 100,
    stable: 100,
    committed: 40,
    oldest: { offset: 40, timestampMs: 900_000 },
    open: null,
  };
  const judge = (changes: Partial<ObservedPartition>, members = 1, group: LagObservation["group"]["state"] = "stable") => {
    const observation: LagObservation = {
      atMs: 1_000_000,
      group: { group: "g", state: group, members },
      partitions: [{ ...partition, ...changes }],
      missing: [],
    };
    const before = { ...observation, partitions: [{ ...partition, committed: 30 }] };
    const [lag] = judgeLag(observation, { nowMs: 1_000_000, staleAfterMs, before });
    return lag;
  };

  test.each([
    ["consuming", {}, 1, "stable"],
    ["stuck", { committed: 30, oldest: { offset: 30, timestampMs: 900_000 } }, 1, "stable"],
    ["dead", {}, 0, "empty"],
    ["dead", {}, 0, "missing"],
    ["waiting", {}, 2, "rebalancing"],
    ["hole", { committed: 120 }, 1, "stable"],
    ["hole", { earliest: 41 }, 0, "empty"],
    ["unknown", { committed: 30, oldest: "unknown" as const }, 1, "stable"],
    ["no_commits", { committed: null }, 0, "missing"],
    ["hanging_transaction", { stable: 40, oldest: null, open: { offset: 40, timestampMs: 1 } }, 1, "stable"],
    ["caught_up", { committed: 100, oldest: null }, 1, "stable"],
  ] as const)("is %s of %j with %i members, %s", (state, changes, members, group) => {
    const lag = judge(changes, members, group);
    expect(lag).toMatchObject({ state });
    expect(lag?.reason.length).toBeGreaterThan(10);
  });

  test("asks for attention unless it is caught up or soon will be", () => {
    const of = (changes: Partial<ObservedPartition>, members = 1): boolean => {
      const lag = judge(changes, members);
      return lag !== undefined && needsAttention(lag, staleAfterMs);
    };
    expect(of({ committed: 100, oldest: null })).toBe(false);
    expect(of({ oldest: { offset: 40, timestampMs: 999_000 } })).toBe(false);
    expect(of({})).toBe(true); // it moves, and what it applies is old
    expect(of({}, 0)).toBe(true);
  });

  test("has no age where records have no time", () => {
    expect(judge({ oldest: { offset: 40, timestampMs: -1 } })).toMatchObject({ ageMs: null, records: 60 });
    expect(judge({ oldest: { offset: 40, timestampMs: 2_000_000 } })).toMatchObject({ ageMs: 0 });
  });
});
