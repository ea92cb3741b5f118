import { z } from "zod";
import { count, errorCode, instant, rulesHash, text } from "../json-kinds.js";
import { type Counts, countsSchema } from "../plan/counts.js";
import type { Rates } from "../run/pace.js";
import type { Stretch } from "../run/read-slices.js";
import { type Order, orders, type Selection, selectionSchema } from "../select/selection.js";

/**
 * `running`: somebody works on it, or died at it. `stopped`: it can be resumed. `done` and `aborted` are final.
 */
const jobStatuses = ["running", "stopped", "done", "aborted"] as const;
export type JobStatus = (typeof jobStatuses)[number];

const rate = z.number().positive().nullable().meta({ description: "null: as fast as it can." });
const range = z.looseObject({
  topic: text,
  partition: count,
  from: count.meta({ description: "The next offset to read." }),
  to: count.meta({ description: "Exclusive; fixed when the job was made." }),
});

// Open objects: a reader of today must not break on a member of tomorrow.
/** The value of `job/<id>` in `freshet.jobs.<deployment>`. */
export const jobSchema = z.looseObject({
  v: z.literal(1),
  id: text,
  deployment: text,
  status: z.enum(jobStatuses),
  selection: selectionSchema,
  order: z.enum(orders),
  force: z.boolean().meta({ description: "Versions are ignored: every bust is blind." }),
  rates: z.looseObject({ recordsPerSecond: rate, bustsPerSecond: rate }),
  rulesHash: rulesHash.meta({ description: "Their text lies under `rules/<hash>` in the same topic." }),
  by: z.looseObject({ user: text, host: text }),
  because: z.string().meta({ description: "Why, in the words of whoever started it." }),
  createdAt: instant,
  updatedAt: instant.meta({ description: "Every few seconds while it runs." }),
  endedAt: instant.nullable(),
  left: z
    .array(z.array(range))
    .meta({ description: "What is left to read: stretches one after the other, the ranges of each side by side." }),
  total: count.meta({ description: "Offsets to read in all." }),
  planned: countsSchema.meta({ description: "What the plan said." }),
  counts: countsSchema.meta({ description: "What was done so far." }),
  runs: count.meta({ description: "How often somebody set to work on it." }),
  runner: z
    .looseObject({ host: text, pid: count, token: text })
    .nullable()
    .meta({ description: "Who works on it; null when nobody does." }),
  error: errorCode.nullable().meta({ description: "The code of what stopped it." }),
});

/** Who works on a job. */
export interface Runner {
  readonly host: string;
  readonly pid: number;
  /** Of this run alone. */
  readonly token: string;
}

/** The whole state of a job: whoever reads it can go on with it. Times are RFC 3339 in UTC. */
export interface Job {
  readonly v: 1;
  readonly id: string;
  readonly deployment: string;
  readonly status: JobStatus;
  readonly selection: Selection;
  readonly order: Order;
  readonly force: boolean;
  readonly rates: Rates;
  readonly rulesHash: string;
  readonly by: { readonly user: string; readonly host: string };
  readonly because: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly endedAt: string | null;
  readonly left: readonly Stretch[];
  readonly total: number;
  readonly planned: Counts;
  readonly counts: Counts;
  readonly runs: number;
  readonly runner: Runner | null;
  readonly error: string | null;
}

jobSchema satisfies z.ZodType<Job>;

/** The consumer group of a job: it reads with it, and two processes cannot. */
export function groupOfJob(deployment: string, id: string): string {
  return `freshet-replay-${deployment}-${id}`;
}
