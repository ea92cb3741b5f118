import type { SliceReport } from "@freshet/pipeline";
import { type BustOutcome, FreshetError, type KafkaRecord, type KeyBust, parseVersion, type Rejection } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { createTelling } from "../tests/told.js";
import { createEvents, type ServiceEvents } from "./events.js";
import type { Metrics } from "./metrics.js";

const at = { topic: "products", partition: 2 };
const record = (offset: number): KafkaRecord => ({
  ...at,
  offset,
  timestampMs: 9000,
  key: Buffer.from("payload-key"),
  value: Buffer.from("payload-value"),
  headers: [],
});
const bust = (key: string, change: Partial<KeyBust> = {}): KeyBust => ({
  target: "key",
  key,
  family: "page",
  entry: { kind: "json", versionField: "version", onUnversioned: "bust", gate: false, floorTtlMs: 1, staleTtlMs: 0 },
  subject: "p/person-4711",
  version: parseVersion("7"),
  spaceKind: "counter",
  mode: "hard",
  rule: "changed",
  ...change,
});
const rejection: Rejection = { reason: "rule_error", message: "no such field", fix: "Ask with has()", rule: "changed" };

interface World {
  readonly events: ServiceEvents;
  readonly clock: { ms: number };
  readonly metrics: Metrics;
  readonly told: () => readonly Record<string, unknown>[];
  readonly value: (sample: string) => Promise<number | null>;
}

function setUp(level: string, mode: "apply" | "observe" = "apply"): World {
  const rules = { topics: ["products"], ruleNames: ["changed", "never"] };
  const clock = { ms: 10_000, nowMs: () => clock.ms };
  const { metrics, logger, told } = createTelling({ level, clock, mode, rules });
  const value = async (sample: string): Promise<number | null> => {
    const line = (await metrics.text()).split("\n").find((text) => text.startsWith(`${sample} `));
    return line === undefined ? null : Number(line.slice(sample.length + 1));
  };
  return { events: createEvents({ logger, metrics, clock, mode }), clock, metrics, told, value };
}

/** Three records that ask, of which one is dead, and one that matches nothing. */
function report(outcomes: readonly BustOutcome[] = ["removed", "unversioned", "covered"]): SliceReport {
  const [first, second, third] = [bust("page:a"), bust("page:b"), bust("offer:c", { family: "offer", rule: "other" })];
  return {
    records: [10, 11, 12, 13].map(record),
    mapped: [
      { kind: "busts", busts: [first, second] },
      { kind: "rejected", rejection },
      { kind: "busts", busts: [third] },
      { kind: "no_match" },
    ],
    ended: ["applied", "dead", "covered", "no_match"],
    busts: [first, second, third],
    outcomes,
    tagBusts: [],
    tagOutcomes: [],
  };
}
const slice = { ...at, highWatermark: 14, durationMs: 12, trace: null };

describe("a settled slice", () => {
  test("is one line at info, and one more for its dead letters", () => {
    const { events, told } = setUp("info");
    events.sliceSettled(report(), slice);
    expect(told()).toMatchObject([
      { msg: "slice", ...at, from: 10, to: 13, applied: 1, covered: 1, no_match: 1, ignored: 0, dead: 1, busts: 3, ms: 12 },
      {
        msg: "dead letters",
        ...at,
        dead: { rule_error: 1 },
        first: { offset: 11, reason: "rule_error", rule: "changed", fix: "Ask with has()" },
      },
    ]);
  });

  test("is one line a record at debug, without a key, a subject or a byte of payload", () => {
    const { events, told } = setUp("debug");
    events.sliceSettled(report(), slice);
    const decisions = told().filter(({ msg }) => msg === "decision");
    expect(decisions).toMatchObject([
      { offset: 10, outcome: "applied", busts: [{ rule: "changed", family: "page", version: "7" }, { rule: "changed" }] },
      { offset: 11, outcome: "dead", reason: "rule_error", problem: "no such field" },
      { offset: 12, outcome: "covered", busts: [{ rule: "other", family: "offer" }] },
      { offset: 13, outcome: "no_match", busts: [] },
    ]);
    expect(JSON.stringify(told())).not.toMatch(/page:a|payload|4711/);
  });

  test("is counted by outcome, reason, rule and family", async () => {
    const { events, value } = setUp("silent");
    events.sliceSettled(report(), slice);
    events.sliceSettled(report(), slice);
    expect(await value('freshet_events_total{topic="products",outcome="applied"}')).toBe(2);
    expect(await value('freshet_events_total{topic="products",outcome="ignored"}')).toBe(0);
    expect(await value('freshet_dlq_records_total{reason="rule_error"}')).toBe(2);
    expect(await value('freshet_rule_matches_total{rule="changed"}')).toBe(2);
    expect(await value('freshet_rule_matches_total{rule="never"}')).toBe(0);
    expect(await value('freshet_busts_total{family="page",outcome="removed"}')).toBe(2);
    expect(await value('freshet_busts_total{family="offer",outcome="covered"}')).toBe(2);
    expect(await value('freshet_keys_unlinked_total{family="page",mode="hard"}')).toBe(4);
    expect(await value('freshet_apply_duration_seconds_count{topic="products"}')).toBe(2);
    expect(await value('freshet_event_age_seconds_count{topic="products"}')).toBe(4);
    expect(await value('freshet_event_age_seconds_sum{topic="products"}')).toBe(4);
    expect(await value('freshet_event_age_seconds_bucket{topic="products",le="0.5"}')).toBe(0);
    expect(await value('freshet_event_age_seconds_bucket{topic="products",le="1"}')).toBe(4);
  });

  test("tells when each rule last asked, and 0 where one has not", async () => {
    const { events, value, clock } = setUp("silent");
    const last = (rule: string) => value(`freshet_rule_last_match_timestamp_seconds{rule="${rule}"}`);
    expect([await last("changed"), await last("never")]).toEqual([0, 0]);
    events.sliceSettled(report(), slice);
    expect([await last("changed"), await last("never")]).toEqual([10, 0]);
    clock.ms = 12_500;
    events.sliceSettled({ ...report(), mapped: [] }, slice);
    expect(await last("changed")).toBe(10);
    events.sliceSettled(report(), slice);
    expect([await last("changed"), await last("never")]).toEqual([12.5, 0]);
  });

  test("that was traced names its trace, in its line and as an exemplar of both durations", async () => {
    const { events, told, metrics } = setUp("info");
    events.sliceSettled(report(), slice);
    expect(await metrics.openText()).not.toContain("trace_id");
    events.sliceSettled(report(), { ...slice, trace: { traceId: "a".repeat(32), spanId: "b".repeat(16) } });
    const lines = told().filter(({ msg }) => msg === "slice");
    expect(lines.map(({ trace_id }) => trace_id)).toEqual([undefined, "a".repeat(32)]);
    expect(lines[1]).toMatchObject({ span_id: "b".repeat(16) });
    const exemplar = `# {trace_id="${"a".repeat(32)}",span_id="${"b".repeat(16)}"}`;
    const open = await metrics.openText();
    expect(open).toContain(`freshet_apply_duration_seconds_bucket{topic="products",le="0.025"} 2 ${exemplar} 0.012 10\n`);
    expect(open).toContain(`freshet_event_age_seconds_bucket{topic="products",le="1"} 4 ${exemplar} 1 10\n`);
    expect(await metrics.text()).not.toContain("trace_id");
  });

  test("tells of a source that counts backwards", async () => {
    const { events, value } = setUp("silent");
    const regressions = () => value('freshet_version_regressions_total{topic="products"}');
    events.sliceSettled(report(), slice);
    expect(await regressions()).toBe(0);
    const busts = [bust("page:a", { version: parseVersion("6") })];
    const later = { ...record(14), timestampMs: 9000 + 61_000 };
    events.sliceSettled(
      { ...report(["covered"]), records: [later], mapped: [{ kind: "busts", busts }], ended: ["covered"], busts },
      { ...slice, highWatermark: 15 },
    );
    expect(await regressions()).toBe(1);
  });

  test("that was observed unlinked nothing", async () => {
    const { events, value } = setUp("silent", "observe");
    events.sliceSettled(report(), slice);
    expect(await value('freshet_busts_total{family="page",outcome="removed"}')).toBe(1);
    expect(await value('freshet_keys_unlinked_total{family="page",mode="hard"}')).toBeNull();
  });
});

describe("trouble", () => {
  const waiting = { ...at, code: "FR2001", problem: "gone", fix: "mend", sinceMs: 1000, offset: 3, timestampMs: 500 } as const;

  test("is told at first and then now and then, and counted each time", async () => {
    const { events, told, value } = setUp("info");
    for (let attempts = 1; attempts <= 40; attempts++) events.partitionWaiting({ ...waiting, attempts, disposition: "wait" });
    expect(told().map(({ attempts }) => attempts)).toEqual([1, 2, 3, 10, 20, 30, 40]);
    expect(told()[0]).toMatchObject({ level: 40, code: "FR2001", problem: "gone", fix: "mend", waitingMs: 9000 });
    expect(await value('freshet_redis_errors_total{code="FR2001"}')).toBe(40);
  });

  test("that somebody must mend is an error", () => {
    const { events, told } = setUp("info");
    events.partitionWaiting({ ...waiting, attempts: 1, disposition: "halt" });
    expect(told()[0]).toMatchObject({ level: 50 });
  });

  test("of a connection that is used by nobody is told too, but not each time", async () => {
    const { events, told, clock, value } = setUp("info");
    const gone = new FreshetError("FR2001", "wait", "gone", "mend");
    for (let second = 0; second < 25; second++) {
      events.redisTrouble(gone);
      clock.ms += 1000;
    }
    expect(told()).toHaveLength(3);
    expect(told()[0]).toMatchObject({ msg: "trouble with Redis", code: "FR2001", fix: "mend" });
    expect(await value('freshet_redis_errors_total{code="FR2001"}')).toBe(25);
  });

  test("of Kafka, Redis and the start has its own counts", async () => {
    const { events, value } = setUp("silent");
    const error = (code: "FR2001" | "FR3001") => new FreshetError(code, "wait", "gone", "mend");
    events.kafkaTrouble(error("FR3001"));
    events.redisTrouble(error("FR2001"));
    events.startWaiting("kafka", error("FR3001"), 1);
    events.startWaiting("redis", error("FR2001"), 1);
    expect(await value('freshet_kafka_errors_total{code="FR3001"}')).toBe(2);
    expect(await value('freshet_redis_errors_total{code="FR2001"}')).toBe(2);
  });

  test("that took records away before they were read is an alarm: a line for people, and a number from zero", async () => {
    const { events, told, value } = setUp("error");
    const count = (cause: string) => value(`freshet_kafka_holes_total{topic="products",cause="${cause}"}`);
    expect([await count("expired"), await count("beyond_end")]).toEqual([0, 0]);
    events.kafkaHole({ ...at, askedOffset: 7, resumedAt: 90, cause: "expired" });
    events.kafkaHole({ ...at, askedOffset: 500, resumedAt: 0, cause: "beyond_end" });
    expect([await count("expired"), await count("beyond_end")]).toEqual([1, 1]);
    expect(told()).toMatchObject([
      { level: 50, code: "FR3008", problem: expect.stringContaining("from offset 7 up to 90"), askedOffset: 7, resumedAt: 90 },
      { level: 50, code: "FR3008", problem: expect.stringContaining("no offset 500") },
    ]);
  });

  test("over, and partitions assigned, are told", async () => {
    const { events, told, value } = setUp("info");
    events.assigned([at]);
    events.partitionResumed(at);
    expect(told()).toMatchObject([{ partitions: ["products/2"] }, at]);
    expect(await value("freshet_rebalances_total")).toBe(1);
  });
});
