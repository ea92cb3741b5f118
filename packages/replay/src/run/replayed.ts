import type { KafkaRecord } from "@freshet/protocol";

/** A record on its way through a replay. */
export interface Replayed {
  /** As it goes into the pipeline: a dead letter without the headers it got, as the record of its source. */
  readonly record: KafkaRecord;
  /** Where it lies in the topic that is read; from there a resumed job goes on. */
  readonly offset: number;
  /** When it was written to the topic that is read, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The dead letter it is; `null` in history. */
  readonly letterId: string | null;
  /** Whether its topic is one that the rules declare. */
  readonly isDeclared: boolean;
}

/**
 * Why a record is not replayed: the filter does not want it, a replay has resolved it before, or `where` had no answer, for want of an
 * event, or because it could not be evaluated for that.
 */
export type Passed = (typeof passedReasons)[number];

export const passedReasons = ["unwanted", "resolved", "noEvent", "notEvaluated"] as const;

export type PassedCounts = Readonly<Record<Passed, number>>;

export const nonePassed: PassedCounts = { unwanted: 0, resolved: 0, noEvent: 0, notEvaluated: 0 };

/**
 * Some records of one partition that were read, in order: each as it is replayed, or why it is not. Looks schemas up where it must, so
 * it may throw what a registry that is away does.
 */
export type Choose = (records: readonly KafkaRecord[]) => Promise<readonly (Replayed | Passed)[]>;
