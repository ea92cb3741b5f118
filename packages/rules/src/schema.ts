import { limits } from "@freshet/protocol";
import { z } from "zod";

// No transforms and no refinements: what a JSON Schema cannot say is checked in lint/, with better words.

/** Long enough for any real name, key or type, and short enough to be compared with all the others. */
const text = z.string().min(1).max(1000, { error: "at most 1000 characters" });
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { error: "a name of letters, digits, `.`, `_` and `-`, at most 100 of them" });
const parameterName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, { error: "a parameter name of letters, digits and `_`" });
const duration = z.string().regex(/^\d{1,12}(ms|s|m|h|d)$/, { error: "a duration such as 250ms, 5s, 10m, 24h or 7d" });
const pointer = z.string().regex(/^(\/([^~/]|~[01])*)+$/, { error: "a pointer into the data such as /order/id" });
const reference = z.string().regex(/^(header:\S+|(\/([^~/]|~[01])*)+)$/, { error: "header:NAME or a pointer such as /order/id" });
const topic = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/, { error: "a topic name of letters, digits, `.`, `_` and `-`, at most 249 of them" });
const typePattern = z
  .string()
  .min(1)
  .max(200, { error: "at most 200 characters" })
  .meta({ description: "An event type; `*` stands for any text." });
const tenantPattern = z
  .string()
  .min(1)
  .max(200, { error: "at most 200 characters" })
  .meta({ description: "A tenant; `*` stands for any text." });
const expression = z.string().min(1).meta({ description: "A CEL expression." });
const op = z.enum(["create", "update", "delete", "snapshot", "truncate"]);

export const boundsSchema = z.strictObject({
  lease: duration.optional().meta({ description: "L: the longest allowed load. Default 5s." }),
  lag: duration.optional().meta({ description: "Longest a loader may still read old data after the commit. Default 2s." }),
  skew: duration.optional().meta({ description: "C: largest clock difference between Redis shards, at least 1ms. Default 250ms." }),
  fill: duration.optional().meta({ description: "P: longest a two-step fill may take. Default 2s." }),
  floors: duration.optional().meta({ description: "F: how long floors live, at least lease + lag + skew, which is the default." }),
});

export const limitsSchema = z.strictObject({
  keysPerEvent: z
    .int({ error: "a whole number" })
    .min(1, { error: "a number from 1 on" })
    .max(limits.keysPerEventCeiling, { error: `at most ${limits.keysPerEventCeiling}` })
    .optional()
    .meta({ description: `How many keys and tags one event may bust. Default ${limits.keysPerEventMax}.` }),
});

/** A family may be slower than the rest; the clocks of the Redis shards are the same for all. */
const familyBounds = boundsSchema.omit({ skew: true });

const anySource = {
  name: name.optional().meta({ description: "What rules name. Default: the topic." }),
  topic,
  space: name.meta({ description: "What the versions count; a subject is <space>/<id>." }),
  versions: z.enum(["counter", "timestamp", "none"]).optional().meta({ description: "Default counter; none makes every event blind." }),
  tenant: reference.optional(),
  match: z
    .strictObject({
      types: z.array(typePattern).min(1).optional(),
      tenants: z
        .array(tenantPattern)
        .min(1)
        .optional()
        .meta({ description: "The tenants this source is trusted with. Default: any, and none." }),
    })
    .optional(),
  strict: z.boolean().optional().meta({ description: "What nothing on the topic matches is dead-lettered as untrusted." }),
  tombstones: z.enum(["ignore", "delete"]).optional(),
  canary: z
    .boolean()
    .optional()
    .meta({ description: "Whether a service with a canary puts records of its own into the partitions of the topic. Default false." }),
  encoding: z
    .enum(["plain", "registry"])
    .optional()
    .meta({ description: "`registry`: values name their Avro or JSON schema in a schema registry. Default plain." }),
};
const typed = {
  ops: z.record(text, op).optional().meta({ description: "Event type to op; anything else is update." }),
  previous: pointer.optional().meta({ description: "Where in the data the previous state lies." }),
};
const ids = z.array(text).min(1);

export const sourceSchema = z.discriminatedUnion("format", [
  z.strictObject({ format: z.literal("cloudevents"), ...anySource, ...typed }),
  z.strictObject({
    format: z.literal("debezium"),
    ...anySource,
    id: ids.meta({ description: "The key columns." }),
    version: text.optional().meta({ description: "The column that counts." }),
    replicaIdentity: z
      .enum(["full", "default"])
      .optional()
      .meta({ description: "Whether the database logs whole rows before a change. Default `default`: deletes are blind." }),
  }),
  z.strictObject({
    format: z.literal("outbox"),
    ...anySource,
    ...typed,
    version: reference.optional(),
    type: reference.optional().meta({ description: "Default header:eventType." }),
    time: reference.optional(),
  }),
  z.strictObject({
    format: z.literal("json"),
    ...anySource,
    ...typed,
    id: z.array(reference).min(1).meta({ description: "The parts of the subject." }),
    version: reference.optional(),
    type: reference.optional(),
    time: reference.optional(),
  }),
]);

const onUnversioned = z.enum(["bust", "keep"]).optional();
const gate = z.boolean().optional().meta({ description: "Whether busts leave floors." });

const entrySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("managed"), onUnversioned }),
  z.strictObject({ kind: z.literal("hash"), version: text.meta({ description: "The field with the version." }), onUnversioned, gate }),
  z.strictObject({
    kind: z.literal("json"),
    version: text.meta({ description: "The top-level member with the version." }),
    onUnversioned,
    gate,
  }),
  z.strictObject({ kind: z.literal("prefix"), onUnversioned, gate }),
  z.strictObject({ kind: z.literal("companion"), companion: text.meta({ description: "The key with the version." }), onUnversioned, gate }),
  z.strictObject({ kind: z.literal("opaque") }),
]);

const tagUse = z.strictObject({ tag: text, with: z.record(parameterName, parameterName).optional() });

export const familySchema = z.strictObject({
  key: text.meta({ description: "Literal text with {name} parameters; {{ and }} are literal braces." }),
  escape: z.enum(["percent", "none"]).optional(),
  ttl: duration,
  stale: duration
    .optional()
    .meta({ description: "How long an entry may still be served after a soft bust. Default 1m, or the ttl when that is shorter." }),
  entry: entrySchema.optional(),
  tags: z.array(tagUse).optional().meta({ description: "Swept tags." }),
  epochs: z.array(tagUse).optional().meta({ description: "Epoch tags, known before reading." }),
  bounds: familyBounds.optional(),
});

export const tagSchema = z.strictObject({ key: text, kind: z.enum(["swept", "epoch"]) });

export const bustSchema = z
  .strictObject({
    family: text.optional(),
    tag: text.optional(),
    with: z.record(parameterName, expression).optional(),
    forEach: expression.optional().meta({ description: "A CEL list; one bust per item." }),
    mode: z.enum(["hard", "soft"]).optional(),
  })
  .meta({ oneOf: [{ required: ["family"] }, { required: ["tag"] }] });

export const ruleSchema = z.strictObject({
  name,
  source: text,
  types: z.array(typePattern).min(1).optional(),
  ops: z.array(op).min(1).optional(),
  when: expression.optional(),
  bust: z.array(bustSchema).min(1),
});

/** A rules file as written, before names are resolved and expressions compiled. Source of `schemas/rules.v1.json`. */
export const rulesFileSchema = z.strictObject({
  freshet: z.literal(1).meta({ description: "The version of this file format." }),
  bounds: boundsSchema.optional(),
  limits: limitsSchema.optional(),
  sources: z.array(sourceSchema).min(1),
  families: z.record(name, familySchema).optional(),
  tags: z.record(name, tagSchema).optional(),
  rules: z.array(ruleSchema).min(1),
});

export type LimitsText = z.infer<typeof limitsSchema>;
export type BoundsText = z.infer<typeof boundsSchema>;
export type SourceText = z.infer<typeof sourceSchema>;
export type EntryText = z.infer<typeof entrySchema>;
export type FamilyText = z.infer<typeof familySchema>;
export type TagText = z.infer<typeof tagSchema>;
export type BustText = z.infer<typeof bustSchema>;
export type RuleText = z.infer<typeof ruleSchema>;
