import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { batchOf, compressedBatchOf, GZIP } from "../tests/batches.js";
import { decodeRecordSet } from "./record-batch-decoder.js";
import type { EncodableRecord } from "./record-encoder.js";

const source = { topic: "t", partition: 0 };
const bytes = fc.option(fc.uint8Array({ maxLength: 300 }));
const header = fc.record({ name: fc.oneof(fc.string(), fc.constantFrom("__proto__", "toString", "a", "1")), value: bytes });
const record: fc.Arbitrary<EncodableRecord> = fc.record({ key: bytes, value: bytes, headers: fc.array(header, { maxLength: 6 }) });
const records = fc.array(record, { minLength: 1, maxLength: 20 });

const plain = (given: Uint8Array | null) => (given === null ? null : [...given]);
const shown = ({ key, value, headers }: EncodableRecord) => ({
  key: plain(key),
  value: plain(value),
  headers: headers.map(({ name, value: of }) => [Buffer.from(name).toString(), plain(of)]),
});

describe("encoder and decoder", () => {
  test("agree on every record, plain and compressed", async () => {
    const roundTrip = async (given: readonly EncodableRecord[], firstOffset: number, packed: boolean): Promise<void> => {
      const batch = packed ? await compressedBatchOf(GZIP, given, { firstOffset }) : batchOf(given, { firstOffset });
      const decoded = await decodeRecordSet(batch, source);
      expect(decoded.records.map(shown)).toEqual(given.map(shown));
      expect(decoded.records.map(({ offset }) => offset)).toEqual(given.map((_, at) => firstOffset + at));
    };
    await fc.assert(fc.asyncProperty(records, fc.nat(2 ** 31 - 1), fc.boolean(), roundTrip), { numRuns: 300, verbose: 1 });
  });

  test("stay calm over damaged bytes: records, a marker or nothing, never a throw", async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    const survive = async (given: readonly EncodableRecord[], hits: readonly [number, number][], cut: number): Promise<void> => {
      const whole = Buffer.concat([batchOf(given), batchOf(given, { firstOffset: given.length })]);
      for (const [at, byte] of hits) whole.writeUInt8(byte, at % whole.length);
      const decoded = await decodeRecordSet(whole.subarray(0, whole.length - (cut % 40)), source);
      for (const { key, value, headers } of decoded.records)
        expect(headers.length + (key?.length ?? 0) + (value?.length ?? 0)).toBeLessThan(1e6);
    };
    await fc.assert(fc.asyncProperty(records, damage, fc.nat(), survive), { numRuns: 2000, verbose: 1 });
  });
});
