import { describe, expect, test } from "@jest/globals";
import { senderOfCanary } from "../canary.js";
import type { KafkaRecord } from "../record.js";
import type { SourceFormat, SourceSpec } from "../source.js";
import { decodeEvent } from "./decode-event.js";

const formats: readonly SourceFormat[] = ["cloudevents", "debezium", "outbox", "json"];
const header = (name: string, value: string | null) => ({ name, value: value === null ? null : Buffer.from(value) });

/** A source that takes tombstones for deletes, and trusts nobody it does not know. */
function sourceOf(format: SourceFormat): SourceSpec {
  const path = { from: "pointer", path: ["id"] } as const;
  const reads = { id: format === "outbox" ? [] : [path], version: null, type: null, time: null, replicaIdentity: "default" } as const;
  const space = { name: "s", topic: "t", space: "p", spaceKind: "counter", ops: new Map(), previous: null, tenant: null } as const;
  return {
    ...space,
    format,
    matchesType: (type) => type === "known",
    strict: true,
    tombstones: "delete",
    ...(format === "cloudevents" ? {} : { reads }),
  };
}

function recordOf(headers: KafkaRecord["headers"], value: string | null = null): KafkaRecord {
  const at = { topic: "t", partition: 0, offset: 7, timestampMs: 1 };
  return { ...at, key: Buffer.from('"freshet-canary"'), value: value === null ? null : Buffer.from(value), headers };
}

describe.each(formats)("a canary among records of format %s", (format) => {
  const sources = [sourceOf(format)];

  test("is ignored, also where tombstones are deletes", () => {
    expect(decodeEvent(recordOf([header("freshet-canary", "d")]), sources)).toEqual({ kind: "ignored" });
    const attributes = ["specversion", "id", "source", "type", "subject", "freshetversion"].map((name) => header(`ce_${name}`, "1.0"));
    if (format === "cloudevents")
      expect(decodeEvent(recordOf([...attributes, header("freshet-canary", "d")]), sources)).toEqual({ kind: "ignored" });
    expect(decodeEvent(recordOf([]), sources).kind).not.toBe("ignored");
  });

  test("is none where it has a value: nobody hides an event behind a header", () => {
    const value = JSON.stringify({ id: "1", specversion: "1.0" });
    const headers = [header("freshet-canary", "d")];
    expect(decodeEvent(recordOf(headers, value), sources)).toEqual(decodeEvent(recordOf([], value), sources));
  });
});

test("a canary tells whose it is", () => {
  expect(senderOfCanary(recordOf([header("freshet-canary", "d")]))).toBe("d");
  expect(senderOfCanary(recordOf([header("freshet-canary", "d")], "{}"))).toBeNull();
  expect(senderOfCanary(recordOf([header("freshet-canary", null)]))).toBeNull();
  expect(senderOfCanary(recordOf([]))).toBeNull();
});
