import type { KafkaPort, OffsetRange, PartitionOffsets, TopicPartition } from "@freshet/kafka/port";
import type { Decoded, KafkaRecord } from "@freshet/protocol";
import type { DecodeEach } from "../decode-each.js";
import type { Candidate } from "./candidates.js";

/** What of a broker an explanation reads with. */
export type ExplainKafka = Pick<KafkaPort, "read" | "offsets" | "offsetsAt" | "committed" | "describeGroup" | "deleteGroup">;

export interface EventScan {
  readonly topics: readonly string[];
  /** A consumer group for this scan alone, deleted at its end. */
  readonly group: string;
  readonly sinceMs: number;
  /** How many offsets are read at most, the newest of each partition. */
  readonly recordsMax: number;
  readonly decodeEach: DecodeEach;
  readonly concerns: (record: KafkaRecord, decoded: Decoded) => Candidate | null;
  /** Aborted by who no longer waits, or when the time is over: what was found by then is told. */
  readonly stop: AbortSignal;
}

/** What a scan found: the newest candidates first, and what of the time asked for was read. */
export interface ScannedEvents {
  readonly candidates: readonly Candidate[];
  readonly found: number;
  readonly missing: readonly string[];
  readonly read: number;
  readonly within: number;
  readonly complete: boolean;
  readonly because: string;
}

/** More events of one key than anybody reads; the newest are kept. */
const CANDIDATES_MAX = 1000;

/**
 * Reads the records of these topics since a time, to the stable end they have now, and keeps those that concern the key. No
 * other group is touched. Errors as `LogReading`.
 */
export async function scanEvents(kafka: ExplainKafka, scan: EventScan): Promise<ScannedEvents> {
  const { topics, group, sinceMs, recordsMax, decodeEach, concerns, stop } = scan;
  const ends = await kafka.offsets(topics);
  const starts = await kafka.offsetsAt(topics, sinceMs);
  const wanted = ends.map((end) => rangeOf(end, starts));
  const ranges = withinBudget(wanted, recordsMax).filter(({ from, to }) => from < to);
  const kept = createKept();
  let read = 0;
  if (ranges.length > 0 && !stop.aborted) {
    try {
      await kafka.read({
        group,
        ranges,
        stop,
        onBatch: async ({ records }) => {
          const some = records.slice();
          await decodeEach(some, (decoded, at) => {
            const record = some[at];
            const candidate = record === undefined ? null : concerns(record, decoded);
            if (candidate !== null) kept.add(candidate);
          });
          read += records.length;
        },
      });
    } finally {
      await kafka.deleteGroup(group).catch(() => {}); // without members the brokers forget it by themselves
    }
  }
  const within = lengthOf(wanted);
  const present = new Set(ends.map(({ topic }) => topic));
  const missing = topics.filter((topic) => !present.has(topic));
  const because = whyIncomplete({
    stopped: stop.aborted,
    left: within - lengthOf(ranges),
    open: ends.filter(({ stable, latest }) => stable < latest),
  });
  return {
    candidates: kept.newest(),
    found: kept.found(),
    missing,
    read,
    within,
    complete: because === "" && missing.length === 0,
    because,
  };
}

function rangeOf(
  { topic, partition, earliest, stable }: PartitionOffsets,
  starts: readonly (TopicPartition & { readonly offset: number })[],
): OffsetRange {
  const start = starts.find((at) => at.topic === topic && at.partition === partition)?.offset ?? earliest;
  return { topic, partition, from: Math.min(Math.max(earliest, start), stable), to: stable };
}

function lengthOf(ranges: readonly OffsetRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The newest of each partition: small ones whole, what they leave is shared by the others. */
function withinBudget(ranges: readonly OffsetRange[], recordsMax: number): readonly OffsetRange[] {
  const bySize = ranges.toSorted((a, b) => a.to - a.from - (b.to - b.from));
  let left = recordsMax;
  return bySize.map((range, at) => {
    const length = Math.min(range.to - range.from, Math.floor(left / (bySize.length - at)));
    left -= length;
    return { ...range, from: range.to - length };
  });
}

function whyIncomplete({ stopped, left, open }: { stopped: boolean; left: number; open: readonly PartitionOffsets[] }): string {
  if (stopped) return "the time for reading was over";
  if (left > 0) return `${left} older ones were not read`;
  return open.length > 0 ? "what open transactions hold back was not read" : "";
}

function createKept() {
  let kept: Candidate[] = [];
  let found = 0;
  const sorted = () => kept.toSorted((a, b) => b.timestampMs - a.timestampMs || b.offset - a.offset).slice(0, CANDIDATES_MAX);
  return {
    add(candidate: Candidate): void {
      found++;
      kept.push(candidate);
      if (kept.length >= 2 * CANDIDATES_MAX) kept = sorted();
    },
    newest: sorted,
    found: () => found,
  };
}
