import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { codecs } from "./codecs.js";
import { decodeRecordSet } from "./record-batch-decoder.js";

// Bytes that other programs made: tests/fixtures/README.md says how.
const fixtures: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("../tests/fixtures/foreign-batches.json", import.meta.url), "utf8"),
);
const bytesOf = (name: string) => Buffer.from(fixtures[name] ?? "", "base64");
const source = { topic: "t", partition: 0 };
const odd = [
  ["a", "1"],
  ["b", null],
  ["a", "2"],
  ["__proto__", "p"],
  ["toString", "t"],
];

/** The forty records that each client was given. */
const given = Array.from({ length: 40 }, (_, at) => ({
  key: at % 5 === 0 ? null : `key-${at}`,
  value: at === 7 ? null : `event ${at} ${"lorem ipsum ".repeat(300)}`,
}));

async function decoded(name: string) {
  const { records, lastOffset } = await decodeRecordSet(bytesOf(name), source);
  const shown = records.map(({ key, value }) => ({
    key: key === null ? null : Buffer.from(key).toString(),
    value: value === null ? null : Buffer.from(value).toString(),
  }));
  const headers = records.map((record) => record.headers.map(({ name: of, value }) => [of, value === null ? null : String(value)]));
  return { shown, headers, lastOffset, problems: records.map(({ undecodable }) => undecodable).filter(Boolean), records };
}

for (const { name } of codecs.values()) {
  test(`a ${name} batch of the Java client is read to the last header`, async () => {
    const { shown, headers, lastOffset, problems, records } = await decoded(`java-${name}`);
    expect(problems).toEqual([]);
    expect(shown).toEqual(given);
    expect(headers.map((of, at) => (at === 3 ? of : of.length))).toEqual(given.map((_, at) => (at === 3 ? odd : 0)));
    expect(records.map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual(
      given.map((_, at) => [100 + at, 1_700_000_000_000 + at]),
    );
    expect(lastOffset).toBe(139);
  });

  test(`a ${name} batch of librdkafka is read to the last header`, async () => {
    const { shown, headers, lastOffset, problems } = await decoded(`rdkafka-${name}`);
    expect(problems).toEqual([]);
    expect(shown).toEqual(given);
    expect(headers).toEqual(given.map(() => odd));
    expect(lastOffset).toBe(39);
  });

  for (const client of ["java", "rdkafka"]) {
    test(`a ${name} batch of ${client} with any byte flipped is one marker, or what it was`, async () => {
      const whole = bytesOf(`${client}-${name}`);
      const step = Math.max(1, Math.floor(whole.length / 60));
      for (let at = 21; at < whole.length; at += step) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
        const { records } = await decodeRecordSet(bytes, source);
        expect(records.length).toBe(1);
        expect(records.at(0)?.undecodable?.problem).toMatch(/damaged|checksum|not known/);
      }
    });
  }
}

describe("a frame of the lz4 command", () => {
  const text = "lorem ipsum ".repeat(20_000);
  for (const kind of ["default", "checked", "linked"]) {
    test(`with its ${kind} settings is read`, async () => {
      expect(String(await codecs.get(3)?.decompress(bytesOf(`lz4-cli-${kind}`), text.length))).toBe(text);
    });

    test(`with its ${kind} settings is refused a byte below its size`, async () => {
      await expect(codecs.get(3)?.decompress(bytesOf(`lz4-cli-${kind}`), text.length - 1)).rejects.toThrow("more than");
    });
  }
});
