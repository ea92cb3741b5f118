import type { Consumption } from "@freshet/kafka/port";
import type { SweepStatus, WaitingPartition } from "@freshet/pipeline";
import type { ErrorCode, FreshetError } from "@freshet/protocol";
import type { StartWait } from "./start-checks.js";

/**
 * Where the service is, and what the probes of its admin port make of it:
 *
 *   starting   rules are loaded; it waits for Redis and Kafka for as long as it takes
 *   consuming  it joins the group, and once it has it is ready, whatever Redis and Kafka do afterwards
 *   draining   told to stop: slices under way end, and it is no longer ready
 */
export interface ServiceState {
  phase: "starting" | "consuming" | "draining";
  /** Scripts are loaded: the store's probe has passed. */
  storeChecked: boolean;
  consumption: Consumption | null;
  /** The last trouble with Kafka that the consumer told of. */
  trouble: { readonly code: ErrorCode; readonly problem: string; readonly fix: string; readonly atMs: number } | null;
  readonly startWaits: Map<string, StartWait>;
  readonly waiting: () => readonly WaitingPartition[];
  /** `null` where nothing is swept. */
  readonly sweeps: () => SweepStatus | null;
  readonly clock: { nowMs(): number };
}

/**
 * A consumer without a sign of life for so long is beyond mending. Its supervisor replaces it after two minutes of silence and
 * tells of it, so a Kafka that is away never comes this far: restarting would not bring it back.
 */
const LIFELESS_MS = 180_000;

/** Fetches are answered within half a second and heartbeats go out every three, also while slices take their time. */
const QUIET_MS = 8000;

/** Of the year 9999: the last that every reader of RFC 3339 takes. */
const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** Of sweeps that wait: a Redis that is away gives all of them the same reason. */
const TROUBLES_TOLD = 5;

export interface ProbeAnswer {
  readonly ok: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

export function createServiceState({ clock, waiting, sweeps }: Pick<ServiceState, "clock" | "waiting" | "sweeps">): ServiceState {
  return { phase: "starting", storeChecked: false, consumption: null, trouble: null, startWaits: new Map(), waiting, sweeps, clock };
}

export function noteTrouble(state: ServiceState, { code, message: problem, fix }: FreshetError): void {
  state.trouble = { code, problem, fix, atMs: state.clock.nowMs() };
}

/**
 * `/livez`: whether a restart would help. Never about dependencies: so it goes by `noSignOfLifeMs`, for which the consumer has
 * neither heard Kafka nor said that it does not. `consumerSilentMs` is how long Kafka has not answered it, as the metrics tell.
 */
export function liveness(state: ServiceState): ProbeAnswer {
  const { consumption, trouble, clock } = state;
  if (consumption === null || !consumption.joined || state.phase === "draining") return { ok: true, body: { phase: state.phase } };
  const noSignOfLifeMs = Math.max(0, clock.nowMs() - Math.max(consumption.lastSeenMs, trouble?.atMs ?? 0));
  return { ok: noSignOfLifeMs < LIFELESS_MS, body: { phase: state.phase, consumerSilentMs: silenceMs(state), noSignOfLifeMs } };
}

/** `/readyz`: whether it has started for good and is not stopping. Waiting partitions and sweeps are told and do not turn it red. */
export function readiness(state: ServiceState): ProbeAnswer {
  const joined = state.consumption?.joined ?? false;
  const ok = state.phase === "consuming" && state.storeChecked && joined;
  const checks = { rulesLoaded: true, scriptsLoaded: state.storeChecked, groupJoined: joined, draining: state.phase === "draining" };
  return {
    ok,
    body: {
      phase: state.phase,
      checks,
      startWaiting: startWaiting(state),
      waiting: waiting(state),
      sweeps: sweeps(state),
      kafka: kafkaTrouble(state),
    },
  };
}

/** `/startupz`: whether the group was joined for the first time. */
export function startup(state: ServiceState): ProbeAnswer {
  const ok = state.consumption?.joined ?? false;
  return { ok, body: { phase: state.phase, startWaiting: startWaiting(state) } };
}

function startWaiting({ startWaits }: ServiceState) {
  return [...startWaits.values()].map(({ sinceMs, ...wait }) => ({ ...wait, since: isoOf(sinceMs) }));
}

function waiting(state: ServiceState) {
  return state.waiting().map(({ sinceMs, timestampMs, ...wait }) => ({ ...wait, since: isoOf(sinceMs), recordTime: isoOf(timestampMs) }));
}

/** Sweeps that wait are told by their reasons: tags may hold ids of people. */
function sweeps(state: ServiceState) {
  const status = state.sweeps();
  if (status === null) return null;
  const { pending, walking, oldestAgeMs, troubles } = status;
  const waits = troubles.slice(0, TROUBLES_TOLD).map(({ code, problem, fix, disposition, attempts, sinceMs }) => {
    return { code, problem, fix, disposition, attempts, since: isoOf(sinceMs) };
  });
  return { pending, walking, oldestAgeSeconds: Math.round(oldestAgeMs / 1000), waiting: waits };
}

/**
 * What is wrong with Kafka at the moment, or `null`. Trouble that was told is over once the consumer was seen alive after
 * it; silence is trouble before anybody tells of it, for the client tries again for half a minute first.
 */
function kafkaTrouble(state: ServiceState) {
  const { trouble, consumption, clock } = state;
  if (trouble !== null && (consumption === null || consumption.lastSeenMs <= trouble.atMs)) {
    const { atMs, ...told } = trouble;
    return { ...told, since: isoOf(atMs) };
  }
  const silentMs = silenceMs(state);
  if (consumption === null || silentMs < QUIET_MS) return null;
  const problem = `Kafka has not answered the consumer for ${Math.floor(silentMs / 1000)} s`;
  const fix = "Check that the brokers are up and reachable from here; the service tries again until they are.";
  return { code: "FR3001", problem, fix, since: isoOf(clock.nowMs() - silentMs) };
}

/** How long the consumer has not been seen, in milliseconds; 0 while there is none that should be. */
export function silenceMs({ consumption, phase, clock }: ServiceState): number {
  return consumption === null || phase !== "consuming" ? 0 : Math.max(0, clock.nowMs() - consumption.lastSeenMs);
}

/** Whether the consumer is silent for longer than its work explains. */
export function isStuck(state: ServiceState): boolean {
  return silenceMs(state) >= QUIET_MS;
}

/** A record's time is the word of its producer, and may be none that a calendar has. */
function isoOf(ms: number): string {
  return new Date(Math.min(Math.max(0, ms), LAST_MS)).toISOString();
}
