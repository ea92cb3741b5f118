import { z } from "zod";
import { count, digits, instant, mode, rulesHash, text } from "../json-kinds.js";

/** What the first line of an explanation says. */
const answer = z.looseObject({
  kind: z.enum(["fresh", "stale", "absent", "fills_refused", "unknown"]),
  text: text.meta({ description: "One sentence; begins with fresh, stale because, absent because, fills refused until, or unknown." }),
});

const floor = z.looseObject({
  subject: text.nullable().meta({ description: "null for the blind floor, which only time can meet." }),
  version: digits.nullable(),
  mode,
  raisedAt: instant,
  endsAt: instant,
});

const entry = z.looseObject({
  redisType: text,
  valueBytes: count.nullable().meta({ description: "null when no value is there. The value itself is never shown." }),
  encoding: z.string(),
  state: z.enum(["none", "versioned", "opaque", "unversioned", "foreign"]),
  version: digits.nullable().meta({ description: "Of entries that existing services write." }),
  deps: z.record(z.string(), digits).meta({ description: "Subject to version, of managed entries." }),
  floors: z.array(floor),
  lease: z.looseObject({ startedAt: instant, endsAt: instant }).nullable(),
  loadedAt: instant.nullable(),
  freshUntil: instant.nullable(),
  keepUntil: instant.nullable(),
  softenedAt: instant.nullable(),
  staleUntil: instant.nullable(),
  provisionalUntil: instant.nullable(),
  ttlMs: count.nullable(),
  now: instant.meta({ description: "The clock of the key's Redis, which all its times are of." }),
});

const pending = z.looseObject({ subject: text, version: digits.nullable(), mode, raisedAt: instant });

const tag = z.looseObject({
  tag: text,
  name: z.string().meta({ description: "Of its declaration; empty when the rules file has none." }),
  kind: z.enum(["swept", "epoch"]),
  carried: z.boolean().meta({ description: "Whether the entry that is there now has it; else its family says that it would." }),
  members: count.nullable(),
  floors: z.array(floor),
  pending: z.array(pending).meta({ description: "Busts whose walk has not ended." }),
  generation: z.int().nullable().meta({ description: "The one stored with the entry." }),
  current: z.int().nullable(),
  hard: z.int().nullable(),
  validity: z.enum(["valid", "stale", "miss"]).nullable().meta({ description: "Of the entry under this epoch." }),
});

const reach = z.looseObject({
  rule: text,
  source: text,
  topic: text,
  types: z.array(text).nullable(),
  ops: z.array(text),
  when: text.nullable(),
  busts: z.array(
    z.looseObject({
      target: z.enum(["key", "tag", "epoch"]),
      name: text.meta({ description: "The key or the tag." }),
      mode,
      forEach: text.nullable(),
      needs: z
        .array(z.looseObject({ expression: text, value: z.string() }))
        .meta({ description: "What must hold of an event to bust it." }),
      subject: text.nullable().meta({ description: "Where that says which subject." }),
    }),
  ),
});

const verdicts = [
  "removed",
  "softened",
  "covered",
  "unversioned",
  "pending",
  "consumed",
  "not yet consumed",
  "dead-lettered",
  "no_match",
] as const;

const event = z.looseObject({
  topic: text,
  partition: count,
  offset: count,
  at: instant.meta({ description: "The record's time in the log." }),
  type: z.string(),
  op: z.string(),
  subject: z.string().meta({ description: "Empty when the record cannot be read." }),
  version: digits.nullable(),
  verdict: z.enum(verdicts),
  because: z.string(),
  hits: z.array(z.looseObject({ rule: text, target: z.enum(["key", "tag", "epoch"]), name: text, mode })),
  letter: z
    .looseObject({
      id: text,
      reason: text,
      resolved: z.boolean().meta({ description: "Whether a replay has resolved it." }),
      checked: z
        .boolean()
        .meta({ description: "It holds the key and value of this record; false where that cannot be told, as of a batch." }),
    })
    .nullable(),
  disbelieved: text
    .nullable()
    .meta({ description: "The id of a dead letter that names this place and holds another record: the verdict does not rest on it." }),
});

const byHand = z.looseObject({
  id: text.meta({ description: "In the audit trail." }),
  at: instant,
  user: text,
  host: text,
  reason: z.string(),
  name: text.meta({ description: "The key or the tag." }),
  subject: z.string(),
  version: digits.nullable(),
  mode,
  outcome: text,
  counts: z.record(z.string(), count),
});

const events = z.looseObject({
  since: instant,
  until: instant,
  group: text.meta({ description: "The live group, whose committed offsets say what is consumed." }),
  topics: z.array(text),
  missing: z.array(text).meta({ description: "Topics that do not exist, or may not be described." }),
  read: count,
  within: count.meta({ description: "Offsets of the time asked for, holes included." }),
  recordsMax: count.meta({ description: "The budget; what is older than the newest of these was not read." }),
  complete: z.boolean(),
  because: z.string().meta({ description: "Why it is not complete." }),
  found: count,
  list: z.array(event).meta({ description: "Newest first." }),
  byHand: z
    .array(byHand)
    .nullable()
    .meta({ description: "Busts by hand, of the audit trail, newest first; null where there is no right to read it." }),
});

/** What `freshet explain` tells of one key. */
export const explanationSchema = z.looseObject({
  v: z.literal(1),
  key: text,
  family: text,
  kind: text,
  at: instant,
  rulesHash,
  answer,
  entry: entry.nullable().meta({ description: "null when Redis could not be asked." }),
  tags: z.array(tag),
  parameters: z.array(z.record(z.string(), z.string())).meta({ description: "Of the key; several where the template does not tell." }),
  rules: z.array(reach).meta({ description: "The rules that can touch it, in file order." }),
  events: events.nullable().meta({ description: "null when Kafka could not be asked." }),
  problems: z.array(z.looseObject({ peer: z.enum(["redis", "kafka"]), code: text, message: text, fix: z.string() })),
});

export type Explanation = z.infer<typeof explanationSchema>;
export type EntryReport = z.infer<typeof entry>;
export type TagReport = z.infer<typeof tag>;
export type FloorReport = z.infer<typeof floor>;
export type ReachReport = z.infer<typeof reach>;
export type EventReport = z.infer<typeof event>;
export type EventsReport = z.infer<typeof events>;
export type ByHandReport = z.infer<typeof byHand>;
export type Answer = z.infer<typeof answer>;
export type Verdict = (typeof verdicts)[number];
