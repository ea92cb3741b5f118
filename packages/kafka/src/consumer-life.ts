import { FreshetError } from "@freshet/protocol";
import type { Consumer } from "kafkajs";
import { commitResolved, runBatch } from "./batch-run.js";
import { type ConsumptionState, join, noValve, tellTrouble } from "./consumption-state.js";
import type { TopicPartition } from "./port.js";
import { settlesWithin, within } from "./within.js";

/** One kafkajs consumer from birth to crash. A crashed one is never used again. */
export interface ConsumerLife {
  /** Resolves with what killed it, or `null` when it was ended from outside. */
  readonly died: Promise<unknown>;
  /** Connects, subscribes and begins to join. */
  start(): Promise<void>;
  /** Commits what has ended. For the time after the last handler; errors are the caller's to ignore. */
  commit(): Promise<void>;
  /** Leaves the group and closes connections. Whether that was done within the time given; it goes on afterwards. */
  end(withinMs: number): Promise<boolean>;
}

/** Partitions of one broker's fetch that are handled side by side. More than 8 only adds memory. */
const PARTITIONS_AT_ONCE = 8;

export function createConsumerLife(consumer: Consumer, state: ConsumptionState): ConsumerLife {
  let running: Promise<void> = Promise.resolve();
  /** Somebody wants it to end: it must not begin to run any more. */
  let ending = false;
  let over = false;
  let commit = async (): Promise<void> => undefined;
  let die: (error: unknown) => void = () => undefined;
  const died = new Promise<unknown>((resolve) => {
    die = resolve;
  });

  const run = (): Promise<void> =>
    consumer.run({
      autoCommit: false, // offsets move when records have ended, and only then
      eachBatchAutoResolve: false, // an early return must not count as done
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: async (payload) => {
        if (over) return;
        commit = () => commitResolved(payload, state);
        await runBatch(payload, state);
      },
    });

  return {
    died,
    async start() {
      const { connectTimeoutMs } = state.timing;
      listenTo(consumer, { state, isOver: () => over, commit: () => commit(), die });
      await within(connectTimeoutMs, consumer.connect(), "connecting");
      // fromBeginning: a group without offsets, a new partition and an expired offset must not skip records
      await within(connectTimeoutMs, consumer.subscribe({ topics: [...state.options.topics], fromBeginning: true }), "subscribing");
      if (ending) return;
      state.valve = valveOf(consumer);
      running = run();
      running.catch(die);
    },
    commit: () => commit(),
    async end(withinMs) {
      ending = true;
      die(null);
      // A consumer that is stopped while it joins comes to life when the join succeeds: so the join is waited for.
      const gone = running.catch(() => undefined).then(() => consumer.disconnect());
      const inTime = await settlesWithin(withinMs, gone);
      over = true;
      state.valve = noValve;
      return inTime;
    },
  };
}

interface Listening {
  readonly state: ConsumptionState;
  readonly isOver: () => boolean;
  readonly commit: () => Promise<void>;
  readonly die: (error: unknown) => void;
}

function listenTo(consumer: Consumer, { state, isOver, commit, die }: Listening): void {
  const { events } = consumer;
  const { timing } = state;
  const on = <E>(listener: (event: E) => void): ((event: E) => void) => tolerant((event: E) => !isOver() && listener(event));
  const alive = on(() => {
    state.lastSeenMs = state.clock.nowMs();
    if (!state.owesCommit || state.rebalancing) return;
    // What the last batches left uncommitted, or failed to commit, would wait for the next record; fetches go on without one.
    const dueMs = state.busy.size === 0 ? timing.caughtUpCommitIntervalMs : timing.commitIntervalMs;
    if (state.lastSeenMs - state.lastCommitMs < dueMs) return;
    commit().catch(() => undefined); // what is wrong meets the next heartbeat too, where kafkajs can do something about it
  });
  const rebalancing = on(() => {
    state.rebalancing = true;
    // The last chance: kafkajs first looks for the coordinator and then joins, so this gets there before it.
    if (state.owesCommit) commit().catch(() => undefined);
  });
  consumer.on(events.FETCH, alive);
  consumer.on(events.FETCH, on(watchForJoin(state, die)));
  consumer.on(events.HEARTBEAT, alive);
  consumer.on(events.REBALANCING, rebalancing);
  consumer.on(
    events.GROUP_JOIN,
    on(({ payload }) => join(state, partitionsOf(payload.memberAssignment))),
  );
  consumer.on(
    events.RECEIVED_UNSUBSCRIBED_TOPICS,
    on(({ payload }) => tellTrouble(state, strangers(payload.topicsNotSubscribed), "joining the group")),
  );
  consumer.on(
    events.CRASH,
    on(({ payload }) => die(payload.error)),
  );
}

/**
 * Handlers end when the group is to be joined again, and then kafkajs joins. Where that join fails, it may go on to read as
 * nobody's member, for ever: a fetch so much later than all handlers must have ended shows it, and a new consumer is made.
 */
function watchForJoin(state: ConsumptionState, die: (error: unknown) => void): () => void {
  let generation = -1;
  let sinceMs = 0;
  return () => {
    const nowMs = state.clock.nowMs();
    if (!state.rebalancing) generation = -1;
    else if (generation !== state.generation) [generation, sinceMs] = [state.generation, nowMs];
    if (!state.rebalancing || nowMs - sinceMs < state.timing.batchDeadlineMs) return;
    const fix = "Nothing to do: a new consumer is made, which joins.";
    die(new FreshetError("FR3001", "wait", "the consumer lost its membership and could not join the group again", fix));
  };
}

/** With the assigner of `group-assigner.ts` in every member this cannot be: so one of them is not ours. */
function strangers(topics: readonly string[]): FreshetError {
  const problem = `the group's leader assigned partitions of topics that are not read here: ${topics.join(", ")}`;
  return new FreshetError("FR3011", "halt", problem, "Give each program a consumer group of its own (FRESHET_KAFKA_GROUP).");
}

function valveOf(consumer: Consumer): ConsumptionState["valve"] {
  // Between two lives kafkajs throws: nothing is fetched then, and the gate is applied again at the next join.
  return {
    pause: tolerant(({ topic, partition }) => consumer.pause([{ topic, partitions: [partition] }])),
    resume: tolerant(({ topic, partition }) => consumer.resume([{ topic, partitions: [partition] }])),
  };
}

/** A call that never throws: kafkajs calls listeners inside its own loop, and a throw there would stop it. */
function tolerant<E>(call: (subject: E) => unknown): (subject: E) => void {
  return (subject) => {
    try {
      call(subject);
    } catch {
      // see above
    }
  };
}

function partitionsOf(assignment: Readonly<Record<string, readonly number[]>>): readonly TopicPartition[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })));
}
