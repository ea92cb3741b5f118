import type { LagReport } from "@freshet/invalidator";
import type { ClusterView, TopicSpec } from "@freshet/kafka/port";
import type { FreshetError } from "@freshet/protocol";
import type { LoadResult } from "@freshet/rules";
import type { ProbeFinding, PublishedBounds, ServerView } from "@freshet/store/port";

/** What came of a question. */
export type Answer<T> =
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "failed"; readonly error: FreshetError }
  /** Not asked, and why. */
  | { readonly kind: "skipped"; readonly because: string };

/** The newest records of a topic under the rules as they are. */
export interface SampledTopic {
  readonly topic: string;
  readonly records: number;
  /** How many matched a rule. */
  readonly matched: number;
  /** Reasons why records would be dead letters; `message` is the pipeline's, and has no payload. */
  readonly rejected: readonly { readonly reason: string; readonly message: string; readonly fix: string; readonly count: number }[];
}

/** A server, and by how much its clock is ahead of this machine's: the truth lies between the two. */
export interface ServerFacts extends ServerView {
  readonly aheadMs: { readonly least: number; readonly most: number } | null;
}

/** Everything that is known before anything is judged. */
export interface Facts {
  readonly group: string;
  readonly brokersNamed: readonly string[];
  readonly replayWindowMs: number;
  /** `null` when no file is named. */
  readonly rulesFile: string | null;
  readonly rules: Answer<LoadResult>;
  /** Freshet's own topics as they should be. */
  readonly ownTopics: readonly TopicSpec[];
  /** The topics that canaries are written to; none where they are off, or no rules are known. */
  readonly canaryTopics?: readonly string[];
  readonly cluster: Answer<ClusterView>;
  readonly lag: Answer<LagReport>;
  readonly samples: Answer<readonly SampledTopic[]>;
  readonly servers: Answer<readonly ServerFacts[]>;
  readonly probe: Answer<readonly ProbeFinding[]>;
  /** `null`: nobody has published any. */
  readonly bounds: Answer<PublishedBounds | null>;
}

/** The value, or nothing. */
export function knownOf<T>(answer: Answer<T>): T | null {
  return answer.kind === "known" ? answer.value : null;
}
