import type { KafkaPort } from "@freshet/kafka/port";
import type { Decoded, FramePort, KafkaRecord, Rejection } from "@freshet/protocol";
import { decoderOf } from "@freshet/replay";
import type { CompiledRules } from "@freshet/rules";
import type { SampledTopic } from "./facts.js";

export interface SampleTerms {
  readonly rules: CompiledRules;
  /** A consumer group for this reading alone, deleted at its end. */
  readonly group: string;
  readonly frames: FramePort;
}

/** The newest of each partition, and in all. */
const RECORDS_OF_PARTITION_MAX = 10;
const PARTITIONS_MAX = 30;
/** Reading so long shows enough. */
const READ_MS = 6000;

type SampleKafka = Pick<KafkaPort, "offsets" | "read" | "deleteGroup">;

/** Decodes and maps the newest records of each source as the service would, and busts nothing. Errors as `LogReading`. */
export async function sampleTopics(kafka: SampleKafka, { rules, group, frames }: SampleTerms): Promise<readonly SampledTopic[]> {
  const ends = await kafka.offsets(rules.topics);
  const ranges = ends
    .filter(({ earliest, stable }) => stable > earliest)
    .slice(0, PARTITIONS_MAX)
    .map(({ topic, partition, earliest, stable }) => {
      return { topic, partition, from: Math.max(earliest, stable - RECORDS_OF_PARTITION_MAX), to: stable };
    });
  if (ranges.length === 0) return [];
  const decodes = decoderOf(rules, frames);
  const tallies = new Map<string, Tally>();
  try {
    await kafka.read({
      group,
      ranges,
      stop: AbortSignal.timeout(READ_MS),
      onBatch: async (batch) => {
        const records: readonly KafkaRecord[] = batch.records.slice();
        const decoded = await decodes(records);
        const tally = tallies.get(batch.topic) ?? new Tally(batch.topic);
        tallies.set(batch.topic, tally);
        for (const one of decoded) tally.count(one, rules);
      },
    });
  } finally {
    await kafka.deleteGroup(group).catch(() => {}); // without members the brokers forget it by themselves
  }
  return [...tallies.values()].map((tally) => tally.told());
}

class Tally {
  readonly #topic: string;
  readonly #rejected = new Map<string, { readonly rejection: Rejection; count: number }>();
  #records = 0;
  #matched = 0;

  constructor(topic: string) {
    this.#topic = topic;
  }

  count(decoded: Decoded, rules: CompiledRules): void {
    this.#records++;
    const mapped = decoded.kind === "event" ? rules.map(decoded.event) : decoded;
    if (mapped.kind === "busts" && mapped.rules.length > 0) this.#matched++;
    if (mapped.kind !== "rejected") return;
    const { reason, rule, message } = mapped.rejection;
    const name = `${reason} ${rule ?? ""} ${message}`;
    const known = this.#rejected.get(name) ?? { rejection: mapped.rejection, count: 0 };
    known.count++;
    this.#rejected.set(name, known);
  }

  told(): SampledTopic {
    const rejected = [...this.#rejected.values()].map(({ rejection: { reason, message, fix }, count }) => ({
      reason,
      message,
      fix,
      count,
    }));
    return { topic: this.#topic, records: this.#records, matched: this.#matched, rejected };
  }
}
