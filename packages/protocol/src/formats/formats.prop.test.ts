import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { bytes, fixtureNames, fixtureRecords, source } from "../../tests/fixtures.js";
import type { Decoded } from "../decoded.js";
import { deadReasons } from "../outcome.js";
import type { KafkaRecord, RecordHeader } from "../record.js";
import type { FieldRef, SourceReads, SourceSpec } from "../source.js";
import { compareVersions, nextVersion, parseVersion } from "../version.js";
import { decodeEvent } from "./decode-event.js";
import { subjectOfParts } from "./subject.js";

const at = (...path: string[]): FieldRef => ({ from: "pointer", path });
const reads: SourceReads = { id: [at("id")], version: at("version"), type: null, time: at("at"), replicaIdentity: "full" };
const rows = source({ reads, tombstones: "delete" });
/** Every way of reading: all formats, kinds of versions, one id and two, tombstones of both kinds. */
const sources: readonly SourceSpec[] = [
  rows,
  source({ reads: { ...reads, id: [at("id"), at("a", "b")], replicaIdentity: "default" }, spaceKind: "timestamp", tenant: at("tenant") }),
  source({ format: "outbox", reads: { ...reads, id: [], version: { from: "header", name: "v" } }, tombstones: "delete", strict: true }),
  source({ format: "outbox", reads: { ...reads, id: [] }, matchesType: (type) => type !== "", strict: true }),
  source({ format: "json", reads: { ...reads, type: at("type") }, previous: ["before"], tombstones: "delete" }),
  source({ format: "json", reads: { ...reads, version: null }, spaceKind: "none", tenant: { from: "header", name: "tenant" } }),
  source({ format: "cloudevents", tombstones: "delete", previous: ["before"] }),
];

/** Looks at every member, the lazy ones too, and at what the protocol promises of them. */
function check(decoded: Decoded): void {
  if (decoded.kind === "rejected") {
    const { reason, message, fix } = decoded.rejection;
    expect([deadReasons.includes(reason), message.length > 10, fix.length > 4]).toEqual([true, true, true]);
  } else if (decoded.kind === "event") {
    const { id, subject, version, type, source: name, time, timeUs, tenant, data, previous, headers, trace } = decoded.event;
    expect([typeof id, typeof subject, typeof type, typeof name, typeof time]).toEqual(Array(5).fill("string"));
    expect([subject !== "", version === null || parseVersion(version) === version]).toEqual([true, true]);
    expect([timeUs === null || Number.isFinite(timeUs), tenant !== "", trace === null || typeof trace === "string"]).toEqual([
      true,
      true,
      true,
    ]);
    for (const map of [data, previous, headers]) expect(typeof map === "object" && map !== null && !Array.isArray(map)).toBe(true);
  }
}

const recordOf = (key: Uint8Array | null, value: Uint8Array | null, headers: readonly RecordHeader[]): KafkaRecord => ({
  topic: "t",
  partition: 0,
  offset: 1,
  timestampMs: 0,
  key,
  value,
  headers,
});

const noise = fc.option(fc.uint8Array({ maxLength: 60 }), { nil: null });
const names = fc.constantFrom(
  ...["op", "before", "after", "source", "schema", "payload", "id", "version", "type", "table", "ts_us", "ts_ns", "ts_ms", "status"],
  ...[
    "event_count",
    "data_collections",
    "__op",
    "__deleted",
    "__table",
    "a",
    "b",
    "tenant",
    "__proto__",
    "constructor",
    "specversion",
    "data",
  ],
);
const scalars = fc.constantFrom<unknown>(
  ...[null, true, 0, -0, 7, 1.5, 1e300, 2 ** 53, "", "7", "c", "u", "d", "r", "t", "m", "true", "BEGIN", "1.0", "\ud800", "a\nb"],
  ...["__debezium_unavailable_value", "99999999999999999999", "1970-01-01T00:00:01Z", '{"id":1}', '"1"', "Struct{op=m,}", "x".repeat(600)],
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalars,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.array(fc.tuple(names, tie("tree")), { maxLength: 6 }).map((members) => Object.fromEntries(members)),
  ),
}));
const row = fc.record({ id: scalars, version: scalars, at: scalars, a: tree }, { requiredKeys: [] });
const image = fc.oneof(row, fc.constant(null), tree);
const envelope = fc.record(
  { op: scalars, before: image, after: image, source: fc.oneof(tree, fc.constant({ table: "p" })) },
  { requiredKeys: [] },
);
const wrapped = (inner: fc.Arbitrary<unknown>) => inner.map((payload) => ({ schema: { type: "struct" }, payload }));
const json = fc.oneof(tree, row, envelope, wrapped(envelope), wrapped(row)).map((value) => JSON.stringify(value));
const text = fc.oneof(
  json,
  json.map((inner) => JSON.stringify(inner)),
  fc.constantFrom("", "null", "Struct{a=1}", "{", "[".repeat(5000)),
);
const headerList = fc.array(
  fc.record({
    name: fc.constantFrom("id", "eventType", "v", "tenant", "__op", "ce_id", "ce_type", "content-type", "traceparent", "__proto__"),
    value: fc.option(
      fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        text.map((value) => bytes(value)),
      ),
      { nil: null },
    ),
  }),
  { maxLength: 4 },
);

const runs = { numRuns: 4000 };

describe("nothing that a record holds is thrown", () => {
  test("any bytes", () => {
    fc.assert(
      fc.property(noise, noise, headerList, (key, value, headers) => {
        for (const spec of sources) check(decodeEvent(recordOf(key, value, headers), [spec]));
      }),
      runs,
    );
  });

  test("JSON that looks like what is expected, in the key, the value and the headers", () => {
    const ended = new Map<string, number>();
    fc.assert(
      fc.property(fc.option(text, { nil: null }), fc.option(text, { nil: null }), headerList, (key, value, headers) => {
        for (const spec of sources) {
          const decoded = decodeEvent(recordOf(bytes(key), bytes(value), headers), [spec]);
          check(decoded);
          ended.set(decoded.kind, (ended.get(decoded.kind) ?? 0) + 1);
        }
      }),
      runs,
    );
    for (const kind of ["event", "ignored", "rejected"]) expect([kind, (ended.get(kind) ?? 0) > 200]).toEqual([kind, true]);
  });

  test("a real record with some bytes changed", () => {
    const real = fixtureNames.flatMap((name) => fixtureRecords(name)).filter((one) => one.value !== null);
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.constantFrom(...real), fc.array(change, { minLength: 1, maxLength: 4 }), (original, changes) => {
        const value = Uint8Array.from(original.value ?? []);
        for (const [place, byte] of changes) value[place % value.length] = byte;
        for (const spec of sources) check(decodeEvent({ ...original, value }, [spec]));
      }),
      { numRuns: 1500 },
    );
  });
});

test("no rejection repeats what the record holds", () => {
  const secret = "alice-at-example";
  const spread = fc.oneof(json, text).map((value) => value.replaceAll(/"(?:7|c|u|1\.0|a)"/g, `"${secret}"`));
  fc.assert(
    fc.property(fc.option(spread, { nil: null }), spread, headerList, (key, value, headers) => {
      for (const spec of sources) {
        const decoded = decodeEvent(recordOf(bytes(key), bytes(value), headers), [spec]);
        if (decoded.kind === "rejected") expect(JSON.stringify(decoded.rejection)).not.toContain(secret);
      }
    }),
    runs,
  );
});

describe("arithmetic and subjects", () => {
  const version = fc.bigInt({ min: 0n, max: 10n ** 20n - 1n });
  const nines = fc.nat({ max: 20 }).map((digits) => 10n ** BigInt(digits) - 1n);

  test("the next version is one more, is newer, and none comes after twenty nines", () => {
    fc.assert(
      fc.property(fc.oneof(version, nines), (value) => {
        const parsed = parseVersion(value.toString());
        if (parsed === null) throw new Error("not a version");
        const next = nextVersion(parsed);
        expect(next).toBe(value === 10n ** 20n - 1n ? null : (value + 1n).toString());
        expect(next === null || compareVersions(next, parsed) > 0).toBe(true);
      }),
      runs,
    );
  });

  test("a delete of a row is one newer than the row", () => {
    fc.assert(
      fc.property(version, fc.boolean(), (value, quoted) => {
        const written = quoted ? `"${value}"` : value.toString();
        const text = `{"op":"d","before":{"id":1,"version":${written}},"after":null,"source":{"table":"p"}}`;
        const decoded = decodeEvent(recordOf(null, bytes(text), []), [rows]);
        const expected = value === 10n ** 20n - 1n ? "version_invalid" : (value + 1n).toString();
        expect(decoded.kind === "event" ? decoded.event.version : decoded.kind === "rejected" && decoded.rejection.reason).toBe(expected);
      }),
      runs,
    );
  });

  test("different lists of as many ids never make the same subject", () => {
    const part = fc.string({ unit: fc.constantFrom("a", ",", "%", "2", "C", " ", "é", "\n"), minLength: 1, maxLength: 4 });
    const parts = fc.array(part, { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(subjectOfParts(one) === subjectOfParts(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
      runs,
    );
  });
});
