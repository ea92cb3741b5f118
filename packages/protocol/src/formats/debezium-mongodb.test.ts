import { describe, expect, test } from "@jest/globals";
import { record, source, told } from "../../tests/fixtures.js";
import type { DomainEvent } from "../event.js";
import type { FieldRef, SourceReads } from "../source.js";
import { decodeDebezium } from "./debezium.js";

/** MongoDB's connector sends documents as texts of extended JSON, and the id as a text in the record key. */

const column = (name: string): FieldRef => ({ from: "pointer", path: [name] });
const reads: SourceReads = { id: [column("_id")], version: column("v"), type: null, time: null, replicaIdentity: "default" };
const documents = source({ reads });
const withImages = source({ reads: { ...reads, replicaIdentity: "full" } });
const OID = '{"$oid": "596e275826f08b2730779e1f"}';
const from = { connector: "mongodb", db: "inventory", collection: "customers", ts_ms: 5 };

const keyOf = (id: string) => JSON.stringify({ id });
const change = (parts: object) => JSON.stringify({ before: null, after: null, source: from, ...parts });
const decode = (value: string | null, { key = keyOf(OID), spec = documents } = {}) => decodeDebezium(record({ value, key }), [spec]);

function eventOf(...given: Parameters<typeof decode>): DomainEvent {
  const decoded = decode(...given);
  if (decoded.kind !== "event") throw new Error(told(decoded));
  return decoded.event;
}

describe("documents", () => {
  const after = (id: string, rest = "") => `{"_id": ${id}, "v": {"$numberLong": "9007199254740993"}${rest}}`;

  test.each([
    [OID, "596e275826f08b2730779e1f"],
    ['{"$numberLong": "9007199254740993"}', "9007199254740993"],
    ["1004", "1004"],
    ['"a b"', "a b"],
    ['{"$uuid": "c445fad4-bc0e-4d5b-872d-3b7b9ba77a39"}', "c445fad4-bc0e-4d5b-872d-3b7b9ba77a39"],
    ['{"$binary": "a2Fma2E=", "$type": "00"}', "a2Fma2E="],
    ['{"$binary": {"base64": "a2Fma2E=", "subType": "00"}}', "a2Fma2E="],
  ])("of id %s have one subject, written or deleted or a tombstone", (id, subject) => {
    const keyed = { key: keyOf(id) };
    expect(told(decode(change({ op: "c", after: after(id) }), keyed))).toBe(`create s/${subject} v9007199254740993 inventory.customers`);
    expect(told(decode(change({ op: "d" }), keyed))).toBe(`delete s/${subject} blind inventory.customers`);
    const spec = source({ reads, tombstones: "delete" });
    expect(told(decode(null, { ...keyed, spec }))).toBe(`delete s/${subject} blind tombstone`);
  });

  test("have plain values, and what is rarer stays as it is", () => {
    const rest = `, "price": {"$numberDecimal": "19.99"}, "at": {"$date": 1700000000000}, "on": {"$date": {"$numberLong": "5"}},
      "list": [{"$numberInt": "3"}, {"deep": {"$date": "2026-11-21T00:00:00Z"}}], "ts": {"$timestamp": {"t": 1, "i": 2}},
      "odd": {"$numberLong": 5}, "two": {"$oid": "a", "b": 1}, "none": {"$undefined": true}, "__proto__": {"a": 1}`;
    const { data, time, timeUs } = eventOf(change({ op: "r", after: after(OID, rest) }));
    expect({ ...data, ["__proto__"]: null }).toEqual({
      _id: "596e275826f08b2730779e1f",
      v: 9007199254740993n,
      price: "19.99",
      at: 1_700_000_000_000,
      on: 5,
      list: [3, { deep: "2026-11-21T00:00:00Z" }],
      ts: { $timestamp: { t: 1, i: 2 } },
      odd: { $numberLong: 5 },
      two: { $oid: "a", b: 1 },
      none: { $undefined: true },
      ["__proto__"]: null,
    });
    expect(Object.getOwnPropertyDescriptor(data, "__proto__")?.value).toEqual({ a: 1 });
    expect([time, timeUs]).toEqual(["5", 5000]);
  });

  test("with the state before, where the collection keeps it", () => {
    const before = '{"_id": 7, "v": 4, "name": "a"}';
    const written = eventOf(change({ op: "u", before, after: '{"_id": 7, "v": 5}' }), { spec: withImages });
    expect([written.version, written.previous]).toEqual(["5", { _id: 7, v: 4, name: "a" }]);
    const deleted = eventOf(change({ op: "d", before }), { spec: withImages });
    expect([deleted.version, deleted.data]).toEqual(["5", { _id: 7, v: 4, name: "a" }]);
  });
});

describe("updates that were not looked up", () => {
  const update = (updatedFields: unknown) => change({ op: "u", updateDescription: { updatedFields, removedFields: ["x"] } });

  test("tell the fields that were set; the id is in the key", () => {
    const { subject, version, data } = eventOf(update('{"v": 8, "name": "b"}'));
    expect([subject, version, data]).toEqual(["596e275826f08b2730779e1f", "8", { v: 8, name: "b" }]);
  });

  test("without the version are not guessed", () => {
    expect(told(decode(update('{"name": "b"}')))).toBe("rejected version_missing");
    expect(told(decode(update(null)))).toBe("rejected version_missing");
    const blind = source({ spaceKind: "none", reads: { ...reads, version: null } });
    expect(told(decode(update(null), { spec: blind }))).toBe("update s/596e275826f08b2730779e1f blind inventory.customers");
  });

  test("of a database that looks rows up are still none without `after`", () => {
    expect(told(decode(change({ op: "u" })))).toBe("rejected schema_invalid");
    expect(told(decode(change({ op: "c", updateDescription: { updatedFields: "{}" } })))).toBe("rejected schema_invalid");
  });
});

describe("what is no document", () => {
  test.each([
    ["{", "undecodable"],
    ["[]", "schema_invalid"],
    ['"x"', "schema_invalid"],
    ['{"_id": 1, "v": 5.0}', "version_invalid"],
    ['{"_id": 1, "v": 1e3}', "version_invalid"],
    ['{"_id": {"a": 1}, "v": 5}', "schema_invalid"],
    ['{"kind": "rejected", "rejection": {}}', "schema_invalid"],
    ["[".repeat(100_000), "too_large"],
  ])("%.40s is dead-lettered as %s", (after, reason) => {
    expect(told(decode(change({ op: "c", after }), { key: "{}" }))).toBe(`rejected ${reason}`);
  });

  test("a key that is no JSON is an id as it stands; a row's own columns win over the connector's", () => {
    expect(told(decode(change({ op: "d" }), { key: keyOf("plain text") }))).toBe("delete s/plain text blind inventory.customers");
    expect(told(decode(change({ op: "d" }), { key: '{"_id": 5, "id": "6"}' }))).toBe("delete s/5 blind inventory.customers");
  });
});
