import { FreshetError } from "@freshet/protocol";
import type { EachBatchPayload } from "kafkajs";
import { type ConsumptionState, moved, tellTrouble } from "./consumption-state.js";
import { FlatMessages } from "./fetch-decoder.js";
import { nameOfPartition } from "./gate.js";
import { fromKafkajs, isKafkajsError, leadsToJoin, protocolTypeOf } from "./kafka-errors.js";
import type { BatchControl, BatchEnd, RecordList, TopicPartition } from "./port.js";
import { within } from "./within.js";

/**
 * Hands one fetched batch to the handler and does what its end asks for. It throws only what kafkajs itself threw at a commit or
 * a heartbeat, unchanged, since kafkajs has to see it to join the group again. Anything else that comes out of a handler
 * becomes a wait: kafkajs takes a `TypeError` for the end of the consumer.
 */
export async function runBatch(payload: EachBatchPayload, state: ConsumptionState): Promise<void> {
  const at: TopicPartition = { topic: payload.batch.topic, partition: payload.batch.partition };
  const name = nameOfPartition(at);
  // A pause does not stop what was fetched before it. Returned unresolved, it is fetched again.
  if (state.stopping || state.gate.isClosed(at) || !state.assigned.has(name)) return;
  if (state.busy.has(name)) {
    state.gate.close(at, state.timing.idleRetryMs);
    return;
  }
  const run = new BatchRun(payload, at, state);
  if (run.records.length === 0) {
    run.endAll();
    await run.commitIfDue();
    return;
  }
  const end = await run.handle();
  await run.settle(end);
}

/** `null`: the handler did not settle in time. */
type Ending = BatchEnd | null;

class BatchRun implements BatchControl {
  readonly records: RecordList;
  readonly #payload: EachBatchPayload;
  readonly #at: TopicPartition;
  readonly #state: ConsumptionState;
  readonly #generation: number;
  readonly #lastOffset: number;
  #retired = false;
  #endedThrough = -1;
  /** The first error of the group that a commit or heartbeat met; kafkajs gets to see it however the handler ends. */
  #groupError: Error | null = null;

  constructor(payload: EachBatchPayload, at: TopicPartition, state: ConsumptionState) {
    this.#payload = payload;
    this.#at = at;
    this.#state = state;
    this.#generation = state.generation;
    this.records = recordsOf(payload);
    this.#lastOffset = this.records.at(-1)?.offset ?? -1;
  }

  ended(offset: number): void {
    if (this.#isStale() || offset <= this.#endedThrough) return;
    const last = this.#lastOffset;
    this.#endedThrough = Math.min(offset, last);
    this.#state.progress++;
    // The batch's last offset counts control records and compacted tails too; without them the lag never gets to 0.
    if (offset >= last) this.endAll();
    else this.#resolve(String(offset));
  }

  /** Ends the batch as a whole, control records and all. */
  endAll(): void {
    this.#resolve(this.#payload.batch.lastOffset());
  }

  #resolve(offset: string): void {
    this.#payload.resolveOffset(offset);
    this.#state.owesCommit = true;
    moved(this.#state, this.#at, Number(offset) + 1);
  }

  async commit(): Promise<void> {
    if (!this.#isStale()) await this.#callKafkajs(() => commitResolved(this.#payload, this.#state), "committing offsets");
  }

  async heartbeat(): Promise<void> {
    if (!this.#isStale()) await this.#callKafkajs(() => this.#payload.heartbeat(), "sending a heartbeat");
  }

  shouldStop(): boolean {
    return this.#isStale() || this.#state.stopping || this.#state.rebalancing || this.#groupError !== null;
  }

  /** A handler that is late, of another generation, or whose partition is gone. */
  #isStale(): boolean {
    return this.#retired || this.#generation !== this.#state.generation;
  }

  async #callKafkajs(call: () => Promise<void>, doing: string): Promise<void> {
    try {
      await within(this.#state.timing.commitTimeoutMs, call(), doing);
    } catch (error) {
      if (!isKafkajsError(error)) throw fromKafkajs(error, doing);
      if (!this.#isStale()) {
        this.#groupError ??= error;
        if (leadsToJoin(error)) this.#state.rebalancing = true; // the other handlers end as well: joining waits for them
      }
      throw error;
    }
  }

  /** Runs the handler against its deadline. Meanwhile the membership is kept alive, but never beyond the deadline. */
  async handle(): Promise<Ending> {
    const name = nameOfPartition(this.#at);
    const { busy, timing } = this.#state;
    busy.add(name);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), timing.batchDeadlineMs);
    });
    const beats = setInterval(() => void this.heartbeat().catch(() => undefined), timing.heartbeatIntervalMs);
    const handled = this.#callHandler().finally(() => busy.delete(name));
    try {
      return await Promise.race([handled, late]);
    } finally {
      clearTimeout(timer);
      clearInterval(beats);
    }
  }

  async #callHandler(): Promise<BatchEnd> {
    const { topic, partition } = this.#at;
    const highWatermark = Number(this.#payload.batch.highWatermark);
    try {
      return await this.#state.options.onBatch({ topic, partition, records: this.records, highWatermark }, this);
    } catch (error) {
      if (this.#groupError !== null) return { kind: "done" }; // thrown on by `settle`
      const trouble = this.#isStale() ? fromKafkajs(error, "handling a batch") : tellTrouble(this.#state, error, "handling a batch");
      return { kind: "wait", error: trouble, retryAfterMs: this.#state.timing.faultRetryMs };
    }
  }

  async settle(end: Ending): Promise<void> {
    const { gate, timing } = this.#state;
    if (end === null) return this.#leaveBehind();
    if (this.#isStale()) return;
    if (this.#groupError !== null) return this.#handOver(this.#groupError);
    if (end.kind === "wait") {
      moved(this.#state, this.#at); // waiting is seen by whoever is responsible
      gate.close(this.#at, end.retryAfterMs);
      return this.#commitAtEnd();
    }
    if (this.#endedThrough < 0 && !this.shouldStop()) gate.close(this.#at, timing.idleRetryMs); // not to spin on the same batch
    await this.commitIfDue();
  }

  #leaveBehind(): void {
    const stale = this.#isStale();
    this.#retired = true;
    if (stale) return;
    const ms = this.#state.timing.batchDeadlineMs;
    const problem = `a batch of ${nameOfPartition(this.#at)} was not finished within ${ms} ms`;
    const fix = "Look at the latency of Redis and of the dead-letter topic; the partition waits and is tried again.";
    tellTrouble(this.#state, new FreshetError("FR3004", "wait", problem, fix), "handling a batch");
    this.#state.gate.close(this.#at, this.#state.timing.faultRetryMs);
  }

  /** A rebalance still takes one commit of what has ended; then kafkajs gets its own error back. */
  async #handOver(error: Error): Promise<never> {
    if (protocolTypeOf(error) === "REBALANCE_IN_PROGRESS") await this.commit().catch(() => undefined);
    throw error;
  }

  /** Commits now and then, more often once the backlog is gone, and always when this may be the last chance. */
  async commitIfDue(): Promise<void> {
    const { batch } = this.#payload;
    const { timing, clock, lastCommitMs } = this.#state;
    const caughtUp = Number(batch.lastOffset()) + 1 >= Number(batch.highWatermark);
    const dueMs = caughtUp ? timing.caughtUpCommitIntervalMs : timing.commitIntervalMs;
    if (this.shouldStop() || clock.nowMs() - lastCommitMs >= dueMs) await this.#commitAtEnd();
  }

  /** Outside the handler only what kafkajs itself threw may go on to kafkajs; the rest is told and tried with the next batch. */
  async #commitAtEnd(): Promise<void> {
    try {
      await this.commit();
    } catch (error) {
      if (this.#groupError !== null) throw this.#groupError;
      tellTrouble(this.#state, error, "committing offsets");
    }
  }
}

/**
 * Commits whatever is resolved in the present generation. By the payload's way and never by `commitOffsets` of the consumer, which
 * an ordinary rebalance turns into the consumer's death; and never without the offsets, which would do nothing.
 */
export async function commitResolved(payload: EachBatchPayload, state: ConsumptionState): Promise<void> {
  const offsets = payload.uncommittedOffsets();
  state.owesCommit = false; // before, for what ends meanwhile owes again
  state.lastCommitMs = state.clock.nowMs();
  if (offsets.topics.length === 0) return;
  try {
    await payload.commitOffsetsIfNecessary(offsets);
  } catch (error) {
    state.owesCommit = true;
    throw error;
  }
}

/** Our decoder brings records in one carrier. What lies before the offset asked for came along in its batch and is dropped. */
function recordsOf(payload: EachBatchPayload): RecordList {
  const [message] = payload.batch.messages;
  if (!(message instanceof FlatMessages)) {
    const problem = "a fetch was not decoded by Freshet's decoder";
    throw new FreshetError("FR9001", "halt", problem, "Report it: kafkajs was changed, or loaded twice.");
  }
  const { fetchedOffset } = payload.batch as { fetchedOffset?: string };
  const from = Number(fetchedOffset ?? 0);
  const first = message.records.at(0);
  if (first === undefined || first.offset >= from) return message.records;
  return message.records.slice().filter((record) => record.offset >= from);
}
