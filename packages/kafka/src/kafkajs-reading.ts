import { closableRead } from "./closable-read.js";
import { ClusterCalls } from "./cluster-calls.js";
import { createKafkajsOffsets } from "./kafkajs-offsets.js";
import { adminRetry, createClient, type KafkaClientOptions } from "./kafkajs-settings.js";
import type { LogReading } from "./port.js";
import { defaultReadingTiming, type ReadingTiming, readRanges } from "./range-reading.js";
import { peekRecords } from "./record-peeking.js";

export interface ReadingOptions extends KafkaClientOptions {
  readonly readingTiming?: Partial<ReadingTiming>;
  readonly maxBytesPerPartition?: number;
  /** Done before each connection. */
  readonly check?: () => Promise<void>;
}

const CALL_TIMEOUT_MS = 15_000;
/** Who asks for offsets has a better idea of when to ask again. */
const PATIENCE_MS = 5000;
const MAX_BYTES_PER_PARTITION = 262_144;

/** Reading over kafkajs, with a connection of its own, which is made by the first call. */
export function createKafkajsReading(options: ReadingOptions): LogReading & { close(): Promise<void> } {
  const { check } = options;
  const patience = { callTimeoutMs: CALL_TIMEOUT_MS, patienceMs: PATIENCE_MS };
  const calls = new ClusterCalls(createClient(options, adminRetry), { timing: patience, ...(check === undefined ? {} : { check }) });
  const timing = { ...defaultReadingTiming, ...options.readingTiming };
  const { maxBytesPerPartition = MAX_BYTES_PER_PARTITION } = options;
  const { read, end } = closableRead((wanted) => readRanges(wanted, { calls, timing, maxBytesPerPartition }));
  return {
    read,
    peek: (from, { uncommitted = false } = {}) => peekRecords(from, uncommitted, calls),
    ...createKafkajsOffsets(calls, timing),
    async close() {
      await end();
      await calls.close();
    },
  };
}
