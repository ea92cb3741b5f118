import { z } from "zod";
import { count, digits, instant, text as name, rulesHash } from "../json-kinds.js";

const text = z.string();
const topic = z.string().regex(/^[a-zA-Z0-9._-]{1,249}$/);
const letterId = z
  .string()
  .regex(/^\d{1,10}-\d{1,16}$/)
  .meta({ description: "<partition>-<offset> in the dead-letter topic." });
const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .meta({ description: "The same for the same cause." });
const dialect = z.enum(["freshet", "kafka-connect", "kafka-streams", "spring", "share-group", "unknown"]);
const open = count.nullable().meta({ description: "null in a topic of somebody else: nobody marks those." });

// Open objects: a reader of today must not break on a member of tomorrow.
const window = z
  .looseObject({
    topic,
    since: instant.nullable().meta({ description: "Letters written then or later; null: from the beginning of the topic." }),
    until: instant.nullable().meta({ description: "Letters written before; null: to the end the topic had when the scan began." }),
    ranges: z.array(z.looseObject({ partition: count, from: count, to: count.meta({ description: "Exclusive." }) })),
    complete: z.boolean().meta({ description: "false when the scan was stopped before the end." }),
    letters: count.meta({ description: "Read, whether they were wanted or not." }),
    oldest: instant.nullable(),
    newest: instant.nullable(),
  })
  .meta({ description: "What was read." });

const unanswered = z
  .looseObject({
    noEvent: count.meta({ description: "Letters that hold no event these rules can decode." }),
    failed: count.meta({ description: "Letters for whose event the expression cannot be evaluated." }),
  })
  .nullable()
  .meta({ description: "Letters that --where could not answer for; they are not among the wanted. null without --where." });

const totals = {
  v: z.literal(1),
  window,
  wanted: count.meta({ description: "Letters that the filters chose." }),
  open,
  resolved: open,
  unanswered,
};

const row = { letters: count.min(1), open };
const others = count.meta({ description: "Letters of names beyond those that are told apart." });

const group = z.looseObject({
  fingerprint,
  reason: name,
  dialect,
  rule: text.meta({ description: "Empty when no rule was reached." }),
  message: text.meta({ description: "Of the first letter; printable." }),
  letters: count.min(1),
  open,
  resolved: open,
  first: instant.nullable(),
  last: instant.nullable(),
  sample: letterId.meta({ description: "The newest letter." }),
  topics: z.array(name).meta({ description: "Where its records came from." }),
  tenants: z.array(text).nullable().meta({ description: "null where the rules are not known." }),
  more: z.boolean().meta({ description: "Whether there are more topics or tenants than these." }),
});

/** What `freshet dlq list --json` prints. */
export const deadLetterListSchema = z.looseObject({
  ...totals,
  groups: z.array(group).meta({ description: "Those with most open letters first." }),
  groupsFound: count.meta({ description: "Before --limit." }),
  others: z.looseObject({ letters: count, open }).meta({ description: "Letters of groups beyond those that are told apart." }),
});

/** What `freshet dlq stats --json` prints. */
export const deadLetterStatsSchema = z.looseObject({
  ...totals,
  reasons: z.array(z.looseObject({ reason: name, ...row })),
  rules: z.array(z.looseObject({ rule: text, ...row })),
  sources: z.array(z.looseObject({ topic: name.nullable(), ...row })).meta({ description: "null where the letter does not say." }),
  tenants: z
    .array(z.looseObject({ tenant: text.nullable(), ...row }))
    .nullable()
    .meta({ description: "null where the rules are not known." }),
  dialects: z.array(z.looseObject({ dialect, ...row })),
  times: z
    .looseObject({ unit: z.enum(["hour", "day"]), counts: z.array(z.looseObject({ from: instant, ...row })) })
    .meta({ description: "When letters were written, in UTC." }),
  others: z.looseObject({ reasons: others, rules: others, sources: others, tenants: others, times: others }),
});

const bytes = count.nullable().meta({ description: "null for a null." });
const payload = z.union([z.strictObject({ text }), z.strictObject({ base64: text })]).nullable();

/** What `freshet dlq show ID --json` prints. */
export const deadLetterShownSchema = z.looseObject({
  v: z.literal(1),
  id: letterId,
  topic,
  written: instant.nullable(),
  dialect,
  reason: name,
  rule: text,
  fingerprint,
  message: text,
  firstFailed: instant.nullable(),
  lastFailed: instant.nullable(),
  attempts: count.nullable(),
  group: text.nullable(),
  rulesHash: rulesHash.nullable(),
  source: z.looseObject({ topic, partition: count, offset: count }).nullable(),
  batch: z.looseObject({ from: count, to: count.meta({ description: "Inclusive." }) }).nullable(),
  resolution: z.looseObject({
    state: z.enum(["open", "resolved", "unknown"]).meta({ description: "unknown in a topic of somebody else." }),
    job: text.nullable(),
    at: text.nullable(),
    by: text.nullable(),
    outcome: text.nullable(),
  }),
  sizes: z.looseObject({ key: bytes, value: bytes, headers: count }),
  headers: z.array(
    z.looseObject({ name: text, bytes, text: text.nullable().meta({ description: "null: not shown without --payload, or null." }) }),
  ),
  event: z
    .looseObject({
      id: text,
      source: name,
      space: name,
      subject: name,
      version: digits.nullable(),
      op: z.enum(["create", "update", "delete", "snapshot", "truncate"]),
      type: text,
      time: text,
      tenant: text.nullable(),
    })
    .nullable()
    .meta({ description: "As the rules of now decode it; null when they do not." }),
  now: z
    .looseObject({
      outcome: z.enum(["busts", "no_match", "ignored", "dead"]),
      reason: name.optional(),
      message: text.optional(),
      fix: text.optional(),
      busts: count.optional(),
    })
    .nullable()
    .meta({ description: "What the rules of now make of the record; null where they are not known." }),
  payload: z.looseObject({ key: payload, value: payload }).nullable().meta({ description: "null without --payload." }),
});

/** Dead letters by cause. */
export type DeadLetterList = z.infer<typeof deadLetterListSchema>;
/** Dead letters in numbers. */
export type DeadLetterStats = z.infer<typeof deadLetterStatsSchema>;
/** All of one dead letter. */
export type DeadLetterShown = z.infer<typeof deadLetterShownSchema>;
