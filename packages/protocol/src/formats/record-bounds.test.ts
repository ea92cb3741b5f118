import { describe, expect, test } from "@jest/globals";
import { limits } from "../limits.js";
import type { KafkaRecord } from "../record.js";
import type { SourceFormat, SourceSpec } from "../source.js";
import { decodeEvent } from "./decode-event.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const sourceOf = (format: SourceFormat): SourceSpec => ({
  name: "s",
  topic: "t",
  format,
  space: "p",
  spaceKind: "none",
  ops: new Map(),
  previous: null,
  tenant: null,
  matchesType: () => true,
  strict: false,
  tombstones: "delete",
  reads: { id: [{ from: "pointer", path: ["id"] }], version: null, type: null, time: null, replicaIdentity: "default" },
});
const event = (data: string) => `{"specversion":"1.0","id":"1","source":"/s","type":"x","subject":"7","data":${data}}`;
const row = (data: string) => `{"id":7,"data":${data}}`;
/** A good record of each format, with room for data. */
const values: Readonly<Record<SourceFormat, (data: string) => string>> = {
  cloudevents: event,
  debezium: (data) => `{"op":"c","source":{"table":"x"},"after":${row(data)}}`,
  outbox: row,
  json: row,
};
const formats = Object.keys(values) as SourceFormat[];

function decoded(format: SourceFormat, over: Partial<KafkaRecord> & { readonly data?: string }): string {
  const { data = "{}", ...rest } = over;
  const headers = format === "outbox" ? [{ name: "eventType", value: bytes("x") }] : [];
  const value = bytes(values[format](data));
  const record = { topic: "t", partition: 0, offset: 0, timestampMs: 0, key: bytes("7"), value, headers, ...rest };
  const result = decodeEvent(record, [sourceOf(format)]);
  return result.kind === "rejected" ? `${result.rejection.reason}: ${result.rejection.message}` : result.kind;
}

const header = (name: string, length = 0) => ({ name, value: new Uint8Array(length) });
const eventType = { name: "eventType", value: bytes("x") };
const headersOf = (count: number) => [eventType, ...Array.from({ length: count - 1 }, (_, at) => header(`h${at}`))];

describe.each(formats)("a record of format %s", (format) => {
  test("is read to the limits of its headers and not beyond", () => {
    expect(decoded(format, { headers: headersOf(limits.headersPerRecordMax) })).toBe("event");
    expect(decoded(format, { headers: headersOf(limits.headersPerRecordMax + 1) })).toMatch(/^too_large: .* headers$/);
    const room = limits.headerBytesMax - "eventType".length - 1 - "big".length;
    expect(decoded(format, { headers: [eventType, header("big", room)] })).toBe("event");
    expect(decoded(format, { headers: [eventType, header("big", room + 1)] })).toMatch(/^too_large: the headers/);
  });

  test("is read to the limit of its key and not beyond, however the key's size is known", () => {
    const key = new Uint8Array(limits.recordKeyBytesMax + 1).fill(0x37);
    expect(decoded(format, { key })).toMatch(/^too_large: the record key/);
    expect(decoded(format, { keyBytes: key.length })).toMatch(/^too_large: the record key/);
    expect(decoded(format, { key: key.subarray(1) })).not.toMatch(/^too_large/);
    expect(decoded(format, { key, value: null })).toMatch(/^too_large: the record key/);
  });

  test("is read to the limits of its JSON and not beyond", () => {
    const around = { cloudevents: 1, debezium: 2, outbox: 1, json: 1 }[format];
    const room = limits.jsonDepthMax - around - 1;
    const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(decoded(format, { data: nested(room) })).toBe("event");
    expect(decoded(format, { data: nested(room + 1) })).toMatch(/^too_large: the JSON/);
    expect(decoded(format, { data: nested(1_000_000) })).toMatch(/^too_large: the JSON/);
    expect(decoded(format, { data: `{"n":${"9".repeat(limits.numberDigitsMax)}}` })).toBe("event");
    expect(decoded(format, { data: `{"n":${"9".repeat(limits.numberDigitsMax + 1)}}` })).toMatch(/^too_large: a number/);
  });

  test("is read to the limit of its value and not beyond", () => {
    const room = limits.recordBytesMax - values[format]("{}").length - '"a":""'.length;
    expect(decoded(format, { data: `{"a":"${" ".repeat(room)}"}` })).toBe("event");
    expect(decoded(format, { data: `{"a":"${" ".repeat(room + 1)}"}` })).toMatch(/^too_large: the value/);
  });
});
