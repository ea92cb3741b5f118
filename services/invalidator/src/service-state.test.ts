import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { createServiceState, isStuck, liveness, noteTrouble, readiness, silenceMs, startup } from "./service-state.js";

const waiting = {
  topic: "t",
  partition: 3,
  code: "FR2001",
  problem: "Redis is gone",
  fix: "Bring it back",
  disposition: "wait",
  sinceMs: 1000,
  attempts: 2,
  offset: 7,
  timestampMs: 500,
} as const;
const trouble = new FreshetError("FR3001", "wait", "no broker", "Bring it back");

/** Longer than the two minutes after which the supervisor makes a new consumer. */
const LIFELESS_MS = 180_000;

function setUp() {
  const clock = { ms: 1_000_000, nowMs: () => clock.ms };
  const state = createServiceState({ clock, waiting: () => [waiting], sweeps: () => null });
  const consumption = { joined: true, lastSeenMs: clock.ms, stop: async () => undefined };
  return { clock, state, consumption };
}

describe("ready", () => {
  test("needs the scripts, the group and nobody who said stop", () => {
    const { state, consumption } = setUp();
    expect([readiness(state).ok, startup(state).ok]).toEqual([false, false]);
    Object.assign(state, { phase: "consuming", consumption: { ...consumption, joined: false }, storeChecked: true });
    expect([readiness(state).ok, startup(state).ok]).toEqual([false, false]);
    state.consumption = consumption;
    expect([readiness(state).ok, startup(state).ok]).toEqual([true, true]);
    state.phase = "draining";
    expect([readiness(state).ok, startup(state).ok]).toEqual([false, true]);
  });

  test("lists what waits and why, and stays green", () => {
    const { state, consumption } = setUp();
    Object.assign(state, { phase: "consuming", consumption, storeChecked: true });
    const { ok, body } = readiness(state);
    expect(ok).toBe(true);
    expect(body.waiting).toMatchObject([
      { topic: "t", partition: 3, code: "FR2001", problem: "Redis is gone", since: "1970-01-01T00:00:01.000Z" },
    ]);
  });

  test.each([
    [2 ** 63, "9999-12-31T23:59:59.999Z"],
    [-1, "1970-01-01T00:00:00.000Z"],
  ])("answers whatever time a waiting record says it is of: %d", (timestampMs, recordTime) => {
    const { clock, consumption } = setUp();
    const state = createServiceState({ clock, waiting: () => [{ ...waiting, timestampMs }], sweeps: () => null });
    Object.assign(state, { phase: "consuming", consumption, storeChecked: true });
    expect(readiness(state)).toMatchObject({ ok: true, body: { waiting: [{ partition: 3, recordTime }] } });
  });

  test("tells how many sweeps wait, since when and why, without their tags, and stays green", () => {
    const { clock, state } = setUp();
    expect(readiness(state).body.sweeps).toBeNull();
    const told = { code: "FR2001", problem: "Redis is gone", fix: "Bring it back", disposition: "wait", attempts: 2 } as const;
    const troubles = Array.from({ length: 9 }, (_, at) => ({ ...told, tag: `user:${at}`, sinceMs: 1000 }));
    const sweeps = () => ({ pending: 9, walking: 0, oldestAgeMs: 61_400, troubles, indexSizes: new Map() });
    const sweeping = createServiceState({ clock, waiting: () => [], sweeps });
    Object.assign(sweeping, { phase: "consuming", consumption: { joined: true, lastSeenMs: clock.ms }, storeChecked: true });
    const { ok, body } = readiness(sweeping);
    expect({ ok, sweeps: body.sweeps }).toMatchObject({ ok: true, sweeps: { pending: 9, walking: 0, oldestAgeSeconds: 61 } });
    expect(body.sweeps).toMatchObject({ waiting: Array.from({ length: 5 }, () => ({ ...told, since: "1970-01-01T00:00:01.000Z" })) });
    expect(JSON.stringify(body)).not.toContain("user:");
  });

  test("tells of trouble with Kafka until the consumer is seen alive again", () => {
    const { clock, state, consumption } = setUp();
    Object.assign(state, { phase: "consuming", consumption, storeChecked: true });
    clock.ms += 1;
    noteTrouble(state, trouble);
    expect(readiness(state)).toMatchObject({ ok: true, body: { kafka: { code: "FR3001", problem: "no broker" } } });
    consumption.lastSeenMs = clock.ms + 1;
    expect(readiness(state).body.kafka).toBeNull();
  });
});

describe("a silent Kafka", () => {
  test("is told of before anybody else does, and while the group was not joined yet", () => {
    for (const joined of [true, false]) {
      const { clock, state, consumption } = setUp();
      Object.assign(state, { phase: "consuming", consumption: { ...consumption, joined }, storeChecked: true });
      clock.ms += 7999;
      expect([readiness(state).body.kafka, isStuck(state)]).toEqual([null, false]);
      clock.ms += 1001;
      expect(readiness(state).body.kafka).toMatchObject({ code: "FR3001", problem: "Kafka has not answered the consumer for 9 s" });
      expect([readiness(state).ok, isStuck(state), silenceMs(state)]).toEqual([joined, true, 9000]);
    }
  });

  test("is none while there is no consumer that should be heard", () => {
    const { clock, state, consumption } = setUp();
    clock.ms += 60_000;
    expect(silenceMs(state)).toBe(0);
    Object.assign(state, { phase: "draining", consumption });
    expect(isStuck(state)).toBe(false);
  });
});

describe("alive", () => {
  test("is everything that has not joined yet, however long that takes", () => {
    const { clock, state, consumption } = setUp();
    clock.ms += 10 * LIFELESS_MS;
    expect(liveness(state).ok).toBe(true);
    state.consumption = { ...consumption, joined: false };
    expect(liveness(state).ok).toBe(true);
  });

  test("is a consumer that was seen, or whose supervisor told of trouble", () => {
    const { clock, state, consumption } = setUp();
    Object.assign(state, { phase: "consuming", consumption });
    clock.ms += LIFELESS_MS - 1;
    expect(liveness(state).ok).toBe(true);
    noteTrouble(state, trouble);
    clock.ms += LIFELESS_MS - 1;
    expect(liveness(state).ok).toBe(true);
    clock.ms += 1;
    expect(liveness(state).ok).toBe(false);
  });

  test("says beside it the silence of Kafka that the metrics tell, however often trouble is told of", () => {
    const { clock, state, consumption } = setUp();
    Object.assign(state, { phase: "consuming", consumption });
    clock.ms += 30_000;
    noteTrouble(state, trouble);
    clock.ms += 2000;
    expect(liveness(state)).toEqual({ ok: true, body: { phase: "consuming", consumerSilentMs: 32_000, noSignOfLifeMs: 2000 } });
    expect(silenceMs(state)).toBe(32_000);
  });

  test("is one that stops: its own deadline ends it", () => {
    const { clock, state, consumption } = setUp();
    Object.assign(state, { phase: "draining", consumption });
    clock.ms += 2 * LIFELESS_MS;
    expect(liveness(state).ok).toBe(true);
  });
});
