import { z } from "zod";
import { instant, mode, offset, version } from "./fields.ts";

const targets = ["key", "tag", "epoch"] as const;

// Open objects: a reader of today must not break on a member of tomorrow.
const bust = z
  .looseObject({
    key: z.string().min(1).optional(),
    tag: z.string().min(1).optional(),
    epoch: z.string().min(1).optional(),
    subject: z.string().min(1).meta({ description: "<space>/<id>" }),
    version: version.nullable().meta({ description: "null for a blind bust." }),
    mode,
    rule: z.string().min(1),
    sweepEnd: z.literal(true).optional().meta({ description: "The sweep of this tag has ended; said a second time for that." }),
  })
  .refine((item) => targets.filter((target) => item[target] !== undefined).length === 1, { error: "one of key, tag and epoch" })
  .meta({ oneOf: targets.map((target) => ({ required: [target] })) });

const schema = z
  .looseObject({
    source: z.string().min(1).meta({ description: "The topic." }),
    topicId: z.string().min(1).meta({ description: "Changes when the topic was deleted and made again: flush and start over." }),
    partition: z.int().nonnegative(),
    groupGeneration: z.int(),
    part: z.int().positive().meta({ description: "Which part of the slice this is, from 1." }),
    parts: z.int().positive(),
    from: offset.meta({ description: "The first offset, inclusive; above the last `to`, something was missed." }),
    to: offset.meta({ description: "Exclusive; equal to `from` when nothing happened, to show that the source is alive." }),
    at: instant,
    busts: z.array(bust),
  })
  .refine((record) => record.from <= record.to && record.part <= record.parts, { error: "from above to, or part above parts" });

/** One record of `freshet.applied.<deployment>`, for services with a local cache. */
export const applied = { name: "applied.v1", title: "What was applied: one settled slice of a source partition", schema };
