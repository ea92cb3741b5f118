import { judgeLag, type LagObservation, type LagState, type ObservedPartition, observeLag } from "@freshet/kafka";
import type { LogReading, TopicPartition } from "@freshet/kafka/port";
import type { WaitingPartition } from "@freshet/pipeline";
import type { KnownPosition, Lag } from "./lag.js";

/** How far behind a partition is, whoever has it, and why. */
export interface WatchedPartition extends TopicPartition {
  /** `null`: not known. */
  readonly records: number | null;
  readonly openRecords: number | null;
  /** Age of the oldest record that is not applied, in milliseconds; `null`: not known. */
  readonly oldestAgeMs: number | null;
  readonly state: LagState;
  readonly reason: string;
}

/**
 * The lag of all partitions of the group: what this process saw of its own records, and what brokers say of everything else
 * every few seconds. So it is true as well when the consumer is dead, when partitions wait, when another process has them,
 * and when nobody does. While brokers do not tell, the age of a record that is known goes on growing; that nothing is behind
 * is believed for a short time only.
 */
export interface LagWatch {
  readings(): readonly WatchedPartition[];
  /** Topics that are asked for, be anything known of them or not. */
  readonly topics: readonly string[];
  /** Whether brokers have not told for so long that nobody knows what else is behind by now. */
  readonly isBlind: boolean;
  /** When brokers last answered, in milliseconds since 1970; 0 before they did. */
  readonly observedMs: number;
  /** Asks the brokers anew unless that was just done; gives up waiting soon. Never rejects. */
  refresh(): Promise<void>;
  start(): void;
  stop(): void;
}

export interface LagWatchOptions {
  readonly kafka: Pick<LogReading, "offsets" | "committed" | "describeGroup" | "peek">;
  readonly group: string;
  readonly topics: readonly string[];
  readonly lag: Pick<Lag, "positions">;
  readonly waiting: () => readonly WaitingPartition[];
  readonly clock: { nowMs(): number };
}

const OBSERVE_EVERY_MS = 5000;
/** Who reads the metrics gets figures that are not older than this, if brokers answer within as long. */
const FRESH_MS = 500;
const REFRESH_WAIT_MS = 800;
const STALE_AFTER_MS = 60_000;
/**
 * For so long a partition that was caught up is said to be, without another answer: three looks. One may be lost to a broker that
 * restarts, and a scrape apart is soon enough for everybody who waits to hear; it is far below any budget of staleness.
 */
const BLIND_AFTER_MS = 3 * OBSERVE_EVERY_MS;

export function createLagWatch(options: LagWatchOptions): LagWatch {
  const { kafka, group, topics, lag, clock } = options;
  let last: LagObservation | null = null;
  /** A look some seconds before `last`: what has moved since is not stuck. */
  let before: LagObservation | null = null;
  let looking: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  const openedMs = clock.nowMs();
  const isBlind = (): boolean => clock.nowMs() - (last?.atMs ?? openedMs) >= BLIND_AFTER_MS;

  const look = async (): Promise<void> => {
    const known = byName(lag.positions());
    const positionOf = (at: TopicPartition): number | null => known.get(nameOf(at))?.next ?? null;
    const observation = await observeLag(kafka, { group, topics, positionOf }, clock);
    if (before === null || observation.atMs - before.atMs >= OBSERVE_EVERY_MS) before = last;
    last = observation;
  };
  /** One look at a time; a failed one changes nothing, and its age tells of it. */
  const observe = (): Promise<void> => {
    looking ??= look()
      .catch(() => undefined)
      .finally(() => {
        looking = null;
      });
    return looking;
  };

  return {
    topics,
    get isBlind() {
      return isBlind();
    },
    // before the first look there is nothing to believe
    readings: () => readings({ ...options, last, before, isBlind: last === null || isBlind() }),
    get observedMs() {
      return last?.atMs ?? 0;
    },
    async refresh() {
      if (last !== null && clock.nowMs() - last.atMs < FRESH_MS) return;
      let late: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        late = setTimeout(resolve, REFRESH_WAIT_MS);
      });
      await Promise.race([observe(), patience]);
      clearTimeout(late);
    },
    start() {
      timer ??= setInterval(() => void observe(), OBSERVE_EVERY_MS);
      void observe();
    },
    stop() {
      clearInterval(timer);
    },
  };
}

interface Looked extends LagWatchOptions {
  readonly last: LagObservation | null;
  readonly before: LagObservation | null;
  readonly isBlind: boolean;
}

function readings({ last, before, isBlind, lag, waiting, clock }: Looked): readonly WatchedPartition[] {
  const nowMs = clock.nowMs();
  const known = byName(lag.positions());
  const observation = last ?? { atMs: nowMs, group: { group: "", state: "missing", members: 1 }, partitions: [], missing: [] };
  const seen = new Map(observation.partitions.map((entry) => [nameOf(entry), merge(entry, known.get(nameOf(entry)))]));
  for (const [name, position] of known) if (!seen.has(name)) seen.set(name, alone(position));
  const judged = judgeLag(
    { ...observation, partitions: [...seen.values()] },
    { nowMs, staleAfterMs: STALE_AFTER_MS, ...(before === null ? {} : { before }) },
  );
  const waits = byName(waiting());
  return judged.map((judgement) => {
    const { topic, partition, records, openRecords, ageMs, state, reason } = isBlind ? unlessBehind(judgement) : judgement;
    const wait = waits.get(nameOf({ topic, partition }));
    const told = wait === undefined ? { state, reason } : { state: "waiting" as const, reason: `${wait.code}: ${wait.problem}` };
    return { topic, partition, records, openRecords, oldestAgeMs: ageMs, ...told };
  });
}

type Judged = Omit<WatchedPartition, "oldestAgeMs"> & { readonly ageMs: number | null };

/** Without the brokers: what is behind is behind still; of what was not, nobody knows. */
function unlessBehind(judged: Judged): Judged {
  const { records, openRecords, state, reason } = judged;
  if (records !== 0 || openRecords !== 0) return judged;
  const why = { state: "unknown" as const, reason: "brokers do not tell where the partition ends" };
  return { ...judged, records: null, openRecords: null, ageMs: null, ...(state === "caught_up" ? why : { state, reason }) };
}

/** What brokers said, moved on by what this process has done since; it knows the time of its oldest record exactly. */
function merge(observed: ObservedPartition, known: KnownPosition | undefined): ObservedPartition {
  const { committed, oldest } = observed;
  if (known === undefined) return observed;
  if (known.oldest !== null && (committed === null || committed <= known.oldest.offset)) {
    const end = Math.max(observed.stable, known.oldest.offset + 1);
    return { ...observed, stable: end, latest: Math.max(end, observed.latest), committed: known.oldest.offset, oldest: known.oldest };
  }
  const { next } = known;
  if (next === null || (committed !== null && next <= committed)) return observed;
  const end = Math.max(observed.stable, next);
  const isEnded = oldest !== null && oldest !== "unknown" && oldest.offset < next;
  // of what follows nothing is known until the next look, but that it is newer than what has ended
  const following = next < observed.stable ? { offset: next, timestampMs: known.endedTimestampMs } : null;
  return { ...observed, stable: end, latest: Math.max(end, observed.latest), committed: next, oldest: isEnded ? following : oldest };
}

/** Before the first look. */
function alone({ topic, partition, oldest, next, highWatermark }: KnownPosition): ObservedPartition {
  const committed = oldest?.offset ?? next;
  const end = Math.max(highWatermark, committed ?? 0);
  return { topic, partition, earliest: 0, latest: end, stable: end, committed, oldest, open: null };
}

function byName<T extends TopicPartition>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((entry) => [nameOf(entry), entry]));
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
