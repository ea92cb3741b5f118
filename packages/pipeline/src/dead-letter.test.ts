import { deadReasons, type KafkaRecord, type Rejection } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { deadLetter } from "./dead-letter.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const context = { topic: "freshet.dlq.default", group: "freshet-default", rulesHash: "a".repeat(64), at: "2026-01-01T00:00:00Z" };
const rejection: Rejection = { reason: "rule_error", message: "no such field", fix: "ask with has()", rule: "product-changed" };
const record: KafkaRecord = {
  topic: "shop.products",
  partition: 3,
  offset: 41,
  timestampMs: 5,
  key: bytes("42"),
  value: bytes("{}"),
  headers: [
    { name: "a", value: bytes("1") },
    { name: "b", value: null },
    { name: "a", value: bytes("2") },
    { name: "freshet-reason", value: bytes("forged") },
    { name: "__proto__", value: bytes("x") },
  ],
};
const text = (value: Uint8Array | null | undefined): string => new TextDecoder().decode(value ?? undefined);

test("keeps key, value and headers, repeated and null ones in their order, and overwrites its own", () => {
  const letter = deadLetter(record, rejection, context);
  expect([letter.topic, letter.key, letter.value]).toEqual([context.topic, record.key, record.value]);
  expect(letter.headers.slice(0, 4)).toEqual(record.headers.filter(({ name }) => name !== "freshet-reason"));
  expect(Object.fromEntries(letter.headers.slice(4).map(({ name, value }) => [name, text(value)]))).toEqual({
    "__dlq.errors.topic": "shop.products",
    "__dlq.errors.partition": "3",
    "__dlq.errors.offset": "41",
    "__dlq.errors.group": "freshet-default",
    "__dlq.errors.message": "no such field. Fix: ask with has()",
    "freshet-reason": "rule_error",
    "freshet-rule": "product-changed",
    "freshet-fingerprint": expect.stringMatching(/^[0-9a-f]{16}$/),
    "freshet-first-failed-at": context.at,
    "freshet-last-failed-at": context.at,
    "freshet-attempts": "1",
    "freshet-rules-hash": context.rulesHash,
  });
});

test("keeps null keys and values", () => {
  const letter = deadLetter({ ...record, key: null, value: null }, rejection, context);
  expect([letter.key, letter.value]).toEqual([null, null]);
});

test("its own headers stay within 8 KiB, whatever the texts, and are whole characters", () => {
  const long = "é".repeat(20_000);
  const own = deadLetter({ ...record, headers: [] }, { ...rejection, message: long, rule: long }, context).headers;
  const size = own.reduce((sum, { name, value }) => sum + bytes(name).length + (value?.length ?? 0), 0);
  expect(size).toBeLessThanOrEqual(8192);
});

test("the fingerprint groups by cause, not by record", () => {
  const print = (over: Partial<Rejection>, offset = 1) => {
    const letter = deadLetter({ ...record, offset }, { ...rejection, ...over }, context);
    return text(letter.headers.find(({ name }) => name === "freshet-fingerprint")?.value);
  };
  expect(print({}, 1)).toBe(print({}, 2));
  expect(new Set(deadReasons.map((reason) => print({ reason }))).size).toBe(deadReasons.length);
  expect(print({ rule: "other" })).not.toBe(print({}));
});
