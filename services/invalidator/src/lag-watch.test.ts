import { type Consumption, createMemoryLog, type KafkaPort } from "@freshet/kafka";
import type { WaitingPartition } from "@freshet/pipeline";
import { until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { createLag } from "./lag.js";
import { createLagWatch } from "./lag-watch.js";

const at = { topic: "t", partition: 0 };
const running: Consumption[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((consumption) => consumption.stop()));
});

async function setUp({ partitions = 1, wrap = (kafka: KafkaPort): KafkaPort => kafka } = {}) {
  const clock = { ms: 1_000_000, nowMs: () => clock.ms };
  const log = createMemoryLog({ clock });
  const port = log.client();
  await port.createTopics([{ topic: "t", partitions, replicationFactor: -1, config: {} }]);
  const lag = createLag(clock);
  const waiting: WaitingPartition[] = [];
  const options = { group: "g", topics: ["t"], lag, waiting: () => waiting, clock };
  const watch = createLagWatch({ ...options, kafka: wrap(port) });
  let paused = false;
  /** Consumes as the service does. */
  const consume = async (): Promise<Consumption> => {
    const consumption = await port.consume({
      group: "g",
      topics: ["t"],
      onAssigned: lag.assigned,
      onBatch: async (batch, control) => {
        lag.batchArrived(batch);
        if (!paused) {
          const records = batch.records.slice();
          control.ended(records.at(-1)?.offset ?? -1);
          lag.sliceSettled(batch, records);
        }
        lag.batchEnded(batch);
        return { kind: "done" };
      },
    });
    running.push(consumption);
    return consumption;
  };
  const produce = (count: number) =>
    port.produce(Array.from({ length: count }, () => ({ topic: "t", key: null, value: null, headers: [] })));
  const reading = async () => {
    await watch.refresh();
    return watch.readings()[0];
  };
  const pass = (ms: number): void => {
    clock.ms += ms;
  };
  const applied = (offset: number) => until(() => log.committed("g", at) === offset);
  const pause = (is: boolean): void => {
    paused = is;
  };
  return { log, port, watch, waiting, consume, produce, reading, pass, applied, pause, lag, clock };
}

describe("the age of the oldest record that is not applied", () => {
  test("is true while consuming, idle, paused and dead", async () => {
    const { consume, produce, reading, pass, applied, pause } = await setUp();
    const consumption = await consume();
    await produce(5);
    await applied(5);
    expect(await reading()).toMatchObject({ state: "caught_up", records: 0, oldestAgeMs: 0 });
    pass(3_600_000);
    expect(await reading()).toMatchObject({ state: "caught_up", records: 0, oldestAgeMs: 0 });
    pause(true);
    await produce(2);
    pass(700);
    expect(await reading()).toMatchObject({ state: "consuming", records: 2, oldestAgeMs: 700 });
    pass(1300);
    await produce(1);
    pass(1000);
    expect(await reading()).toMatchObject({ records: 3, oldestAgeMs: 3000 });
    await consumption.stop();
    pass(90_000);
    expect(await reading()).toMatchObject({ state: "dead", records: 3, oldestAgeMs: 93_000 });
    pause(false);
    await consume();
    await applied(8);
    pass(1000);
    expect(await reading()).toMatchObject({ state: "caught_up", records: 0, oldestAgeMs: 0 });
  });

  test("of records that nobody has fetched is known from the brokers", async () => {
    const { produce, reading, pass } = await setUp();
    await produce(4);
    pass(2500);
    expect(await reading()).toMatchObject({ state: "no_commits", records: 4, oldestAgeMs: 2500 });
  });

  test("of partitions that another process has is told as well", async () => {
    const { port, lag, produce, watch, pass, consume, clock } = await setUp({ partitions: 2 });
    let isSlow = false;
    const other = await port.consume({
      group: "g",
      topics: ["t"],
      onBatch: async (batch, control) => {
        if (!isSlow) control.ended(batch.records.at(-1)?.offset ?? -1);
        return { kind: "done" };
      },
    });
    running.push(other);
    await consume();
    await until(() => lag.assignedCount === 1);
    isSlow = true;
    await produce(6);
    pass(4000);
    await until(async () => {
      await watch.refresh();
      clock.ms += 501; // the next look is a new one
      return watch.readings().filter(({ records }) => records === 0).length === 1;
    });
    const behind = watch.readings().find(({ records }) => records !== 0);
    expect(behind).toMatchObject({ records: 3, state: "consuming" });
    expect(behind?.oldestAgeMs).toBeGreaterThanOrEqual(4000);
  });

  test("is 0 where only control records follow", async () => {
    const { log, consume, produce, reading, pass, applied } = await setUp();
    const consumption = await consume();
    await produce(3);
    await applied(3);
    await consumption.stop();
    log.skip(at, 2);
    pass(60_000);
    expect(await reading()).toMatchObject({ state: "caught_up", records: 0, oldestAgeMs: 0 });
  });

  test("is that of a hanging transaction, which is told", async () => {
    const { log, consume, produce, reading, pass, applied } = await setUp();
    await consume();
    await produce(1);
    await applied(1);
    log.openTransaction(at);
    await produce(3);
    pass(100_000);
    expect(await reading()).toMatchObject({ state: "hanging_transaction", records: 0, openRecords: 3, oldestAgeMs: 100_000 });
  });

  test("of a partition that waits is told with the reason", async () => {
    const { waiting, consume, produce, reading, pass, pause, lag } = await setUp();
    pause(true);
    await consume();
    await produce(2);
    await until(() => lag.hasWork());
    const wait = { ...at, code: "FR2001", problem: "Redis is away", fix: "f", disposition: "wait", sinceMs: 0, attempts: 3 } as const;
    waiting.push({ ...wait, offset: 0, timestampMs: 0 });
    pass(5000);
    expect(await reading()).toMatchObject({ state: "waiting", reason: "FR2001: Redis is away", records: 2, oldestAgeMs: 5000 });
  });
});

describe("brokers that do not answer", () => {
  test("hold nobody up, and ages go on growing", async () => {
    let isSilent = false;
    const wrap = (kafka: KafkaPort): KafkaPort => ({
      ...kafka,
      committed: (group, topics) => (isSilent ? new Promise(() => undefined) : kafka.committed(group, topics)),
    });
    const { produce, reading, pass, watch } = await setUp({ wrap });
    await produce(1);
    expect(watch.observedMs).toBe(0);
    expect(await reading()).toMatchObject({ oldestAgeMs: 0, records: 1 });
    isSilent = true;
    pass(30_000);
    const began = performance.now();
    expect(await reading()).toMatchObject({ oldestAgeMs: 30_000, records: 1 });
    expect(performance.now() - began).toBeLessThan(30_000); // they never answer
    expect(watch.observedMs).toBe(1_000_000);
  });

  test("are believed for three looks that nothing is behind, and then nobody knows", async () => {
    let isAway = false;
    const wrap = (kafka: KafkaPort): KafkaPort => ({
      ...kafka,
      offsets: (topics) => (isAway ? Promise.reject(new Error("away")) : kafka.offsets(topics)),
    });
    const { consume, produce, reading, pass, applied, watch } = await setUp({ wrap });
    await consume();
    await produce(2);
    await applied(2);
    expect(await reading()).toMatchObject({ oldestAgeMs: 0, records: 0, state: "caught_up" });
    isAway = true;
    pass(14_999);
    expect(await reading()).toMatchObject({ oldestAgeMs: 0, records: 0, state: "caught_up" });
    expect(watch.isBlind).toBe(false);
    pass(1);
    expect(await reading()).toMatchObject({ oldestAgeMs: null, records: null, openRecords: null, state: "unknown" });
    expect(watch.isBlind).toBe(true);
    isAway = false;
    expect(await reading()).toMatchObject({ oldestAgeMs: 0, records: 0, openRecords: 0, state: "caught_up" });
    expect(watch.isBlind).toBe(false);
  });

  test("leave what is known to be behind to age, beside what nobody knows", async () => {
    let isAway = false;
    const wrap = (kafka: KafkaPort): KafkaPort => ({
      ...kafka,
      offsets: (topics) => (isAway ? Promise.reject(new Error("away")) : kafka.offsets(topics)),
    });
    const { port, reading, pass, watch } = await setUp({ wrap, partitions: 2 });
    await port.produce([{ topic: "t", key: null, value: null, headers: [], partition: 1 }]);
    await reading();
    isAway = true;
    pass(70_000);
    await reading();
    expect(watch.readings()).toMatchObject([
      { partition: 0, oldestAgeMs: null, state: "unknown" },
      { partition: 1, oldestAgeMs: 70_000, records: 1, state: "no_commits" },
    ]);
  });

  test("that never told leave nothing to believe, of a partition this process has", async () => {
    const wrap = (kafka: KafkaPort): KafkaPort => ({ ...kafka, offsets: () => Promise.reject(new Error("away")) });
    const { consume, reading, pass, lag, watch } = await setUp({ wrap });
    expect(await reading()).toBeUndefined();
    expect([watch.topics, watch.isBlind]).toEqual([["t"], false]);
    await consume();
    await until(() => lag.assignedCount === 1);
    expect(await reading()).toMatchObject({ oldestAgeMs: null, records: null, state: "unknown" });
    pass(15_000);
    expect([watch.isBlind, watch.observedMs]).toEqual([true, 0]);
  });

  test("do not keep a record old that was applied since they last did", async () => {
    let isSilent = false;
    const wrap = (kafka: KafkaPort): KafkaPort => ({
      ...kafka,
      committed: (group, topics) => (isSilent ? new Promise(() => undefined) : kafka.committed(group, topics)),
    });
    const { consume, produce, reading, pass, applied } = await setUp({ wrap });
    await produce(2);
    pass(30_000);
    expect(await reading()).toMatchObject({ oldestAgeMs: 30_000, records: 2 });
    isSilent = true;
    await consume();
    await applied(2);
    pass(1000);
    expect(await reading()).toMatchObject({ oldestAgeMs: 0, records: 0, state: "caught_up" });
  });

  test("before their first answer leave what this process knows", async () => {
    const wrap = (kafka: KafkaPort): KafkaPort => ({ ...kafka, offsets: () => Promise.reject(new Error("away")) });
    const { consume, produce, reading, pass, pause, lag } = await setUp({ wrap });
    pause(true);
    await consume();
    await produce(2);
    await until(() => lag.hasWork());
    pass(4000);
    expect(await reading()).toMatchObject({ records: 2, oldestAgeMs: 4000, state: "consuming" });
  });
});
