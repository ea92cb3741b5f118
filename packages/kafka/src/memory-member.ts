import { asFreshetError, FreshetError, type KafkaRecord } from "@freshet/protocol";
import type { Bell } from "./bell.js";
import type { MemoryStretch } from "./memory-partition.js";
import type { BatchControl, BatchEnd, ConsumeOptions, TopicPartition } from "./port.js";

/** One member of a group in memory: a loop for each of its partitions. */
export interface MemoryMember {
  readonly topics: readonly string[];
  joined(): boolean;
  /** Starts on a share of the partitions, in the group's present generation. */
  take(share: readonly TopicPartition[]): void;
  /** Takes nothing any more; its loops end after their slice. */
  retire(): void;
  /** Resolves when no loop runs. */
  idle(): Promise<void>;
}

/** What groups see of the log. */
export interface LogView {
  readonly clock: { nowMs(): number };
  partitionsOf(topic: string): number;
  /** At most `count` committed records from this offset on. */
  read(at: TopicPartition, offset: number, count: number): MemoryStretch;
  /** The first offset that is still there. */
  earliest(at: TopicPartition): number;
  /** The offset the next record will get. */
  end(at: TopicPartition): number;
}

/** What members see of their group. */
export interface GroupView {
  readonly log: LogView;
  readonly bell: Bell;
  generation(): number;
  rebalancing(): boolean;
  /** `null` before anything was committed. */
  committed(at: TopicPartition): number | null;
  commit(at: TopicPartition, offset: number): void;
}

const BATCH_RECORDS_MAX = 500;
const BATCH_DEADLINE_MS = 30_000;
const FAULT_RETRY_MS = 1000;
const IDLE_RETRY_MS = 200;

export function createMemoryMember(options: ConsumeOptions, group: GroupView): MemoryMember {
  let joined = false;
  let retired = false;
  let loops: readonly Promise<void>[] = [];
  const member: MemberView = { options, group, retired: () => retired };
  return {
    topics: options.topics,
    joined: () => joined,
    take(share) {
      joined = true;
      if (retired) return;
      tell(() => options.onAssigned?.(share));
      loops = share.map((at) => consumePartition(at, member));
    },
    retire() {
      retired = true;
    },
    async idle() {
      await Promise.all(loops);
    },
  };
}

interface MemberView {
  readonly options: ConsumeOptions;
  readonly group: GroupView;
  retired(): boolean;
}

/** Delivers a partition from its committed offset on until the group rebalances or the member retires. Never rejects. */
async function consumePartition(at: TopicPartition, member: MemberView): Promise<void> {
  const { log, bell, generation, rebalancing } = member.group;
  const born = generation();
  const live = (): boolean => generation() === born && !rebalancing() && !member.retired();
  let position = member.group.committed(at) ?? log.earliest(at);
  let notBeforeMs = 0;
  while (live()) {
    position = goBehindHole(at, position, member);
    const waitMs = notBeforeMs - log.clock.nowMs();
    const { records, next } = waitMs > 0 ? { records: [], next: position } : log.read(at, position, BATCH_RECORDS_MAX);
    if (records.length === 0) {
      if (next > position) {
        position = next; // control records
        member.group.commit(at, position);
        continue;
      }
      await bell.wait(waitMs > 0 ? waitMs : undefined);
      continue;
    }
    const run = createRun(at, { records, member, live });
    const end = await handle(run, member);
    position = Math.max(position, run.next());
    run.retire();
    if (end.kind === "wait") notBeforeMs = log.clock.nowMs() + end.retryAfterMs;
    else if (run.next() < 0) notBeforeMs = log.clock.nowMs() + IDLE_RETRY_MS;
  }
}

/** Where to read on: the first record that is there, when those from the position on were deleted. */
function goBehindHole(at: TopicPartition, position: number, { group, options }: MemberView): number {
  const earliest = group.log.earliest(at);
  if (position >= earliest) return position;
  tell(() => options.onHole?.({ ...at, askedOffset: position, resumedAt: earliest, cause: "expired" }));
  return earliest;
}

interface Run {
  readonly at: TopicPartition;
  readonly records: readonly KafkaRecord[];
  readonly control: BatchControl;
  /** The offset after what has ended; -1 when nothing has. */
  next(): number;
  /** Whatever the handler does from now on counts no more. */
  retire(): void;
}

function createRun(at: TopicPartition, context: { records: readonly KafkaRecord[]; member: MemberView; live: () => boolean }): Run {
  const { records, member, live } = context;
  const { group } = member;
  const born = group.generation();
  let next = -1;
  let retired = false;
  const stale = (): boolean => retired || group.generation() !== born;
  const control: BatchControl = {
    ended(offset) {
      const last = records.at(-1)?.offset ?? -1;
      if (!stale()) next = Math.max(next, Math.min(offset, last) + 1);
    },
    async commit() {
      if (!stale() && next >= 0) group.commit(at, next);
    },
    async heartbeat() {
      if (stale() || !group.rebalancing()) return;
      throw new FreshetError("FR3001", "wait", "the group is rebalancing", "Nothing to do: the partitions are shared out anew.");
    },
    shouldStop: () => stale() || !live(),
  };
  return {
    at,
    records,
    control,
    next: () => next,
    retire: () => {
      retired = true;
    },
  };
}

/** Runs the handler against its deadline, and commits what it ended. */
async function handle(run: Run, member: MemberView): Promise<BatchEnd> {
  const { topic, partition } = run.at;
  const highWatermark = member.group.log.end(run.at);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<BatchEnd>((resolve) => {
    const problem = `a batch of ${topic}/${partition} was not finished within ${BATCH_DEADLINE_MS} ms`;
    const error = new FreshetError("FR3004", "wait", problem, "Look at the latency of the store; it is tried again.");
    timer = setTimeout(() => resolve(waitFor(error, member)), BATCH_DEADLINE_MS);
  });
  try {
    const handled = member.options.onBatch({ topic, partition, records: run.records, highWatermark }, run.control);
    return await Promise.race([handled, late]);
  } catch (error) {
    // the group's own error ends the loop anyway; anything else is the handler's fault and waits
    return run.control.shouldStop() ? { kind: "done" } : waitFor(asFreshetError(error), member);
  } finally {
    clearTimeout(timer);
    await run.control.commit();
  }
}

function waitFor(error: FreshetError, member: MemberView): BatchEnd {
  tell(() => member.options.onTrouble?.(error));
  return { kind: "wait", error, retryAfterMs: FAULT_RETRY_MS };
}

/** A callback that fails must not stop the member. */
function tell(call: () => void): void {
  try {
    call();
  } catch {
    // it had its chance
  }
}
