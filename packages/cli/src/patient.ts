import type { KafkaPort, LogReading } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { kafkaPeer } from "./bounded.js";
import type { Deployment } from "./deps.js";

/** How long Kafka may be silent: longer than a group takes to form. */
const SILENCE_MS = 15_000;
/** What is under way has so long to end after Ctrl-C. */
const FAREWELL_MS = 3000;
const CLOSE_MS = 1000;

export interface PatientOptions {
  /** Aborted: the reading ends early, and what it has is told. */
  readonly stop: AbortSignal;
  /** How long Kafka may be silent, in milliseconds; 15 s when absent. */
  readonly silenceMs?: number;
}

/**
 * Reads from Kafka for as long as it answers. A command that lists a million records may take its time, but one whose broker is
 * silent ends. Answers with `null` when it was stopped and did not come to an end by itself.
 *
 * @throws FreshetError `wait` FR3001 after the silence; whatever connecting and using throw.
 */
export async function usePatiently<T>(
  deployment: Deployment,
  { stop, silenceMs = SILENCE_MS }: PatientOptions,
  use: (reading: LogReading) => Promise<T>,
): Promise<T | null> {
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<null>();
  let timer: NodeJS.Timeout | undefined;
  const expect = (ms: number, late: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(late, ms);
  };
  const silent = (): void => {
    fail(new FreshetError(kafkaPeer.code, "wait", `${kafkaPeer.problem} (${silenceMs / 1000} s)`, kafkaPeer.fix));
  };
  const heard = (): void => {
    if (!stop.aborted) expect(silenceMs, silent);
  };
  const stopped = (): void => expect(FAREWELL_MS, () => end(null));
  stop.addEventListener("abort", stopped, { once: true });
  const work = async (): Promise<T> => {
    const kafka = await deployment.connectKafka();
    const result = await use(listening(kafka, heard));
    heard();
    await Promise.race([kafka.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
    return result;
  };
  try {
    heard();
    if (stop.aborted) stopped();
    return await Promise.race([work(), ended]);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", stopped);
  }
}

/** The same reading; whatever comes from Kafka is heard. */
function listening(kafka: KafkaPort, heard: () => void): LogReading {
  const settled = <T>(work: Promise<T>): Promise<T> => work.finally(heard);
  return {
    read: (options) =>
      settled(
        kafka.read({
          ...options,
          onBatch: async (batch) => {
            heard();
            await options.onBatch(batch);
            heard();
          },
        }),
      ),
    offsets: (topics) => settled(kafka.offsets(topics)),
    offsetsAt: (topics, timestampMs) => settled(kafka.offsetsAt(topics, timestampMs)),
    peek: (from, options) => settled(kafka.peek(from, options)),
    committed: (group, topics) => settled(kafka.committed(group, topics)),
    describeGroup: (group) => settled(kafka.describeGroup(group)),
    deleteGroup: (group) => settled(kafka.deleteGroup(group)),
  };
}
