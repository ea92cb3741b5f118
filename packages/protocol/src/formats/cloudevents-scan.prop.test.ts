import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { damage, damaged, jsonObjectText, jsonValueText, names } from "../../tests/json-texts.js";
import type { Decoded } from "../decoded.js";
import type { DomainEvent } from "../event.js";
import { followMembers } from "../json.js";
import type { KafkaRecord, RecordHeader } from "../record.js";
import type { SourceSpec } from "../source.js";
import { decodeCloudEvent } from "./cloudevents.js";
import { scanCloudEvent } from "./cloudevents-scan.js";
import { decodeWhole } from "./cloudevents-whole.js";

const encoder = new TextEncoder();
const base = { topic: "t", format: "cloudevents", tenant: null, tombstones: "ignore" } as const;
const sources: readonly SourceSpec[] = [
  {
    ...base,
    name: "a",
    space: "s.a",
    spaceKind: "counter",
    ops: new Map([["a.gone", "delete"]]),
    previous: ["previous"],
    matchesType: (type) => type.startsWith("a."),
    strict: false,
  },
  {
    ...base,
    name: "b",
    space: "s.ü",
    spaceKind: "timestamp",
    ops: new Map(),
    previous: null,
    matchesType: (type) => type === "b",
    strict: false,
  },
  {
    ...base,
    name: "c",
    space: "s.c",
    spaceKind: "none",
    ops: new Map(),
    previous: ["a", "0"],
    matchesType: (type) => type === "c",
    strict: false,
  },
  {
    ...base,
    name: "d",
    space: "s.d",
    spaceKind: "counter",
    ops: new Map(),
    previous: [],
    matchesType: (type) => type === "d",
    strict: true,
  },
];

/** Mostly what the attribute should be, at times anything. */
const mostly = (...values: readonly string[]) =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...values).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: jsonValueText },
  );
const optional = <T>(arbitrary: fc.Arbitrary<T>, freq = 4) => fc.option(arbitrary, { nil: undefined, freq });
const version = fc.oneof(
  mostly("0", "7", "10"),
  mostly("0", "7", "18446744073709551616", "123456789012345678901", "01", "", "2026-01-02T03:04:05.678901Z"),
  fc.constantFrom("7", "0", "-0", "1e3", "5.0", "9007199254740993", "null", "true"),
);
const eventText = fc
  .record({
    specversion: mostly("1.0"),
    id: mostly("e1", "e2"),
    source: mostly("/shop", "é"),
    type: mostly("a.changed", "a.gone", "b", "c", "d", "x"),
    subject: fc.oneof(
      mostly("42", "ü", "a b", "x".repeat(200)),
      fc.string({ maxLength: 5 }).map((value) => JSON.stringify(value)),
    ),
    freshetversion: optional(version, 8),
    sequence: optional(version, 2),
    time: optional(mostly("2026-01-02T03:04:05Z"), 2),
    traceparent: optional(mostly("00-1-2-01"), 2),
    datacontenttype: optional(mostly("application/json"), 2),
    data_base64: fc.oneof({ weight: 30, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: mostly(btoa('{"price":5}')) }),
    data: optional(fc.oneof(jsonObjectText, jsonObjectText, jsonObjectText, jsonValueText), 8),
  })
  .chain((event) => fc.shuffledSubarray(Object.entries(event), { minLength: Object.keys(event).length - 1 }))
  .map((members) => `{${members.flatMap(([name, value]) => (value === undefined ? [] : [`"${name}":${value}`])).join(",")}}`);

const path = fc.tuple(
  fc.constantFrom("data" as const, "previous" as const),
  fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }),
);
const headers = fc.constantFrom<readonly RecordHeader[]>(
  [],
  [],
  [{ name: "content-type", value: encoder.encode("application/cloudevents+json; charset=utf-8") }],
  [{ name: "content-type", value: encoder.encode("application/cloudevents+avro") }],
  [{ name: "traceparent", value: encoder.encode("00-a") }],
);

function recordOf(value: Uint8Array, list: readonly RecordHeader[]): KafkaRecord {
  return { topic: "t", partition: 0, offset: 7, timestampMs: 0, key: null, value, headers: list };
}

function membersOf(event: DomainEvent) {
  const { id, space, subject, version, op, type, source, timeUs, time, tenant, data, previous, headers, trace } = event;
  return { id, space, subject, version, op, type, source, timeUs, time, tenant, data, previous, headers, trace };
}

function toldOf(decoded: Decoded) {
  return decoded.kind === "event" ? { spec: decoded.source, ...membersOf(decoded.event) } : decoded;
}

test("a scan gives what a parse of the whole event gives, or nothing", () => {
  const seen = { events: 0, scanned: 0, noMatch: 0 };
  fc.assert(
    fc.property(eventText, fc.oneof(fc.constant(null), damage), fc.array(path, { maxLength: 3 }), headers, (text, how, paths, list) => {
      const record = recordOf(damaged(encoder.encode(text), how), list);
      const whole = decodeWhole(record, sources);
      const scanned = scanCloudEvent(record, sources);
      if (whole.kind === "event") seen.events++;
      if (scanned === null) return;
      if (scanned.kind === "no_match") seen.noMatch++;
      if (scanned.kind === "event" && whole.kind === "event") {
        seen.scanned++;
        const fieldsOf = () => paths.map(([root, names]) => scanned.event.field?.(root, names));
        const due = paths.map(([root, names]) => followMembers(whole.event[root], names));
        expect(fieldsOf()).toEqual(due); // some of them learnt just now
        const again = scanCloudEvent(record, sources);
        if (again?.kind === "event") expect(paths.map(([root, names]) => again.event.field?.(root, names))).toEqual(due);
        expect(fieldsOf()).toEqual(due); // another event was scanned meanwhile
      }
      expect(toldOf(scanned)).toEqual(toldOf(whole));
    }),
    { numRuns: 20_000, verbose: 1 },
  );
  expect(seen.events).toBeGreaterThan(2500);
  expect(seen.scanned / seen.events).toBeGreaterThan(0.5);
  expect(seen.noMatch).toBe(0); // a source is strict: the whole parse says `untrusted`
});

test("sources of their own do not share what was learnt", () => {
  const value = encoder.encode(
    '{"specversion":"1.0","id":"1","source":"/","type":"a.x","subject":"1","freshetversion":"1","data":{"a":{"b":1},"previous":{"a":2}}}',
  );
  const record = recordOf(value, []);
  const names = ["a"];
  for (const list of [sources, [...sources], sources]) {
    const decoded = decodeCloudEvent(record, list);
    if (decoded.kind !== "event") throw new Error(decoded.kind);
    expect([decoded.event.field?.("data", names), decoded.event.field?.("previous", names)]).toEqual([{ b: 1 }, 2]);
  }
});
