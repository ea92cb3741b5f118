import type { KafkaPort, ReadOptions, RecordBatch } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { createSilence, type SilencePatience } from "./silence.js";

/** What replays use of a broker. */
export type ReplayKafka = Pick<
  KafkaPort,
  "read" | "offsets" | "offsetsAt" | "describeGroup" | "deleteGroup" | "describeTopics" | "produce"
>;

export interface KafkaPatience extends Pick<SilencePatience, "silenceMsMax" | "doubtMs" | "doubtAnswerMsMax"> {
  /** For each answer. */
  readonly answerMsMax: number;
  /** Aborted when whoever waits does so no longer: each answer has `farewellMsMax` from then on. */
  readonly stop: AbortSignal;
  readonly farewellMsMax: number;
  /** So long has each after one that did not come by then. */
  readonly lastMsMax: number;
}

/**
 * The same broker, of which something comes within a time: a person waits for it. Where a write is not answered, or a reading and all
 * else are not, a command ends: what it still asks for, to part well, has the time of a farewell.
 *
 * @throws FreshetError FR3001 (`wait`) in place of an answer that does not come.
 */
export function boundedKafka(kafka: ReplayKafka, patience: KafkaPatience): ReplayKafka {
  const calls = new BoundedCalls(patience);
  return {
    read: (options) => readAloud(kafka, options, { patience, calls }),
    offsets: (topics) => calls.within("the offsets of a topic", kafka.offsets(topics)),
    offsetsAt: (topics, timestampMs) => calls.within("the offsets of a time", kafka.offsetsAt(topics, timestampMs)),
    describeGroup: (group) => calls.within("a consumer group", kafka.describeGroup(group)),
    deleteGroup: (group) => calls.within("the end of a consumer group", kafka.deleteGroup(group)),
    describeTopics: (topics) => calls.within("a topic", kafka.describeTopics(topics)),
    produce: (records) => calls.within("the receipt of records", kafka.produce(records), () => calls.giveUp()),
  };
}

interface Bounds {
  readonly patience: KafkaPatience;
  readonly calls: BoundedCalls;
}

/** Once it is stopped by who waits, it ends like any reading that is stopped, also where the broker lets nobody part. */
async function readAloud(kafka: ReplayKafka, options: ReadOptions, { patience, calls }: Bounds): Promise<void> {
  const topics = [...new Set(options.ranges.map(({ topic }) => topic))];
  const silence = createSilence({ ...patience, leaving: calls.leaving }, () => kafka.offsets(topics));
  const stop = AbortSignal.any([options.stop, silence.signal]);
  const onBatch = (batch: RecordBatch): Promise<void> => silence.during(() => options.onBatch(batch));
  try {
    await Promise.race([kafka.read({ ...options, onBatch, stop }), silence.tooLong]);
  } catch (error) {
    if (silence.isMute) calls.giveUp();
    if (!silence.signal.aborted || !patience.stop.aborted || !options.stop.aborted) throw error;
  } finally {
    silence.end();
  }
}

/** Waits for answers: patient, then leaving, then hurried by an answer that did not come to a farewell. */
class BoundedCalls {
  /** Aborted when nobody waits any longer, or the broker was given up. */
  readonly leaving: AbortSignal;
  readonly #patience: KafkaPatience;
  readonly #givenUp = new AbortController();
  #isHurried = false;

  constructor(patience: KafkaPatience) {
    this.#patience = patience;
    this.leaving = AbortSignal.any([patience.stop, this.#givenUp.signal]);
  }

  giveUp(): void {
    this.#givenUp.abort();
  }

  /** `onLate`: told when the answer did not come. */
  async within<T>(what: string, answer: Promise<T>, onLate?: () => void): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const giveUpAfter = (ms: number): NodeJS.Timeout =>
      setTimeout(() => {
        this.#isHurried ||= this.leaving.aborted;
        onLate?.();
        reject(unanswered(what, ms));
      }, ms);
    let timer = giveUpAfter(this.#msMax());
    const leave = (): void => {
      clearTimeout(timer);
      timer = giveUpAfter(this.#msMax());
    };
    this.leaving.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
      this.leaving.removeEventListener("abort", leave);
    }
  }

  #msMax(): number {
    const { answerMsMax, farewellMsMax, lastMsMax } = this.#patience;
    if (!this.leaving.aborted) return answerMsMax;
    return Math.min(answerMsMax, this.#isHurried ? lastMsMax : farewellMsMax);
  }
}

function unanswered(what: string, ms: number): FreshetError {
  const problem = `Kafka did not answer in time when asked for ${what} (${ms / 1000} s)`;
  const fix = "Check FRESHET_KAFKA_BROKERS, and that the brokers are up; trying again makes sense.";
  return new FreshetError("FR3001", "wait", problem, fix);
}
