import { nameOfPartition } from "./gate.js";
import type { CommittedOffset, GroupDescription, LogReading, PartitionOffsets, PeekedRecord, TopicPartition } from "./port.js";

/**
 * What a partition does, one word a state:
 *
 *   caught_up            nothing is behind
 *   consuming            records are behind, and the group works on them
 *   waiting              they wait for something that is known: a rebalance, Redis, the dead-letter topic
 *   stuck                they do not move though the group has members
 *   dead                 they do not move, for the group has no member
 *   hanging_transaction  a transaction was begun long ago and not ended; what lies behind it waits
 *   no_commits           records are there, and the group has no member and has never committed anything
 *   hole                 records were deleted before they were applied, or the log is another one now
 *   unknown              brokers did not tell enough
 */
export const lagStates = [
  "caught_up",
  "consuming",
  "waiting",
  "stuck",
  "dead",
  "hanging_transaction",
  "no_commits",
  "hole",
  "unknown",
] as const;
export type LagState = (typeof lagStates)[number];

/** How far behind a group is on one partition. */
export interface PartitionLag extends TopicPartition {
  readonly state: LagState;
  /** A sentence that says why. */
  readonly reason: string;
  /** Stable offsets that are not applied; `null` where they are not known. A few of them may be control records. */
  readonly records: number | null;
  /** Offsets of transactions that are open, and what waits behind them. */
  readonly openRecords: number;
  /** Age of the oldest record that is not applied, from its own timestamp; 0 when there is none, `null` when not known. */
  readonly ageMs: number | null;
  readonly committed: number | null;
  readonly earliest: number;
  readonly stable: number;
  readonly latest: number;
}

/** One look at a group and its partitions. */
export interface LagObservation {
  readonly atMs: number;
  readonly group: GroupDescription;
  readonly partitions: readonly ObservedPartition[];
  /** Topics that do not exist. */
  readonly missing: readonly string[];
}

export interface ObservedPartition extends PartitionOffsets {
  readonly committed: number | null;
  /** The first record that is not applied. `none`: only control records are left. `unknown`: brokers were slow to tell. */
  readonly oldest: PeekedRecord["found"] | "unknown";
  /** The first record of an open transaction, where it is what the end of the partition waits for. */
  readonly open: PeekedRecord["found"] | "unknown";
}

export interface LagQuestion {
  readonly group: string;
  readonly topics: readonly string[];
  /** What is known to be applied beyond what is committed: the next offset. */
  readonly positionOf?: (at: TopicPartition) => number | null;
}

type LagPort = Pick<LogReading, "offsets" | "committed" | "describeGroup" | "peek">;

/** Looks once, with a few requests; joins no group. Errors are those of the port. */
export async function observeLag(log: LagPort, question: LagQuestion, clock: { nowMs(): number }): Promise<LagObservation> {
  const { group: id, topics, positionOf = () => null } = question;
  // what is committed before where the log ends: the other way round, a quick group would seem to be ahead of it
  const [committed, group] = await Promise.all([log.committed(id, topics), log.describeGroup(id)]);
  const offsets = await log.offsets(topics);
  const commits = new Map(committed.map((entry: CommittedOffset) => [nameOfPartition(entry), entry.offset]));
  const partitions = offsets.map((entry) => ({ ...entry, committed: commits.get(nameOfPartition(entry)) ?? null }));
  const behind = partitions
    .map((entry) => ({ ...entry, offset: nextOf(entry, positionOf(entry)) }))
    .filter(({ offset, stable }) => offset < stable)
    .map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  const open = partitions
    .filter(({ stable, latest }) => stable < latest)
    .map(({ topic, partition, stable }) => ({ topic, partition, offset: stable }));
  const [oldest, began] = await Promise.all([log.peek(behind), open.length === 0 ? [] : log.peek(open, { uncommitted: true })]);
  const firstOf = finder(behind, oldest);
  const openOf = finder(open, began);
  const known = new Set(offsets.map(({ topic }) => topic));
  return {
    atMs: clock.nowMs(),
    group,
    partitions: partitions.map((entry) => ({ ...entry, oldest: firstOf(entry), open: openOf(entry) })),
    missing: [...new Set(topics)].filter((topic) => !known.has(topic)),
  };
}

/** The next offset the group has to read: the log's first where it has committed none, or what it wanted is gone. */
function nextOf({ committed, earliest, latest }: Omit<ObservedPartition, "oldest" | "open">, position: number | null): number {
  const from = committed === null || committed > latest ? earliest : Math.max(committed, earliest);
  return position === null || position > latest ? from : Math.max(from, position);
}

function finder(asked: readonly TopicPartition[], answers: readonly PeekedRecord[]): (at: TopicPartition) => ObservedPartition["oldest"] {
  const names = new Set(asked.map(nameOfPartition));
  const found = new Map(answers.map((entry) => [nameOfPartition(entry), entry.found]));
  return (at) => {
    const name = nameOfPartition(at);
    if (!names.has(name)) return null;
    return found.has(name) ? (found.get(name) ?? null) : "unknown";
  };
}

export interface LagJudgement {
  readonly nowMs: number;
  /** An earlier look: what has moved since is not stuck. */
  readonly before?: LagObservation;
  /** Records older than this do not wait for their turn any more, in milliseconds. */
  readonly staleAfterMs: number;
}

/** What the numbers mean. Pure. */
export function judgeLag(observation: LagObservation, judgement: LagJudgement): readonly PartitionLag[] {
  const before = new Map(judgement.before?.partitions.map((entry) => [nameOfPartition(entry), entry.committed]) ?? []);
  return observation.partitions.map((entry) => {
    const { topic, partition, committed, earliest, stable, latest } = entry;
    const behind = entry.oldest === null ? 0 : stable - nextOf(entry, null);
    const earlier = before.get(nameOfPartition(entry));
    const hasMoved = earlier !== undefined && committed !== null && committed > (earlier ?? -1);
    const ageMs = ageOf(entry, judgement.nowMs);
    const facts = { entry, ageMs, hasMoved, group: observation.group, staleAfterMs: judgement.staleAfterMs };
    return {
      topic,
      partition,
      ...verdict(facts),
      records: behind,
      openRecords: latest - stable,
      ageMs,
      committed,
      earliest,
      stable,
      latest,
    };
  });
}

/** Age of the oldest record that is not applied, be it committed or in an open transaction. */
function ageOf({ oldest, open }: ObservedPartition, nowMs: number): number | null {
  const first = oldest ?? open;
  if (first === null) return 0;
  if (first === "unknown" || first.timestampMs <= 0) return null;
  return Math.max(0, nowMs - first.timestampMs);
}

interface Facts {
  readonly entry: ObservedPartition;
  readonly ageMs: number | null;
  readonly hasMoved: boolean;
  readonly group: GroupDescription;
  readonly staleAfterMs: number;
}

type Verdict = Pick<PartitionLag, "state" | "reason">;

function verdict(facts: Facts): Verdict {
  const { entry, ageMs, group, staleAfterMs, hasMoved } = facts;
  const { committed, earliest, latest, oldest } = entry;
  const hole = holeOf(entry);
  if (hole !== null) return hole;
  const isStale = ageMs !== null && ageMs >= staleAfterMs;
  if (oldest === null) return settledVerdict(entry, isStale);
  if (committed === null && group.members === 0) {
    const whence = earliest === latest ? "" : `; it would begin at ${earliest}`;
    return { state: "no_commits", reason: `the group ${group.group} has never committed anything here and has no member${whence}` };
  }
  if (group.members === 0) return { state: "dead", reason: `the group ${group.group} has no member: no service runs` };
  if (group.state === "rebalancing") return { state: "waiting", reason: "the group shares its partitions out anew" };
  if (hasMoved) return { state: "consuming", reason: "records are applied, and more are there" };
  if (oldest === "unknown") return { state: "unknown", reason: "brokers did not show the oldest record in time" };
  if (isStale) return { state: "stuck", reason: "the group has members, and the oldest record does not move: see /readyz and the log" };
  if (committed === null) return { state: "consuming", reason: "the group has begun and has not committed anything here yet" };
  return { state: "consuming", reason: "the newest records are on their way" };
}

/** Everything that is stable is applied. */
function settledVerdict({ open, stable, latest }: ObservedPartition, isStale: boolean): Verdict {
  if (open === null && stable === latest) return { state: "caught_up", reason: "everything is applied" };
  if (!isStale) return { state: "caught_up", reason: "everything is applied but a transaction that is open" };
  const reason = `a transaction is open at offset ${stable} and holds back ${latest - stable} offsets: find its producer, or abort it (kafka-transactions.sh)`;
  return { state: "hanging_transaction", reason };
}

function holeOf({ committed, earliest, latest }: ObservedPartition): Verdict | null {
  if (committed === null || (committed >= earliest && committed <= latest)) return null;
  if (committed > latest)
    return { state: "hole", reason: `the log ends at ${latest}, before ${committed} that is committed: it was made anew or cut` };
  return {
    state: "hole",
    reason: `${earliest - committed} offsets were deleted before they were applied: entries they touch may be stale`,
  };
}

/** Whether somebody should look: what is behind for too long, or will stay so. */
export function needsAttention({ state, ageMs }: PartitionLag, staleAfterMs: number): boolean {
  if (state === "stuck" || state === "dead" || state === "hanging_transaction" || state === "hole" || state === "unknown") return true;
  return state !== "caught_up" && (state === "no_commits" || (ageMs ?? 0) >= staleAfterMs);
}
