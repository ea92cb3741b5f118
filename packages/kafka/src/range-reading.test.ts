import { asFreshetError, FreshetError } from "@freshet/protocol";
import { startStopwatch, until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { answerOf, createStubBrokers, type StubLog } from "../tests/stub-brokers.js";
import { ClusterCalls } from "./cluster-calls.js";
import { createKafkajsOffsets } from "./kafkajs-offsets.js";
import { defaultReadingTiming, readRanges } from "./range-reading.js";

const timing = { ...defaultReadingTiming, patienceMs: 600, fetchWaitMs: 1, heartbeatMs: 20, leaveWaitMs: 50 };
const never = new Promise<never>(() => undefined);

function setUp(log: Partial<StubLog> = {}, commitIntervalMs = timing.commitIntervalMs) {
  /** Looks before each connection; none is wrong but these. */
  const checks: (() => Promise<void>)[] = [];
  const batches = [0, 1, 2, 3].map((number) => ({
    first: number * 10,
    last: number * 10 + 9,
    offsets: [number * 10 + 2, number * 10 + 4],
  }));
  const stub = createStubBrokers({ earliest: 0, latest: 40, stable: 40, batches, ...log });
  const calls = new ClusterCalls(stub.kafka, { timing: { callTimeoutMs: 200, patienceMs: 300 }, check: async () => checks.shift()?.() });
  const seen: number[] = [];
  const stop = new AbortController();
  const read = (from: number, to: number, onBatch?: () => Promise<void>) =>
    readRanges(
      {
        group: "g",
        ranges: [{ topic: "t", partition: 0, from, to }],
        onBatch: async ({ records }) => {
          seen.push(...records.map(({ offset }) => offset));
          await onBatch?.();
        },
        stop: stop.signal,
      },
      { calls, timing: { ...timing, commitIntervalMs }, maxBytesPerPartition: 1000 },
    );
  return { stub, calls, checks, seen, stop, read, offsets: createKafkajsOffsets(calls, timing) };
}

const failureOf = (promise: Promise<unknown>): Promise<FreshetError | null> => promise.then(() => null, asFreshetError);

describe("the position of a reading", () => {
  test("comes from what a fetch covered, so that nothing is asked for twice", async () => {
    const { stub, seen, read } = setUp();
    await read(4, 24);
    expect(seen).toEqual([4, 12, 14, 22]);
    expect(stub.committed).toEqual(["4", "24"]);
    expect(stub.asked.filter((request) => request.startsWith("fetch"))).toHaveLength(3);
    expect(stub.asked.at(-1)).toBe("leaveGroup 0");
  });

  test("goes over a hole up to the end of the log, which no fetch ever shows", async () => {
    const { seen, read } = setUp({ batches: [{ first: 0, last: 9, offsets: [1] }] });
    await read(0, 40);
    expect(seen).toEqual([1]);
  });

  test("stays below an open transaction until it ends", async () => {
    const { stub, seen, stop, read } = setUp({ stable: 20 });
    const reading = read(0, 40);
    await until(() => seen.length === 4);
    stub.log.stable = 40;
    await reading;
    expect(seen).toEqual([2, 4, 12, 14, 22, 24, 32, 34]);
    expect(stop.signal.aborted).toBe(false);
  });
});

describe("brokers in trouble", () => {
  test("another one leads the partition: the records come from there", async () => {
    const { stub, seen, read } = setUp();
    await read(0, 30, async () => {
      stub.leader = 2;
    });
    expect(seen).toEqual([2, 4, 12, 14, 22, 24]);
    expect(stub.asked).toContain("fetch 2");
  });

  test("none answers for a while: reading waits, on new connections, and nothing is read twice", async () => {
    const { stub, seen, read } = setUp();
    let left = 2;
    stub.trouble = (request) => {
      if (request === "fetch" && seen.length > 0 && left-- > 0) throw Object.assign(new Error("gone"), { name: "KafkaJSConnectionError" });
    };
    await read(0, 30);
    expect(seen).toEqual([2, 4, 12, 14, 22, 24]);
    expect(stub.clusters).toBe(3);
  });

  test("none answers for long: reading ends with trouble to wait for, and what was handled is committed if it can be", async () => {
    const { stub, seen, read } = setUp();
    stub.trouble = (request) => {
      if (request === "fetch" && seen.length > 0) throw answerOf("LEADER_NOT_AVAILABLE");
    };
    expect(await failureOf(read(0, 30))).toMatchObject({ code: "FR3001", disposition: "wait" });
    expect(stub.committed).toEqual(["0", "10"]);
  });

  test("a call that never settles ends at its deadline", async () => {
    const { stub, calls, offsets, read } = setUp();
    stub.trouble = () => never;
    const watch = startStopwatch();
    for (const call of [
      offsets.offsets(["t"]),
      offsets.offsetsAt(["t"], 0),
      offsets.committed("g", ["t"]),
      offsets.describeGroup("g"),
      offsets.deleteGroup("g"),
      read(0, 10),
    ]) {
      expect(await failureOf(call)).toMatchObject({ code: "FR3001", disposition: "wait" });
    }
    expect(watch.ms).toBeLessThan(8000);
    watch.stop();
    await calls.close();
  });

  test("of another time: the call fails at once, and the next one looks again", async () => {
    const { checks, offsets } = setUp();
    checks.push(() => Promise.reject(new FreshetError("FR3007", "halt", "too old", "Upgrade it.")));
    expect(await failureOf(offsets.offsets(["t"]))).toMatchObject({ code: "FR3007", disposition: "halt" });
    expect(await offsets.offsets(["t"])).toEqual([{ topic: "t", partition: 0, earliest: 0, stable: 40, latest: 40 }]);
  });

  test("the seat is lost in an outage: it is taken again before anything is committed", async () => {
    const { stub, read } = setUp();
    let isLost = false;
    stub.trouble = (request) => {
      if (request !== "offsetCommit" || stub.committed.length === 0 || isLost) return;
      isLost = true;
      throw answerOf("UNKNOWN_MEMBER_ID");
    };
    await read(0, 30);
    expect(stub.committed).toEqual(["0", "30"]);
    expect(stub.asked.filter((request) => request.startsWith("joinGroup"))).toHaveLength(2);
  });

  test("somebody else has taken the seat meanwhile: reading ends", async () => {
    const { stub, read } = setUp();
    stub.trouble = (request) => {
      if (request === "heartbeat") throw answerOf("UNKNOWN_MEMBER_ID");
      if (request === "joinGroup" && stub.committed.length > 0) throw answerOf("INCONSISTENT_GROUP_PROTOCOL");
    };
    const joins = () => stub.asked.filter((request) => request.startsWith("joinGroup")).length;
    const failure = await failureOf(read(0, 30, () => until(() => joins() > 1)));
    expect(failure).toMatchObject({ code: "FR1005", disposition: "usage" });
  });

  test("somebody else has taken the seat while nothing is there to read: reading ends as well", async () => {
    const { stub, read } = setUp({ stable: 20 }, 1);
    const isIdle = () => stub.committed.at(-1) === "20";
    stub.trouble = (request) => {
      if (request === "heartbeat" && isIdle()) throw answerOf("UNKNOWN_MEMBER_ID");
      if (request === "joinGroup" && isIdle()) throw answerOf("INCONSISTENT_GROUP_PROTOCOL");
    };
    expect(await failureOf(read(0, 40))).toMatchObject({ code: "FR1005", disposition: "usage" });
  });
});
