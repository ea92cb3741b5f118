import { setTimeout as sleep } from "node:timers/promises";
import { FreshetError } from "@freshet/protocol";
import type { ClusterCalls } from "./cluster-calls.js";
import { nameOfPartition } from "./gate.js";
import { protocolTypeOf } from "./kafka-errors.js";
import { byTopic, type FetchedTopic, type IsolationLevel, type KafkajsCluster, readCommitted, readUncommitted } from "./kafkajs-cluster.js";
import { EARLIEST, LATEST, listOffsets } from "./kafkajs-offsets.js";
import { FLAT_FETCH_MAX_BYTES } from "./patches.js";
import type { OffsetRange, RecordBatch, TopicPartition } from "./port.js";
import { rangeIsGone } from "./reading-checks.js";

/** Where a range has to be read on. */
export interface Wanted {
  readonly range: OffsetRange;
  readonly position: number;
}

export interface Fetched {
  readonly range: OffsetRange;
  readonly batch: RecordBatch;
  /** The offset behind all that the fetch accounts for: records, control records, aborted transactions, holes. */
  readonly next: number;
}

export interface RangeFetcher {
  /** Some of what is wanted, at least the position of one range forward; nothing where nothing is there yet, or at a stop. */
  fetch(wanted: readonly Wanted[]): Promise<readonly Fetched[]>;
}

export interface FetchContext {
  readonly calls: ClusterCalls;
  readonly stop: AbortSignal;
  readonly timing: { readonly patienceMs: number; readonly fetchWaitMs: number };
  readonly maxBytesPerPartition: number;
  /** Committed records only, when absent. */
  readonly isolationLevel?: IsolationLevel;
}

type Led = TopicPartition & { readonly leader: number };
type Part = FetchedTopic["partitions"][number] & { readonly topic: string };

const NOTHING: readonly Fetched[] = [];
const PAUSE_MS = 100;

export function createRangeFetcher(led: readonly Led[], context: FetchContext): RangeFetcher {
  const fetcher = new Fetcher(led, context);
  return { fetch: (wanted) => fetcher.fetch(wanted) };
}

class Fetcher {
  readonly #context: FetchContext;
  #leaders: ReadonlyMap<string, number>;
  #isStale = false;

  constructor(led: readonly Led[], context: FetchContext) {
    this.#leaders = new Map(led.map((at) => [nameOfPartition(at), at.leader]));
    this.#context = context;
  }

  async fetch(wanted: readonly Wanted[]): Promise<readonly Fetched[]> {
    const { calls, stop, timing } = this.#context;
    try {
      return await calls.persist("fetching", (cluster) => this.#fetchOnce(cluster, wanted), { patienceMs: timing.patienceMs, stop });
    } catch (error) {
      if (stop.aborted) return NOTHING;
      throw error;
    }
  }

  async #fetchOnce(cluster: KafkajsCluster, wanted: readonly Wanted[]): Promise<readonly Fetched[]> {
    if (this.#isStale) await this.#lookForLeaders(wanted);
    this.#isStale = true; // until all have answered
    const byLeader = Map.groupBy(wanted, ({ range }) => this.#leaders.get(nameOfPartition(range)) ?? -1);
    const answers = await Promise.allSettled([...byLeader].map(([leader, some]) => this.#fetchFrom(cluster, leader, some)));
    const fetched = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    const failure = answers.find((answer) => answer.status === "rejected");
    if (failure === undefined) this.#isStale = false;
    else if (fetched.length === 0) throw failure.reason; // else the next fetch meets it again
    if (wanted.length > 0 && fetched.length === 0) await this.#pause();
    return fetched;
  }

  async #fetchFrom(cluster: KafkajsCluster, leader: number, wanted: readonly Wanted[]): Promise<readonly Fetched[]> {
    try {
      const parts = await this.#request(cluster, leader, wanted);
      const fetched: Fetched[] = [];
      for (const want of wanted) {
        const part = parts.get(nameOfPartition(want.range));
        if (part === undefined) continue;
        const one = fetchedOf(want, part) ?? (await this.#lookBehindHole(cluster, leader, { want, part }));
        if (one !== null) fetched.push(one);
      }
      return fetched;
    } catch (error) {
      if (protocolTypeOf(error) !== "OFFSET_OUT_OF_RANGE") throw error;
      return this.#goToBeginning(wanted);
    }
  }

  async #request(cluster: KafkajsCluster, leader: number, wanted: readonly Wanted[]): Promise<ReadonlyMap<string, Part>> {
    const { timing, maxBytesPerPartition: maxBytes, isolationLevel = readCommitted } = this.#context;
    const broker = await cluster.findBroker({ nodeId: leader });
    const topics = byTopic(
      wanted.map(({ range, position }) => ({ ...range, position })),
      ({ partition, position }) => ({ partition, fetchOffset: String(position), maxBytes }),
    );
    const limits = { maxWaitTime: timing.fetchWaitMs, minBytes: 1, maxBytes: FLAT_FETCH_MAX_BYTES };
    const { responses } = await broker.fetch({ isolationLevel, ...limits, topics });
    const parts = responses.flatMap(({ topicName, partitions }) => partitions.map((part) => ({ ...part, topic: topicName })));
    return new Map(parts.map((part) => [nameOfPartition(part), part]));
  }

  /**
   * Nothing came, though committed offsets follow: other partitions took the room, or compaction took all that was there, which
   * only a fetch of this partition alone can tell.
   */
  async #lookBehindHole(cluster: KafkajsCluster, leader: number, { want, part }: { want: Wanted; part: Part }): Promise<Fetched | null> {
    const stable = Number(part.lastStableOffset);
    if (want.position >= stable) return null;
    const alone = (await this.#request(cluster, leader, [want])).get(nameOfPartition(want.range));
    if (alone === undefined) return null;
    return fetchedOf(want, alone) ?? emptyUntil(want, stable, part);
  }

  /** Retention took the beginning of at least one range. */
  async #goToBeginning(wanted: readonly Wanted[]): Promise<readonly Fetched[]> {
    const { calls } = this.#context;
    const led = wanted.map(({ range }) => ({ ...range, leader: this.#leaders.get(nameOfPartition(range)) ?? -1 }));
    const ask = async (timestamp: number) => {
      const found = await listOffsets(led, { timestamp, isolationLevel: readUncommitted, patienceMs: 0 }, calls);
      return new Map(found.map((at) => [nameOfPartition(at), at.offset]));
    };
    const earliest = await ask(EARLIEST);
    const latest = await ask(LATEST);
    return wanted.flatMap((want) => {
      const name = nameOfPartition(want.range);
      const end = latest.get(name) ?? 0;
      if (want.position > end) throw rangeIsGone(want.range, { position: want.position, end });
      const begin = earliest.get(name) ?? 0;
      return begin > want.position ? [emptyUntil(want, begin, { highWatermark: String(end) })] : [];
    });
  }

  async #lookForLeaders(wanted: readonly Wanted[]): Promise<void> {
    const led = await this.#context.calls.leaders(
      wanted.map(({ range }) => range.topic),
      { patienceMs: 0 },
    );
    this.#leaders = new Map(led.map((at) => [nameOfPartition(at), at.leader]));
    const missing = wanted.filter(({ range }) => !this.#leaders.has(nameOfPartition(range))).map(({ range }) => nameOfPartition(range));
    if (missing.length === 0) return;
    const problem = `these partitions are gone: ${missing.join(", ")}`;
    throw new FreshetError("FR3002", "halt", problem, "Somebody deleted the topic while it was read; look who did.");
  }

  /** A broker that answers at once with nothing must not be asked in a spin. */
  async #pause(): Promise<void> {
    const { stop } = this.#context;
    await sleep(PAUSE_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** `null` where the fetch brought nothing at all. */
function fetchedOf({ range, position }: Wanted, part: Part): Fetched | null {
  const [carrier] = part.messages;
  if (carrier === undefined) return null;
  const { topic, partition } = range;
  const batch = { topic, partition, records: carrier.records, highWatermark: Number(part.highWatermark) };
  return { range, batch, next: Math.max(position, Number(carrier.offset) + 1) };
}

function emptyUntil({ range }: Wanted, next: number, { highWatermark }: Pick<Part, "highWatermark">): Fetched {
  const { topic, partition } = range;
  return { range, batch: { topic, partition, records: [], highWatermark: Number(highWatermark) }, next };
}
