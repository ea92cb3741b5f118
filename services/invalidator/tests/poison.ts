import type { SentRecord } from "./oracle.js";
import type { Seeded } from "./seeded.js";

/** The reasons of the workload's poison, and for each the shapes it comes in. */
export const poisonReasons = [
  "undecodable",
  "unsupported_format",
  "schema_invalid",
  "version_missing",
  "version_invalid",
  "rule_error",
  "key_unresolved",
] as const;
export type PoisonReason = (typeof poisonReasons)[number];

type Member = unknown;

/** A structured event as an object, still good, whose version is newer than any other: applied, it would be seen. */
export interface Victim {
  readonly event: Readonly<Record<string, Member>>;
  readonly data: Readonly<Record<string, Member>>;
}

/** The bytes and the content type of a record that is dead for this reason. */
interface Poison {
  readonly value: Buffer;
  readonly contentType: string;
}

const JSON_EVENT = "application/cloudevents+json";

const shapes: Readonly<Record<PoisonReason, readonly [(victim: Victim) => Poison, ...((victim: Victim) => Poison)[]]>> = {
  undecodable: [
    ({ event, data }) => bytes(text({ ...event, data }).slice(0, -2)),
    ({ event, data }) => ({
      value: Buffer.concat([Buffer.from([0xff, 0xfe, 0x00]), Buffer.from(text({ ...event, data }))]),
      contentType: JSON_EVENT,
    }),
    () => ({ value: Buffer.alloc(0), contentType: "" }),
    () => bytes("not json at all"),
  ],
  unsupported_format: [
    ({ event, data }) => ({ ...bytes(text({ ...event, data })), contentType: "application/cloudevents+avro" }),
    ({ event, data }) => ({ ...bytes(`[${text({ ...event, data })}]`), contentType: "application/cloudevents-batch+json" }),
    ({ event, data }) => bytes(text({ ...event, specversion: "0.3", data })),
  ],
  schema_invalid: [
    ({ event, data }) => bytes(text({ ...without(event, "type"), data })),
    ({ event, data }) => bytes(text({ ...event, subject: "", data })),
    ({ event, data }) => bytes(text({ ...without(event, "specversion"), data })),
    ({ event, data }) => bytes(text({ ...event, id: 7, data })),
    ({ event }) => bytes(text({ ...event, data: [1, 2] })),
    ({ event, data }) => bytes(text([event, data])),
    ({ event, data }) => bytes(text({ ...event, data: { ...data, previous: "cheap" } })),
  ],
  version_missing: [
    ({ event, data }) => bytes(text({ ...without(event, "freshetversion"), data })),
    ({ event, data }) => bytes(text({ ...event, freshetversion: null, data })),
  ],
  version_invalid: [
    ({ event, data }) => bytes(text({ ...event, freshetversion: "099", data })),
    ({ event, data }) => bytes(text({ ...event, freshetversion: "-5", data })),
    ({ event, data }) => bytes(text({ ...event, freshetversion: "1e30", data })),
    ({ event, data }) => bytes(text({ ...event, freshetversion: "9".repeat(21), data })),
    ({ event, data }) => bytes(text({ ...event, freshetversion: 12.5, data })),
    ({ event, data }) => bytes(text({ ...event, freshetversion: true, data })),
  ],
  rule_error: [
    ({ event, data }) => bytes(text({ ...event, data: without(data, "price") })),
    ({ event, data }) => bytes(text({ ...event, data: { ...data, related: null } })),
    ({ event, data }) => bytes(text({ ...event, data: without(data, "related") })),
    ({ event, data }) => bytes(text({ ...event, type: "product.deleted", data: without(data, "sku") })),
  ],
  key_unresolved: [
    ({ event, data }) => bytes(text({ ...event, type: "product.deleted", data: { ...data, sku: null } })),
    ({ event, data }) => bytes(text({ ...event, type: "product.deleted", data: { ...data, sku: "" } })),
    ({ event, data }) => bytes(text({ ...event, type: "product.deleted", data: { ...data, sku: true } })),
    ({ event, data }) => bytes(text({ ...event, type: "product.deleted", data: { ...data, sku: 1.5 } })),
    ({ event, data }) => bytes(text({ ...event, data: { ...data, related: ["p1", null] } })),
  ],
};

/** A record that must be dead-lettered for this reason, with awkward headers: null, empty, repeated, not UTF-8. */
export function makePoison(reason: PoisonReason, victim: Victim, random: Seeded): Omit<SentRecord, "partition"> {
  const { value, contentType } = random.pick(shapes[reason])(victim);
  const headers: (readonly [string, Buffer | null])[] = contentType === "" ? [] : [["content-type", Buffer.from(contentType)]];
  if (random.chance(0.5)) headers.push(["x-null", null], ["x-bytes", Buffer.from([0, 255, 254, random.integer(0, 255)])]);
  if (random.chance(0.5))
    headers.push(["x-hop", Buffer.from("a")], ["x-hop", null], ["x-hop", Buffer.from("a")], ["x-hop", Buffer.alloc(0)]);
  const key = random.chance(0.2) ? null : Buffer.from(random.chance(0.1) ? [0, 255, 10] : `k${random.digits(6)}`);
  return { key, value, headers };
}

function bytes(value: string): Poison {
  return { value: Buffer.from(value), contentType: JSON_EVENT };
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

function without(object: Readonly<Record<string, Member>>, name: string): Record<string, Member> {
  return Object.fromEntries(Object.entries(object).filter(([own]) => own !== name));
}
