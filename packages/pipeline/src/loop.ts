import type { BatchControl, BatchEnd, ConsumeOptions, RecordBatch, TopicPartition } from "@freshet/kafka/port";
import { asFreshetError, type Disposition, type ErrorCode, FreshetError, type KafkaRecord } from "@freshet/protocol";
import { type PipelinePorts, runPart } from "./pipeline.js";
import type { SliceReport } from "./slice-report.js";
import type { SliceTrace, SliceTracer, TraceContext } from "./slice-trace.js";

/**
 * The consume loop, one partition at a time in one of three states:
 *
 *   moving   a batch is cut into slices; up to two are under way, and they end in order, so what has ended is always a
 *            prefix of the partition
 *   waiting  a slice failed for a reason that is not in its records; the broker hands the partition over again after a
 *            while, from the first record that has not ended, and the next slice that ends makes it moving again
 *   lost     the partition went to another member; nothing of it is remembered
 *
 * `moving → waiting` in `onBatch` (`startWaiting`), `waiting → moving` in `onBatch` (`stopWaiting`), `→ lost` in
 * `onAssigned`. There is no state in which a record is skipped.
 */
export interface Loop {
  readonly onBatch: ConsumeOptions["onBatch"];
  readonly onAssigned: NonNullable<ConsumeOptions["onAssigned"]>;
  /** The partitions that wait, and why. */
  readonly waiting: () => readonly WaitingPartition[];
}

export interface WaitingPartition extends TopicPartition {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly fix: string;
  readonly disposition: Disposition;
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number;
  readonly attempts: number;
  /** The first record that waits. */
  readonly offset: number;
  readonly timestampMs: number;
}

export interface SettledSlice extends TopicPartition {
  readonly highWatermark: number;
  readonly durationMs: number;
  /** Where it is seen in a tracing system; `null` where it is not. */
  readonly trace: TraceContext | null;
}

/** What the loop tells about itself. Must not throw. */
export interface LoopEvents {
  sliceSettled(report: SliceReport, slice: SettledSlice): void;
  /** At the first failure and at each retry that failed. */
  partitionWaiting(waiting: WaitingPartition): void;
  partitionResumed(at: TopicPartition): void;
}

export interface LoopSettings {
  /** Records a slice: bounds memory, and the work that is repeated after a crash. Large fan-outs end in several parts. */
  readonly sliceRecordsMax: number;
  /** A part of a slice that has not ended by then counts as failed, whatever its promises do later. */
  readonly sliceDeadlineMs: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
}

const defaults: LoopSettings = {
  sliceRecordsMax: 200, // one script call where each record busts one key; more only holds more in memory
  sliceDeadlineMs: 15_000, // above Kafka's request timeout, so that its own reason is the one that is shown
  retryFirstMs: 100,
  retryMaxMs: 3000,
};

interface LoopState {
  readonly ports: PipelinePorts;
  readonly events: LoopEvents;
  readonly clock: { nowMs(): number };
  readonly settings: LoopSettings;
  readonly tracer: SliceTracer | undefined;
  readonly waiting: Map<string, WaitingPartition>;
}

export interface LoopOptions {
  readonly ports: PipelinePorts;
  readonly events: LoopEvents;
  readonly clock: { nowMs(): number };
  readonly settings?: Partial<LoopSettings> | undefined;
  /** Follows each slice, or each part of one; nobody does without it. */
  readonly tracer?: SliceTracer | undefined;
}

/** A loop over these ports. Give `onBatch` and `onAssigned` to `KafkaPort.consume`. */
export function createLoop({ ports, events, clock, settings, tracer }: LoopOptions): Loop {
  const state: LoopState = { ports, events, clock, tracer, settings: { ...defaults, ...settings }, waiting: new Map() };
  return {
    onBatch: (batch, control) => runBatch(batch, control, state),
    onAssigned: (assigned) => forgetLost(assigned, state),
    waiting: () => [...state.waiting.values()],
  };
}

/**
 * One slice under way, or what is left of it, and how its first part went: mostly the whole of it. The promise never rejects: a
 * failure is looked at in its turn, not before.
 */
interface Slice {
  readonly records: readonly KafkaRecord[];
  readonly startedMs: number;
  readonly trace: SliceTrace | null;
  readonly end: Promise<SliceReport | FreshetError>;
}

/** Says what has ended and leaves the commits to the port: it knows the group, the backlog and when the last chance is. */
async function runBatch(batch: RecordBatch, control: BatchControl, state: LoopState): Promise<BatchEnd> {
  let next = 0;
  const start = (): Slice | null => {
    if (next >= batch.records.length || control.shouldStop()) return null;
    const records = batch.records.slice(next, next + state.settings.sliceRecordsMax);
    next += records.length;
    return sliceOf(records, state);
  };
  let current = start();
  while (current !== null) {
    const following = start(); // its decoding overlaps with the store's work on the current one
    for (let part: Slice | null = current; part !== null; ) {
      const report: SliceReport | FreshetError = await part.end;
      if (report instanceof FreshetError) return startWaiting(batch, part.records, { error: report, state });
      endPart(batch, part, { report, control, state });
      await control.heartbeat();
      const rest = part.records.slice(report.records.length);
      if (rest.length > 0 && control.shouldStop()) return { kind: "done" };
      part = rest.length === 0 ? null : sliceOf(rest, state);
    }
    current = following;
  }
  return { kind: "done" };
}

function sliceOf(records: readonly KafkaRecord[], state: LoopState): Slice {
  const startedMs = state.clock.nowMs();
  const trace = state.tracer?.begin(records) ?? null;
  const ports = trace === null ? state.ports : { ...state.ports, trace };
  const end = startPart(records, ports, state.settings.sliceDeadlineMs);
  return { records, startedMs, trace, end: trace === null ? end : end.then((ended) => traced(ended, trace)) };
}

/** What is traced ends when its work does, also where nobody comes to look at it because the slice before has failed. */
function traced(end: SliceReport | FreshetError, trace: SliceTrace): SliceReport | FreshetError {
  if (end instanceof FreshetError) trace.failed(end);
  else trace.ended(end);
  return end;
}

async function startPart(records: readonly KafkaRecord[], ports: PipelinePorts, deadlineMs: number): Promise<SliceReport | FreshetError> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<FreshetError>((resolve) => {
    timer = setTimeout(() => resolve(tooLate(records.length, deadlineMs)), deadlineMs);
  });
  try {
    return await Promise.race([runPart(records, ports), late]);
  } catch (error) {
    return asFreshetError(error);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(records: number, deadlineMs: number): FreshetError {
  const problem = `a slice of ${records} records did not end within ${deadlineMs} ms`;
  return new FreshetError("FR3004", "wait", problem, "Look at the latency of Redis and of the dead-letter topic; it is tried again.");
}

function endPart(batch: RecordBatch, slice: Slice, settled: { report: SliceReport; control: BatchControl; state: LoopState }): void {
  const { report, control, state } = settled;
  const last = report.records.at(-1);
  if (last !== undefined) control.ended(last.undecodable?.lastOffset ?? last.offset);
  stopWaiting(batch, state);
  const { topic, partition, highWatermark } = batch;
  const durationMs = state.clock.nowMs() - slice.startedMs;
  state.events.sliceSettled(report, { topic, partition, highWatermark, durationMs, trace: slice.trace?.context ?? null });
}

function startWaiting(batch: RecordBatch, records: readonly KafkaRecord[], failure: { error: FreshetError; state: LoopState }): BatchEnd {
  const { error, state } = failure;
  const { topic, partition } = batch;
  const known = state.waiting.get(nameOf(batch));
  const attempts = (known?.attempts ?? 0) + 1;
  const { code, disposition, fix, message: problem } = error;
  const first = { offset: records[0]?.offset ?? 0, timestampMs: records[0]?.timestampMs ?? 0 };
  const waiting = { topic, partition, code, problem, fix, disposition, sinceMs: known?.sinceMs ?? state.clock.nowMs(), attempts, ...first };
  state.waiting.set(nameOf(batch), waiting);
  state.events.partitionWaiting(waiting);
  const retryAfterMs = Math.min(state.settings.retryMaxMs, state.settings.retryFirstMs * 2 ** Math.min(attempts - 1, 10));
  return { kind: "wait", error, retryAfterMs };
}

function stopWaiting(at: TopicPartition, state: LoopState): void {
  if (state.waiting.size > 0 && state.waiting.delete(nameOf(at)))
    state.events.partitionResumed({ topic: at.topic, partition: at.partition });
}

function forgetLost(assigned: readonly TopicPartition[], state: LoopState): void {
  const kept = new Set(assigned.map(nameOf));
  for (const name of state.waiting.keys()) if (!kept.has(name)) state.waiting.delete(name);
}

function nameOf(at: TopicPartition): string {
  return `${at.topic}/${at.partition}`;
}
