import type { KafkaPort, ProduceRecord, TopicPartition } from "@freshet/kafka/port";
import { asFreshetError, CANARY_HEADER, type FreshetError } from "@freshet/protocol";

export interface PartitionFlightOptions {
  readonly kafka: Pick<KafkaPort, "produce">;
  /** The partitions that are flown through now. */
  readonly partitions: () => readonly TopicPartition[];
  readonly deployment: string;
  /** Resolves after so many milliseconds, or at once when the signal aborts; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly everyMs: number;
  /** Canaries could not be sent; `failures` counts those in a row. Those that do not come back are seen by their age. */
  readonly onFailure: (error: FreshetError, failures: number) => void;
}

/** Readable as JSON and as text, for consumers that read keys. With compaction one canary is left of each partition, and then none. */
const KEY = Buffer.from('"freshet-canary"');

/**
 * Puts a canary into each of these partitions, again and again: a record without a value, known by its header. Resolves once the
 * signal has aborted. A broker that does not answer is waited for; another turn would only hang beside it.
 */
export async function flyThroughPartitions(options: PartitionFlightOptions, signal: AbortSignal): Promise<void> {
  const { kafka, partitions, deployment, sleep, everyMs, onFailure } = options;
  const headers = [{ name: CANARY_HEADER, value: Buffer.from(deployment) }];
  let failures = 0;
  while (!signal.aborted) {
    const records = partitions().map(({ topic, partition }): ProduceRecord => ({ topic, partition, key: KEY, value: null, headers }));
    try {
      if (records.length > 0) await kafka.produce(records);
      failures = 0;
    } catch (error) {
      if (!signal.aborted) onFailure(asFreshetError(error), ++failures);
    }
    await sleep(everyMs, signal);
  }
}
