import { asFreshetError, type FreshetError } from "@freshet/protocol";
import { createGate, type Gate, nameOfPartition } from "./gate.js";
import { fromKafkajs } from "./kafka-errors.js";
import type { OffsetReset } from "./offset-resets.js";
import type { ConsumeOptions, TopicPartition } from "./port.js";

/** What one consumption remembers over all the kafkajs consumers it goes through. */
export interface ConsumptionState {
  readonly options: ConsumeOptions;
  readonly timing: ConsumptionTiming;
  readonly clock: { nowMs(): number };
  readonly gate: Gate;
  /** Partitions with a handler that has not settled, the hung ones too: none of them gets a second handler. */
  readonly busy: Set<string>;
  /** Rises with every join and every new consumer. What began under another generation resolves and commits nothing. */
  generation: number;
  /** Names of the partitions of this generation. */
  assigned: ReadonlySet<string>;
  /** The group is about to be joined again: handlers should come to an end. */
  rebalancing: boolean;
  stopping: boolean;
  joined: boolean;
  lastSeenMs: number;
  /** Rises whenever records end. */
  progress: number;
  /** By name of the assigned partitions: how often something happened to each, and the offset to be read next where it is known. */
  readonly moves: Map<string, { count: number; nextOffset: number | null }>;
  /** Something has ended that is not known to be committed. */
  owesCommit: boolean;
  lastCommitMs: number;
  /** Fetching of the consumer that is alive; does nothing when none is. */
  valve: { pause(at: TopicPartition): void; resume(at: TopicPartition): void };
}

export interface ConsumptionTiming {
  /** A handler that has not settled by then is left behind, and its partition waits until it does. */
  readonly batchDeadlineMs: number;
  readonly heartbeatIntervalMs: number;
  /** What has ended is committed at the end of a batch when that is longer ago than this. */
  readonly commitIntervalMs: number;
  /** The same where the log has no more: shorter, for whoever looks at the group, but not so short that each record waits for a commit. */
  readonly caughtUpCommitIntervalMs: number;
  readonly commitTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How long a partition waits after its handler failed for a reason of its own. */
  readonly faultRetryMs: number;
  /** How long a partition waits after a handler that ended nothing, or while an older one is still busy. */
  readonly idleRetryMs: number;
  readonly crashBackoffMs: number;
  readonly crashBackoffMaxMs: number;
  /** A consumer that shows no sign of life for so long is told of, again and again. */
  readonly quietMs: number;
  /** A consumer that shows no sign of life for so long is replaced. */
  readonly silenceMs: number;
  /** A partition with records of which none ends, and whose handler does not say that it waits, is fatal after so long. */
  readonly stallMs: number;
  readonly stopTimeoutMs: number;
}

export const defaultTiming: ConsumptionTiming = {
  batchDeadlineMs: 30_000,
  heartbeatIntervalMs: 3000,
  commitIntervalMs: 1000,
  caughtUpCommitIntervalMs: 100,
  commitTimeoutMs: 15_000,
  connectTimeoutMs: 30_000,
  faultRetryMs: 1000,
  idleRetryMs: 200,
  crashBackoffMs: 500,
  crashBackoffMaxMs: 5000,
  quietMs: 10_000,
  silenceMs: 120_000,
  stallMs: 60_000,
  stopTimeoutMs: 10_000,
};

export function createConsumptionState(options: ConsumeOptions, timing: ConsumptionTiming, clock: { nowMs(): number }): ConsumptionState {
  const state: ConsumptionState = {
    options,
    timing,
    clock,
    gate: createGate({ pause: (at) => state.valve.pause(at), resume: (at) => state.valve.resume(at) }),
    busy: new Set(),
    generation: 0,
    assigned: new Set(),
    rebalancing: false,
    stopping: false,
    joined: false,
    lastSeenMs: clock.nowMs(),
    progress: 0,
    moves: new Map(),
    owesCommit: false,
    lastCommitMs: 0,
    valve: noValve,
  };
  return state;
}

export const noValve: ConsumptionState["valve"] = { pause: () => undefined, resume: () => undefined };

/** A join of the group, with everything that is assigned now. */
export function join(state: ConsumptionState, assigned: readonly TopicPartition[]): void {
  state.generation++;
  state.rebalancing = false;
  state.joined = true;
  state.lastSeenMs = state.clock.nowMs();
  state.assigned = new Set(assigned.map(nameOfPartition));
  state.moves.clear();
  for (const name of state.assigned) state.moves.set(name, { count: 0, nextOffset: null });
  state.gate.reassign(assigned);
  guarded(state, () => state.options.onAssigned?.(assigned));
}

/** Something happened to a partition; `nextOffset` where it is known by now. */
export function moved(state: ConsumptionState, at: TopicPartition, nextOffset?: number): void {
  const move = state.moves.get(nameOfPartition(at));
  if (move === undefined) return;
  move.count++;
  if (nextOffset !== undefined) move.nextOffset = Math.max(nextOffset, move.nextOffset ?? 0);
}

/** The next offset of a partition was outside of its log: kafkajs goes on at the beginning. */
export function tellHole(state: ConsumptionState, reset: OffsetReset): void {
  const { topic, partition, askedOffset, earliestOffset: resumedAt } = reset;
  const cause = resumedAt !== null && resumedAt >= askedOffset ? "expired" : "beyond_end";
  const move = state.moves.get(nameOfPartition(reset));
  if (move !== undefined) Object.assign(move, { count: move.count + 1, nextOffset: resumedAt });
  guarded(state, () => state.options.onHole?.({ topic, partition, askedOffset, resumedAt, cause }));
}

/** Tells of trouble. What the callback throws is its own affair. */
export function tellTrouble(state: ConsumptionState, error: unknown, doing: string): FreshetError {
  const trouble = fromKafkajs(error, doing);
  try {
    state.options.onTrouble?.(trouble);
  } catch {
    // a callback that fails must not stop the consumer
  }
  return trouble;
}

/** Tells that this consumption cannot go on. */
export function tellFatal(state: ConsumptionState, error: FreshetError): void {
  try {
    state.options.onFatal?.(error);
  } catch {
    // nobody is left to tell
  }
}

function guarded(state: ConsumptionState, call: () => void): void {
  try {
    call();
  } catch (error) {
    tellTrouble(state, asFreshetError(error), "telling of it");
  }
}
