import type { KafkaPort, ReadOptions, RecordBatch } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { createSilence } from "./silence.js";

/** What replays use of a broker. */
export type ReplayKafka = Pick<
  KafkaPort,
  "read" | "offsets" | "offsetsAt" | "describeGroup" | "deleteGroup" | "describeTopics" | "produce"
>;

export interface KafkaPatience {
  /** For each answer. */
  readonly answerMsMax: number;
  /** While reading, which may take hours: so long without a record and without work of our own. */
  readonly silenceMsMax: number;
  /** Aborted when whoever waits does so no longer: each answer has `farewellMsMax` from then on. */
  readonly stop: AbortSignal;
  readonly farewellMsMax: number;
}

/**
 * The same broker, of which something comes within a time: a person waits for it.
 *
 * @throws FreshetError FR3001 (`wait`) in place of an answer that does not come.
 */
export function boundedKafka(kafka: ReplayKafka, patience: KafkaPatience): ReplayKafka {
  const { silenceMsMax } = patience;
  const bounded = <T>(what: string, answer: Promise<T>): Promise<T> => within(answer, what, patience);
  return {
    read: (options) => readAloud(kafka, options, silenceMsMax),
    offsets: (topics) => bounded("the offsets of a topic", kafka.offsets(topics)),
    offsetsAt: (topics, timestampMs) => bounded("the offsets of a time", kafka.offsetsAt(topics, timestampMs)),
    describeGroup: (group) => bounded("a consumer group", kafka.describeGroup(group)),
    deleteGroup: (group) => bounded("the end of a consumer group", kafka.deleteGroup(group)),
    describeTopics: (topics) => bounded("a topic", kafka.describeTopics(topics)),
    produce: (records) => bounded("the receipt of records", kafka.produce(records)),
  };
}

async function readAloud(kafka: ReplayKafka, options: ReadOptions, silenceMsMax: number): Promise<void> {
  const silence = createSilence(silenceMsMax);
  const stop = AbortSignal.any([options.stop, silence.signal]);
  const onBatch = (batch: RecordBatch): Promise<void> => silence.during(() => options.onBatch(batch));
  try {
    await Promise.race([kafka.read({ ...options, onBatch, stop }), silence.tooLong]);
  } finally {
    silence.end();
  }
}

async function within<T>(answer: Promise<T>, what: string, { answerMsMax, stop, farewellMsMax }: KafkaPatience): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUpAfter = (ms: number): NodeJS.Timeout => {
    const problem = `Kafka did not answer in time when asked for ${what} (${ms / 1000} s)`;
    const fix = "Check FRESHET_KAFKA_BROKERS, and that the brokers are up; trying again makes sense.";
    return setTimeout(() => reject(new FreshetError("FR3001", "wait", problem, fix)), ms);
  };
  const farewellMs = Math.min(answerMsMax, farewellMsMax);
  let timer = giveUpAfter(stop.aborted ? farewellMs : answerMsMax);
  const stopped = (): void => {
    clearTimeout(timer);
    timer = giveUpAfter(farewellMs);
  };
  stop.addEventListener("abort", stopped, { once: true });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", stopped);
  }
}
