import { deadLetter } from "@freshet/pipeline";
import { describe, expect, test } from "@jest/globals";
import { bigEndian, dialects, header, original, record } from "../../tests/foreign-letters.js";
import { readDeadLetter } from "./letter.js";

describe("each dialect is read", () => {
  test.each([
    ["freshet", { topic: "shop.products", partition: 5, offset: 1234 }, "rule_error", "freshet-default", 2],
    ["share-group", { topic: "shop.orders", partition: 1, offset: 99 }, "unknown", "order-workers", 5],
    [
      "kafka-connect",
      { topic: "shopdb.public.product", partition: 0, offset: 812 },
      "org.apache.kafka.connect.errors.DataException",
      "elastic-sink",
      null,
    ],
    [
      "kafka-streams",
      { topic: "shop.stock", partition: 2, offset: 31 },
      "org.apache.kafka.common.errors.SerializationException",
      null,
      null,
    ],
    [
      "spring",
      { topic: "shop.payments", partition: 7, offset: 5_000_000_000 },
      "java.lang.IllegalStateException",
      "payments-service",
      null,
    ],
  ] as const)("%s", (dialect, source, reason, group, attempts) => {
    const letter = readDeadLetter(record([...original, ...dialects[dialect]]));
    expect(letter).toMatchObject({ id: "3-17", partition: 3, offset: 17, dialect, source, reason, group, attempts, tenant: null });
    expect(letter.record).toMatchObject({ ...source, key: record([]).key, value: record([]).value });
    expect(letter.record.headers).toEqual(original);
    expect(letter.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  test("freshet's own members are those of its headers", () => {
    expect(readDeadLetter(record(dialects.freshet))).toMatchObject({
      rule: "price-changed",
      fingerprint: "00112233445566ff",
      message: "there is no field `price`. Fix: ask with has()",
      firstFailedAt: "2026-01-01T00:00:00.000Z",
      lastFailedAt: "2026-01-01T00:05:00.000Z",
      rulesHash: "ab".repeat(32),
      writtenAtMs: 1_767_225_600_000,
    });
  });

  test("Spring tells the record's own time, Connect the stage", () => {
    expect(readDeadLetter(record(dialects.spring)).record.timestampMs).toBe(1_767_000_000_000);
    expect(readDeadLetter(record(dialects["kafka-connect"])).message).toBe("VALUE_CONVERTER: Unrecognized token 'abc' at line 1, column 4");
  });

  test("the same failure with other values has the same fingerprint, another failure has not", () => {
    const withMessage = (message: string) => readDeadLetter(record([header("__connect.errors.exception.message", message)])).fingerprint;
    expect(withMessage("no product 4711 named 'abc'")).toBe(withMessage("no product 12 named 'x y'"));
    expect(withMessage("no product 4711")).not.toBe(withMessage("no brand 4711"));
  });

  test("no headers of any dialect: unknown, and the record stays where it lies", () => {
    const letter = readDeadLetter(record(original));
    expect(letter).toMatchObject({ dialect: "unknown", reason: "unknown", source: null, message: "" });
    expect(letter.record).toEqual(record(original));
  });

  test("a record that was a dead letter of others before it was ours is ours, and keeps the headers of others", () => {
    const letter = readDeadLetter(record([...dialects.spring, ...dialects.freshet]));
    expect(letter.dialect).toBe("freshet");
    expect(letter.record.headers).toEqual(dialects.spring);
  });
});

test("what the pipeline writes is read back to the record that failed", () => {
  const failed = record(original, { topic: "shop.products", partition: 2, offset: 7 });
  const rejection = { reason: "rule_error", message: "no such field", fix: "Ask with has().", rule: "r" } as const;
  const context = { topic: "freshet.dlq.default", group: "g", rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" };
  const written = deadLetter(failed, rejection, context);
  const letter = readDeadLetter(record(written.headers, { key: written.key, value: written.value }));
  expect(letter.record).toEqual(failed);
  expect(letter).toMatchObject({ reason: "rule_error", rule: "r", group: "g", attempts: 1, source: { topic: "shop.products" } });
});

test.each(["41-43", "41-41"])("the marker of a batch that nobody could decode (%s) stays one", (offset) => {
  const letter = readDeadLetter(record([...dialects.freshet, header("__dlq.errors.offset", offset)], { key: null, value: null }));
  expect(letter.source).toMatchObject({ offset: 41 });
  expect(letter.record.undecodable).toMatchObject({ firstOffset: 41, lastOffset: Number(offset.slice(3)) });
});

describe("a tampered letter is read within bounds, and no nonsense becomes a fact", () => {
  const tampered = (name: string, value: string | Uint8Array | null) => readDeadLetter(record([...dialects.freshet, header(name, value)]));
  const notUtf8 = Uint8Array.of(0xff, 0xfe, 0x41);

  test.each([
    ["__dlq.errors.offset", "-1"],
    ["__dlq.errors.offset", "99999999999999999999"],
    ["__dlq.errors.offset", "9007199254740993"],
    ["__dlq.errors.offset", "9-3"],
    ["__dlq.errors.offset", "1e3"],
    ["__dlq.errors.offset", null],
    ["__dlq.errors.partition", "4294967296"],
    ["__dlq.errors.partition", notUtf8],
    ["__dlq.errors.topic", "../etc passwd"],
    ["__dlq.errors.topic", "t".repeat(250)],
    ["__dlq.errors.topic", notUtf8],
  ])("%s = %p: the source is not known", (name, value) => {
    const letter = tampered(name, value);
    expect(letter.source).toBeNull();
    expect(letter.record).toMatchObject({ topic: "some.dlq", partition: 3, offset: 17 });
  });

  test.each([
    ["freshet-attempts", "1000000001", "attempts"],
    ["freshet-attempts", "NaN", "attempts"],
    ["freshet-first-failed-at", "tomorrow", "firstFailedAt"],
    ["freshet-first-failed-at", "2026-13-45T00:00:00Z", "firstFailedAt"],
    ["freshet-last-failed-at", notUtf8, "lastFailedAt"],
    ["freshet-rules-hash", "xyz", "rulesHash"],
  ] as const)("%s = %p is not told", (name, value, member) => {
    expect(tampered(name, value)[member]).toBeNull();
  });

  test("a reason and a fingerprint that cannot be are replaced", () => {
    expect(tampered("freshet-reason", "\u001b[31mboo").reason).toBe("unknown");
    expect(tampered("freshet-fingerprint", "0".repeat(1_000_000)).fingerprint).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
  });

  test("texts are cut, and hold nothing that a terminal obeys", () => {
    const message = tampered("__dlq.errors.message", `\u001b]0;own\u0007\nline\u202e${"x".repeat(100_000)}`).message;
    expect(message).toMatch(/^\]0;own line x+ …$/);
    expect(message.length).toBe(2048);
    expect(tampered("freshet-rule", "r".repeat(10_000)).rule.length).toBe(249);
    expect(tampered("__dlq.errors.message", notUtf8).message).toBe("\ufffd\ufffdA");
  });

  test("big-endian numbers of another size, or below zero, are not told", () => {
    const spring = (name: string, value: Uint8Array) => readDeadLetter(record([...dialects.spring, header(name, value)]));
    expect(spring("kafka_dlt-original-offset", bigEndian(1, 4)).source).toBeNull();
    expect(spring("kafka_dlt-original-partition", bigEndian(-1, 4)).source).toBeNull();
    expect(spring("kafka_dlt-original-offset", Buffer.alloc(8, 0x7f)).source).toBeNull();
  });
});
