import type { KafkaRecord } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { EachBatchPayload } from "kafkajs";
import { brokerError, timeoutError } from "../tests/stub-cluster.js";
import { runBatch } from "./batch-run.js";
import { type ConsumptionState, createConsumptionState, defaultTiming, join } from "./consumption-state.js";
import { FlatMessages } from "./fetch-decoder.js";
import type { BatchControl, BatchEnd } from "./port.js";

/** One thing that a handler does, or that happens to it. */
type Step =
  | { readonly kind: "ended"; readonly offset: number }
  | { readonly kind: "commit" | "heartbeat"; readonly answer: "well" | "rebalance" | "timeout" | "bug" }
  | { readonly kind: "rejoin"; readonly keeps: boolean }
  | { readonly kind: "yield" };

interface Schedule {
  readonly count: number;
  /** Offsets behind the last record that are no records. */
  readonly tail: number;
  readonly steps: readonly Step[];
  readonly end: "done" | "wait" | "throw";
  /** The handler's last steps come after its deadline. */
  readonly late: boolean;
  readonly commitsRarely: boolean;
}

const FIRST = 100;
const answer = fc.constantFrom("well", "well", "well", "rebalance", "timeout", "bug" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("ended" as const), offset: fc.integer({ min: FIRST - 2, max: FIRST + 12 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("commit" as const, "heartbeat" as const), answer }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rejoin" as const), keeps: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: "yield" as const }) },
);
const schedules: fc.Arbitrary<Schedule> = fc.record({
  count: fc.integer({ min: 1, max: 10 }),
  tail: fc.integer({ min: 0, max: 2 }),
  steps: fc.array(step, { maxLength: 12 }),
  end: fc.constantFrom("done", "done", "wait", "throw" as const),
  late: fc.integer({ min: 0, max: 19 }).map((dice) => dice === 0),
  commitsRarely: fc.boolean(),
});

const at = { topic: "t", partition: 0 };
const waiting: BatchEnd = { kind: "wait", error: Object.assign(new Error("away"), { code: "FR2001" }) as never, retryAfterMs: 60_000 };
const failures = { rebalance: () => brokerError("REBALANCE_IN_PROGRESS"), timeout: timeoutError, bug: () => new TypeError("a bug") };

/** What kafkajs would do with the offsets of one batch. */
class Offsets {
  resolved = FIRST;
  stored = FIRST;
  readonly commits: { readonly offset: number; readonly generation: number }[] = [];
  next: keyof typeof failures | "well" = "well";
  /** The generation that the broker knows. */
  generation = 1;

  answer(): void {
    const now = this.next;
    this.next = "well";
    if (now !== "well") throw failures[now]();
  }

  payload(schedule: Schedule): EachBatchPayload {
    const records = Array.from({ length: schedule.count }, (_, index): KafkaRecord => {
      return { ...at, offset: FIRST + index, timestampMs: 0, key: null, value: null, headers: [] };
    });
    const last = FIRST + schedule.count - 1 + schedule.tail;
    const batch = {
      ...at,
      highWatermark: String(last + 1000),
      fetchedOffset: String(FIRST),
      messages: [new FlatMessages(records, last)],
      lastOffset: () => String(last),
    };
    const payload: Partial<EachBatchPayload> = {
      batch: batch as never,
      resolveOffset: (offset) => {
        this.resolved = Number(offset) + 1;
      },
      uncommittedOffsets: () =>
        this.resolved === this.stored
          ? { topics: [] }
          : { topics: [{ topic: "t", partitions: [{ partition: 0, offset: String(this.resolved) }] }] },
      commitOffsetsIfNecessary: async (offsets) => {
        this.answer();
        this.stored = Number(offsets?.topics[0]?.partitions[0]?.offset);
        this.commits.push({ offset: this.stored, generation: this.generation });
      },
      heartbeat: async () => this.answer(),
    };
    return payload as EachBatchPayload;
  }
}

async function play(schedule: Schedule): Promise<void> {
  const offsets = new Offsets();
  const lastRecord = FIRST + schedule.count - 1;
  let endedThrough = FIRST - 1;
  let isLate = false;
  let finish = (): void => undefined;
  let handled: Promise<BatchEnd> = Promise.resolve({ kind: "done" });
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const handle = async (control: BatchControl): Promise<BatchEnd> => {
    const half = schedule.late ? Math.floor(schedule.steps.length / 2) : schedule.steps.length;
    await take(schedule.steps.slice(0, half), control);
    if (schedule.late) {
      await finished;
      isLate = true;
    }
    await take(schedule.steps.slice(half), control);
    if (schedule.end === "throw") throw new RangeError("a handler's own fault");
    return schedule.end === "wait" ? waiting : { kind: "done" };
  };
  const take = async (steps: readonly Step[], control: BatchControl): Promise<void> => {
    for (const one of steps) await doStep(one, control);
  };
  const doStep = async (one: Step, control: BatchControl): Promise<void> => {
    if (one.kind === "yield") return await Promise.resolve();
    if (one.kind === "rejoin") {
      offsets.generation++;
      offsets.resolved = offsets.stored; // kafkajs begins with what is committed
      return join(state, one.keeps ? [at] : []);
    }
    if (one.kind === "ended") {
      if (!isLate && offsets.generation === 1) endedThrough = Math.max(endedThrough, Math.min(one.offset, lastRecord));
      return control.ended(one.offset);
    }
    offsets.next = one.answer;
    await control[one.kind]().catch((error: unknown) => {
      if (one.answer === "rebalance") throw error; // as handlers are asked to
    });
  };

  const state: ConsumptionState = createConsumptionState(
    {
      group: "g",
      topics: ["t"],
      onBatch: (_batch, control) => {
        handled = handle(control);
        return handled;
      },
    },
    { ...defaultTiming, batchDeadlineMs: schedule.late ? 1 : 10_000, commitIntervalMs: schedule.commitsRarely ? 1e9 : 0 },
    { nowMs: () => Date.now() },
  );
  join(state, [at]);
  const thrown = await runBatch(offsets.payload(schedule), state).catch((error: unknown) => error);
  finish();
  await handled.catch(() => undefined);
  state.gate.clear();
  if (thrown instanceof Error) expect(thrown.name).toMatch(/^KafkaJS/);
  const most = endedThrough >= lastRecord ? lastRecord + schedule.tail + 1 : endedThrough + 1;
  for (const { offset, generation } of offsets.commits) {
    expect(offset).toBeLessThanOrEqual(most);
    expect(generation).toBe(1);
  }
  const sorted = [...offsets.commits].sort((a, b) => a.offset - b.offset);
  expect(offsets.commits).toEqual(sorted);
}

describe("whatever a handler does, in whatever order, before or after its deadline and its generation", () => {
  test("what is committed has ended, in its generation, and only moves forward; only kafkajs' own errors come out", async () => {
    await fc.assert(fc.asyncProperty(schedules, play), { numRuns: 10_000, verbose: 1, endOnFailure: true });
  }, 180_000);
});

describe("a batch that was fetched before", () => {
  const given: Schedule = { count: 3, tail: 0, steps: [], end: "done", late: false, commitsRarely: false };
  const cases: readonly (readonly [string, (state: ConsumptionState) => void])[] = [
    ["its partition was told to wait", (state) => state.gate.close(at, 60_000)],
    ["its partition went to another member", (state) => join(state, [])],
    ["the consumption was stopped", (state) => Object.assign(state, { stopping: true })],
    ["an older handler of its partition was left behind", (state) => state.busy.add("t/0")],
  ];
  for (const [what, happen] of cases) {
    test(`is not handed over once ${what}: it is fetched again when its time comes`, async () => {
      const offsets = new Offsets();
      let calls = 0;
      const options = { group: "g", topics: ["t"], onBatch: async () => ({ kind: "done" as const, calls: calls++ }) };
      const state = createConsumptionState(options, defaultTiming, { nowMs: () => Date.now() });
      join(state, [at]);
      happen(state);
      await runBatch(offsets.payload(given), state);
      state.gate.clear();
      expect([calls, offsets.resolved, offsets.commits]).toEqual([0, FIRST, []]);
    });
  }
});
