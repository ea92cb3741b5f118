import { FreshetError } from "@freshet/protocol";
import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { brokerError, createStubCluster, type StubScript } from "../tests/stub-cluster.js";
import { done, type StubHandler, startOn } from "../tests/stub-consumption.js";

/** What a handler does with one batch, and what the broker does at the next commit. */
interface Move {
  /** Share of the batch that is ended, in tenths; more than ten is said twice. */
  readonly ends: number;
  readonly does: "done" | "wait" | "throw" | "commit" | "commit twice";
  readonly broker: "well" | "rebalance" | "crash";
}

const moves = fc.array(
  fc.record<Move>({
    ends: fc.integer({ min: 0, max: 12 }),
    does: fc.constantFrom("done", "wait", "throw", "commit", "commit twice"),
    broker: fc.constantFrom("well", "well", "well", "well", "rebalance", "crash"),
  }),
  { minLength: 5, maxLength: 40 },
);

const END = 40;
const partitions = [0, 1];
const error = new FreshetError("FR2001", "wait", "Redis is away", "Wait.");

/** Plays the moves; what was left open never lies below a committed offset, and in the end everything has ended. */
async function play(schedule: readonly Move[]): Promise<void> {
  const left = [...schedule];
  const endedThrough = new Map<number, number>();
  const beyond: string[] = [];
  let broker: Move["broker"] = "well";
  const script: StubScript = {
    partitions,
    end: END,
    batch: 7,
    onCommit: (commit) => {
      for (const [partition, offset] of commit.offsets) {
        if (offset > (endedThrough.get(partition) ?? -1) + 1) beyond.push(`${partition}:${offset}`);
      }
      const now = broker;
      broker = "well";
      if (now === "rebalance") throw brokerError("REBALANCE_IN_PROGRESS");
      if (now === "crash") throw new TypeError("a broken coordinator");
    },
  };
  const handler: StubHandler = async (batch, control) => {
    const move = left.shift() ?? { ends: 10, does: "commit", broker: "well" };
    broker = move.broker;
    const count = Math.min(batch.records.length, Math.ceil((batch.records.length * move.ends) / 10));
    for (const record of batch.records.slice(0, count)) {
      endedThrough.set(batch.partition, Math.max(record.offset, endedThrough.get(batch.partition) ?? -1));
      control.ended(record.offset);
      if (move.ends > 10) control.ended(record.offset - 1);
    }
    if (move.does === "throw") throw new RangeError("a handler's own fault");
    if (move.does === "wait") return { kind: "wait", error, retryAfterMs: 1 };
    if (move.does !== "done") await control.commit();
    if (move.does === "commit twice") await control.commit();
    return done;
  };
  const cluster = createStubCluster(script);
  const consumption = startOn(cluster, handler);
  try {
    await until(() => partitions.every((partition) => cluster.stored.get(partition) === END), { pollMs: 2 });
    expect(beyond).toEqual([]);
    expect(partitions.map((partition) => endedThrough.get(partition))).toEqual([END - 1, END - 1]);
  } finally {
    await consumption.stop();
  }
}

describe("whatever handlers and brokers do", () => {
  test("no offset is committed beyond what has ended, and the end is reached", async () => {
    await fc.assert(fc.asyncProperty(moves, play), { numRuns: 100, verbose: 1, endOnFailure: true });
  }, 180_000);
});
