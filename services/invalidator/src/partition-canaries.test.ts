import type { ProduceRecord } from "@freshet/kafka/port";
import type { SliceReport } from "@freshet/pipeline";
import { FreshetError, type KafkaRecord } from "@freshet/protocol";
import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { flyThroughPartitions } from "./canary-partitions.js";
import { createPartitionCanaries } from "./partition-canaries.js";

const at = { topic: "products", partition: 1 };
const slice = { ...at, highWatermark: 9, durationMs: 1, trace: null };

function setUp() {
  const clock = { ms: 50_000, nowMs: () => clock.ms };
  const canaries = createPartitionCanaries({ deployment: "d", topics: new Set(["products"]), clock });
  return { clock, canaries };
}

/** A slice in which each record is a canary of this deployment, or an event. */
function report(...senders: readonly (string | null)[]): Pick<SliceReport, "records" | "mapped"> {
  const records = senders.map((sender, offset): KafkaRecord => {
    const headers = sender === null ? [] : [{ name: "freshet-canary", value: Buffer.from(sender) }];
    return { ...at, offset, timestampMs: 40_000 + offset * 1000, key: null, value: sender === null ? Buffer.from("x") : null, headers };
  });
  return { records, mapped: senders.map((sender) => ({ kind: sender === null ? "no_match" : "ignored" })) };
}

describe("canaries of partitions", () => {
  test("are waited for from when the partition came, and only of sources that ask for them", () => {
    const { clock, canaries } = setUp();
    canaries.assigned([at, { topic: "orders", partition: 0 }]);
    clock.ms += 7000;
    expect(canaries.seen()).toEqual([{ ...at, ageMs: 7000, tookMs: null }]);
  });

  test("tell when the last of them came, and how long it took", () => {
    const { clock, canaries } = setUp();
    canaries.assigned([at]);
    canaries.sliceSettled(slice, report(null, "d", "d", null, "another"));
    expect(canaries.seen()).toEqual([{ ...at, ageMs: 0, tookMs: 8000 }]);
    clock.ms += 3000;
    canaries.sliceSettled(slice, report(null, "another"));
    canaries.sliceSettled({ ...slice, topic: "orders" }, report("d"));
    expect(canaries.seen()).toEqual([{ ...at, ageMs: 3000, tookMs: 8000 }]);
  });

  test("go on after a rebalance that leaves the partition here, and are forgotten with one that is lost", () => {
    const { clock, canaries } = setUp();
    canaries.assigned([at]);
    clock.ms += 2000;
    canaries.assigned([at, { ...at, partition: 2 }]);
    expect(canaries.seen().map(({ ageMs }) => ageMs)).toEqual([2000, 0]);
    canaries.assigned([{ ...at, partition: 2 }]);
    canaries.sliceSettled(slice, report("d"));
    expect(canaries.seen().map(({ partition }) => partition)).toEqual([2]);
  });
});

describe("the flight through partitions", () => {
  async function fly(failing: number) {
    const sent: (readonly ProduceRecord[])[] = [];
    const failures: number[] = [];
    const stop = new AbortController();
    let places = [at];
    let asked = 0;
    let tries = 0;
    const flying = flyThroughPartitions(
      {
        kafka: {
          produce: async (records) => {
            if (tries++ < failing) throw new FreshetError("FR3001", "wait", "away", "Wait");
            sent.push(records);
          },
        },
        partitions: () => {
          asked++;
          return places;
        },
        deployment: "d",
        sleep: () => new Promise((resolve) => setImmediate(resolve)),
        everyMs: 1,
        onFailure: (_error, count) => failures.push(count),
      },
      stop.signal,
    );
    const end = async () => {
      stop.abort();
      await flying;
    };
    const move = (to: typeof places) => {
      places = to;
    };
    const turns = async (count: number) => {
      const before = asked;
      await until(() => asked >= before + count);
    };
    return { sent, failures, end, move, turns };
  }

  test("sends one to each partition that there is now: no value, and a header that says whose it is", async () => {
    const { sent, end, move, turns } = await fly(0);
    await until(() => sent.length >= 2);
    expect(sent[0]).toEqual([
      { ...at, key: Buffer.from('"freshet-canary"'), value: null, headers: [{ name: "freshet-canary", value: Buffer.from("d") }] },
    ]);
    move([]);
    await turns(3);
    const before = sent.length;
    move([at, { ...at, partition: 5 }]);
    await until(() => sent.length > before && sent.at(-1)?.length === 2);
    expect(sent.at(-1)?.map(({ partition }) => partition)).toEqual([1, 5]);
    expect(sent.filter((records) => records.length === 0)).toEqual([]);
    await end();
  });

  test("tells of what cannot be sent, and goes on", async () => {
    const { sent, failures, end } = await fly(3);
    await until(() => sent.length >= 1);
    expect(failures).toEqual([1, 2, 3]);
    await end();
  });
});
