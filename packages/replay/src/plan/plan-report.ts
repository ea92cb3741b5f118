import type { OffsetRange } from "@freshet/kafka/port";
import { z } from "zod";
import { count, rulesHash, text } from "../json-kinds.js";
import { orders, selectionSchema } from "../select/selection.js";
import { countsSchema } from "./counts.js";
import type { ReplayPlan } from "./plan-replay.js";

const ranges = z.array(z.looseObject({ topic: text, partition: count, from: count, to: count.meta({ description: "Exclusive." }) }));
const rate = z.number().positive().nullable().meta({ description: "null: as fast as it can." });

// Open objects: a reader of today must not break on a member of tomorrow.
/** What `freshet replay dlq|history --json` prints without `--apply`. */
export const replayPlanSchema = z.looseObject({
  v: z.literal(1),
  deployment: text,
  selection: selectionSchema,
  order: z.enum(orders),
  rulesHash,
  force: z.boolean().meta({ description: "Versions are ignored: every bust is blind." }),
  ranges: ranges.meta({ description: "What was read, and what --apply would read." }),
  heldBack: z
    .looseObject({ offsets: count, ranges })
    .meta({ description: "What neither reads, for open transactions hold it back; some of it may lie outside of the time chosen." }),
  limited: z.boolean().meta({ description: "Whether --limit left offsets unread." }),
  counts: countsSchema,
  closer: z
    .looseObject({
      older: z.looseObject({
        looked: count.meta({ description: "Managed entries that would be removed by a version: the first 2,000." }),
        withoutSubject: count.meta({ description: "Of these, built without the event's subject." }),
      }),
      tags: z.looseObject({
        looked: count.meta({ description: "Swept tags that would be busted: the first 2,000." }),
        members: count.meta({ description: "Entries in their indexes." }),
      }),
    })
    .meta({ description: "What a closer look found." }),
  comparison: z
    .looseObject({
      rulesHash,
      counts: countsSchema,
      same: count.meta({ description: "Records that end as they do under the rules that run." }),
      changes: z.array(z.looseObject({ from: text, to: text, records: count.min(1) })),
    })
    .nullable()
    .meta({ description: "Against the rules that run; null without --rules." }),
  rates: z.looseObject({ recordsPerSecond: rate, bustsPerSecond: rate }),
  expectedMs: count.nullable().meta({ description: "How long it would take at these rates; null without any." }),
  confirm: z.boolean().meta({ description: "Whether --apply asks for the deployment's name, or needs --yes." }),
});

/** A plan as scripts read it. */
export interface ReplayPlanReport extends Omit<ReplayPlan, "stretches"> {
  readonly v: 1;
  readonly deployment: string;
  readonly ranges: readonly OffsetRange[];
  readonly confirm: boolean;
}

replayPlanSchema satisfies z.ZodType<ReplayPlanReport>;

export function reportPlan(plan: ReplayPlan, known: { readonly deployment: string; readonly confirm: boolean }): ReplayPlanReport {
  const { stretches, ...told } = plan;
  return { v: 1, ...known, ...told, ranges: stretches.flat().filter(({ from, to }) => from < to) };
}
