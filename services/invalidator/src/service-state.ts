import type { Consumption } from "@freshet/kafka/port";
import type { WaitingPartition } from "@freshet/pipeline";
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
  readonly clock: { nowMs(): number };
}

/**
 * A consumer without a sign of life for so long is beyond mending. Its supervisor replaces it after two minutes of silence and
 * tells of it, so a Kafka that is away never comes this far: restarting would not bring it back.
 */
const SILENT_MS = 180_000;

export interface ProbeAnswer {
  readonly ok: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

export function createServiceState(clock: { nowMs(): number }, waiting: () => readonly WaitingPartition[]): ServiceState {
  return { phase: "starting", storeChecked: false, consumption: null, trouble: null, startWaits: new Map(), waiting, clock };
}

export function noteTrouble(state: ServiceState, { code, message: problem, fix }: FreshetError): void {
  state.trouble = { code, problem, fix, atMs: state.clock.nowMs() };
}

/** `/livez`: whether a restart would help. Never about dependencies. */
export function liveness(state: ServiceState): ProbeAnswer {
  const { consumption, trouble, clock } = state;
  if (consumption === null || !consumption.joined || state.phase === "draining") return { ok: true, body: { phase: state.phase } };
  const silentMs = clock.nowMs() - Math.max(consumption.lastSeenMs, trouble?.atMs ?? 0);
  return { ok: silentMs < SILENT_MS, body: { phase: state.phase, consumerSilentMs: Math.max(0, silentMs) } };
}

/** `/readyz`: whether it has started for good and is not stopping. Waiting partitions are told and do not turn it red. */
export function readiness(state: ServiceState): ProbeAnswer {
  const joined = state.consumption?.joined ?? false;
  const ok = state.phase === "consuming" && state.storeChecked && joined;
  const checks = { rulesLoaded: true, scriptsLoaded: state.storeChecked, groupJoined: joined, draining: state.phase === "draining" };
  return {
    ok,
    body: { phase: state.phase, checks, startWaiting: startWaiting(state), waiting: waiting(state), kafka: kafkaTrouble(state) },
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

/** Trouble is over once the consumer was seen alive after it. */
function kafkaTrouble({ trouble, consumption }: ServiceState) {
  if (trouble === null || (consumption !== null && consumption.lastSeenMs > trouble.atMs)) return null;
  const { atMs, ...told } = trouble;
  return { ...told, at: isoOf(atMs) };
}

function isoOf(ms: number): string {
  return new Date(Math.max(0, ms)).toISOString();
}
