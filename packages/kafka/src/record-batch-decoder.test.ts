import type { KafkaRecord } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import {
  APPEND_TIME,
  batchOf,
  CONTROL,
  compressed,
  compressedBatchOf,
  endOfTransaction,
  GZIP,
  LZ4,
  recordOfHeaders,
  recordsAt,
  SNAPPY,
  TRANSACTIONAL,
  valued,
  ZSTD,
} from "../tests/batches.js";
import { type AbortedTransaction, BATCH_BYTES_MAX, decodeRecordSet, unpackingRoom } from "./record-batch-decoder.js";
import { encodeRecordBatch } from "./record-encoder.js";

const source = { topic: "t", partition: 3 };
const decode = async (batches: readonly Buffer[], aborted: readonly AbortedTransaction[] = []) => {
  const { records, lastOffset } = await decodeRecordSet(Buffer.concat(batches), source, { aborted });
  return { records: records.slice(), lastOffset };
};
const valuesOf = (records: readonly KafkaRecord[]) =>
  records.map((record) => record.undecodable ?? Buffer.from(record.value ?? []).toString());
const codecIds = [
  [GZIP, "gzip"],
  [SNAPPY, "snappy"],
  [LZ4, "lz4"],
  [ZSTD, "zstd"],
] as const;

describe("a record batch", () => {
  test("gives records with topic, partition, offset and time", async () => {
    const { records, lastOffset } = await decode([batchOf([valued("a"), valued("b")], { firstOffset: 2 ** 40 })]);
    expect(records.map(({ topic, partition, offset, timestampMs }) => ({ topic, partition, offset, timestampMs }))).toEqual([
      { topic: "t", partition: 3, offset: 2 ** 40, timestampMs: 1000 },
      { topic: "t", partition: 3, offset: 2 ** 40 + 1, timestampMs: 1000 },
    ]);
    expect(lastOffset).toBe(2 ** 40 + 1);
  });

  test("has the broker's time where the topic says so", async () => {
    const { records } = await decode([batchOf([valued("a")], { attributes: APPEND_TIME, maxTimestampMs: 77 })]);
    expect(records[0]?.timestampMs).toBe(77);
  });

  test("may hold 200,000 records", async () => {
    const many = Array.from({ length: 200_000 }, (_, at) => valued(String(at)));
    const { records, lastOffset } = await decode([await compressedBatchOf(GZIP, many)]);
    expect([records.length, lastOffset, valuesOf(records.slice(-1))]).toEqual([200_000, 199_999, ["199999"]]);
  });

  test("whose records were all compacted away still moves on", async () => {
    const empty = batchOf([], { firstOffset: 10, lastOffsetDelta: 5, payload: Buffer.of() });
    expect(await decode([empty])).toEqual({ records: [], lastOffset: 15 });
  });

  test("that is cut off by the size of the fetch is left for the next one", async () => {
    const whole = batchOf([valued("a")]);
    const { records, lastOffset } = await decode([whole, batchOf([valued("b")], { firstOffset: 1 }).subarray(0, 65)]);
    expect([valuesOf(records), lastOffset]).toEqual([["a"], 0]);
  });

  for (const [id, name] of codecIds) {
    test(`is read in ${name}`, async () => {
      const { records } = await decode([await compressedBatchOf(id, [valued("a".repeat(5000)), valued("b")])]);
      expect(valuesOf(records)).toEqual(["a".repeat(5000), "b"]);
    });
  }
});

describe("headers", () => {
  const named = (names: readonly string[]) => ({
    key: null,
    value: null,
    headers: names.map((name, at) => ({ name, value: at % 2 === 0 ? Buffer.from(String(at)) : null })),
  });
  const shown = (headers: KafkaRecord["headers"]) => headers.map(({ name, value }) => [name, value === null ? null : String(value)]);

  test("are a list: whatever their names mean to JavaScript, repeated, without a value", async () => {
    const names = ["toString", "__proto__", "constructor", "a", "a", "", "hasOwnProperty", "length", "0", "a"];
    const { records } = await decode([batchOf([named(names)])]);
    expect(shown(records[0]?.headers ?? [])).toEqual(names.map((name, at) => [name, at % 2 === 0 ? String(at) : null]));
    expect(records[0]?.value).toBeNull();
  });

  test("whose names are not UTF-8 keep their bytes beside what can be shown of them", async () => {
    const nameBytes = [Buffer.from([0x61, 0xff]), Buffer.from([0xc3, 0x28]), Buffer.from([0xed, 0xa0, 0x80])];
    const given = [...nameBytes.map((bytes) => ({ name: "any", nameBytes: bytes, value: null })), { name: "\uFFFDé", value: null }];
    const { records } = await decode([batchOf([{ key: null, value: null, headers: given }])]);
    const headers = records[0]?.headers ?? [];
    expect(headers.map(({ name }) => name)).toEqual([...nameBytes.map((bytes) => bytes.toString()), "\uFFFDé"]);
    expect(headers.map((header) => header.nameBytes)).toEqual([...nameBytes, undefined]);
  });

  test("are read in a time that grows with their number alone: 10,000 and 200,000 of them", async () => {
    for (const count of [10_000, 200_000]) {
      const { records } = await decode([batchOf([named(Array.from({ length: count }, () => "x"))])]);
      const began = process.cpuUsage();
      expect(records[0]?.headers).toHaveLength(count);
      expect(process.cpuUsage(began).user / 1e6).toBeLessThan(2);
    }
  });
});

describe("an undecodable batch is one marker, and the next batch is read", () => {
  const next = batchOf([valued("next")], { firstOffset: 20 });
  const markedBy = async (bad: Buffer): Promise<string> => {
    const { records, lastOffset } = await decode([bad, next]);
    const [marker] = records;
    expect(records).toHaveLength(2);
    expect(marker).toMatchObject({ ...source, offset: 12, key: null, value: null, headers: [] });
    expect(marker?.undecodable).toMatchObject({ firstOffset: 10, lastOffset: 12 });
    expect([valuesOf(records.slice(1)), lastOffset]).toEqual([["next"], 20]);
    return marker?.undecodable?.problem ?? "";
  };
  const three = [valued("secret-1"), valued("secret-2"), valued("secret-3")];
  const fields = { firstOffset: 10 };

  test("with a codec nobody knows", async () => {
    expect(await markedBy(batchOf(three, { ...fields, attributes: 6 }))).toContain("codec 6 is not known");
  });

  test("with a length that goes beyond its end", async () => {
    const payload = Buffer.from([0x7e, 0, 0, 0]);
    expect(await markedBy(batchOf(three, { ...fields, payload }))).toMatch(/malformed: record of 63 bytes/);
  });

  test("with more records promised than there are", async () => {
    expect(await markedBy(batchOf(three, { ...fields, count: 2_000_000_000 }))).toContain("malformed");
  });

  test.each([
    ["none that rises", [0, 0, 0]],
    ["one that is another's", [0, 2, 2]],
    ["one that goes back", [2, 0, 1]],
    ["one behind the batch", [0, 1, 3]],
    ["one before the batch", [-1, 0, 1]],
  ])("with offsets of which there is %s: ending one record would end others", async (_, deltas) => {
    expect(await markedBy(batchOf(three, { ...fields, payload: recordsAt(deltas) }))).toContain("an offset out of order");
  });

  test("with fewer records promised than there are", async () => {
    expect(await markedBy(batchOf(three, { ...fields, count: 2 }))).toMatch(/malformed: \d+ bytes behind its last record/);
  });

  test("with a record of a million headers: each takes two bytes, and a hundred in memory", async () => {
    const payload = await compressed(ZSTD, Buffer.concat([recordOfHeaders(1_000_000), recordsAt([1, 2])]));
    expect(payload.length).toBeLessThan(10_000);
    expect(await markedBy(batchOf(three, { ...fields, attributes: ZSTD, payload }))).toContain("record of 1000000 headers");
  });

  test("with an endless number, or one that is too long", async () => {
    expect(await markedBy(batchOf(three, { ...fields, payload: Buffer.alloc(50, 0xff) }))).toContain("no varint");
  });

  for (const [id, name] of codecIds) {
    test(`with a flipped byte in ${name}: the checksum tells`, async () => {
      const bad = await compressedBatchOf(id, three, fields);
      bad.writeUInt8(bad.readUInt8(bad.length - 5) ^ 1, bad.length - 5);
      expect(await markedBy(bad)).toContain("damaged");
    });

    test(`with rubbish in place of ${name}`, async () => {
      const problem = await markedBy(batchOf(three, { ...fields, attributes: id, payload: Buffer.from("secret rubbish".repeat(9)) }));
      expect(problem).toContain(name);
      expect(problem).not.toContain("secret");
    });

    test(`with a bomb in ${name}`, async () => {
      const payload = await compressed(id, Buffer.alloc(BATCH_BYTES_MAX + 5_000_000));
      const before = process.memoryUsage.rss();
      expect(await markedBy(batchOf(three, { ...fields, attributes: id, payload }))).toMatch(/more than|exceeds/);
      expect(process.memoryUsage.rss() - before).toBeLessThan(4 * BATCH_BYTES_MAX);
    });
  }

  test("of a message format older than Kafka 0.11", async () => {
    const old = batchOf(three, fields);
    old.writeInt8(1, 16);
    const { records, lastOffset } = await decode([old, next]);
    expect(records[0]?.undecodable).toMatchObject({ firstOffset: 10, lastOffset: 10, problem: expect.stringContaining("format 1") });
    expect([records.length, lastOffset]).toEqual([2, 20]);
  });
});

describe("batches that squeeze well", () => {
  const MIB = 1024 * 1024;
  /** Batches of a record of so many bytes each, squeezed to next to nothing. */
  const bombs = async (count: number, bytes: number): Promise<Buffer> => {
    const payload = await compressed(ZSTD, encodeRecordBatch([valued("x".repeat(bytes))], 1000).subarray(61));
    return Buffer.concat(range(count).map((firstOffset) => batchOf([valued("")], { firstOffset, attributes: ZSTD, payload })));
  };
  const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

  test("come as many at a time as may lie in memory together, and the others with the next fetch", async () => {
    const bytes = await bombs(40, 8 * MIB);
    expect(bytes.length).toBeLessThan(256 * 1024); // all of them in one fetch of one partition
    const offsets: number[] = [];
    let from = 0;
    for (let fetches = 0; fetches < 10 && offsets.length < 40; fetches++) {
      const { records, lastOffset } = await decodeRecordSet(bytes.subarray(from), source);
      expect(records.length).toBeLessThanOrEqual(8);
      offsets.push(...records.map(({ offset }) => offset));
      from = (bytes.length / 40) * (lastOffset + 1);
    }
    expect(offsets).toEqual(range(40));
  });

  test("take the room of other partitions of their fetch, but not of what is not squeezed", async () => {
    const room = unpackingRoom();
    const bytes = await bombs(3, 60 * MIB);
    const one = await decodeRecordSet(bytes, source, { room });
    const other = await decodeRecordSet(bytes, { ...source, partition: 4 }, { room });
    expect([one.lastOffset, other.lastOffset, other.records.length]).toEqual([1, -1, 0]);
    const plain = Buffer.concat([batchOf([valued("a")]), batchOf([valued("b")], { firstOffset: 1 })]);
    expect((await decodeRecordSet(plain, source, { room })).lastOffset).toBe(1);
  });
});

describe("transactions", () => {
  const of = (producerId: number, firstOffset: number) => ({ attributes: TRANSACTIONAL, producerId, firstOffset });
  const endOf = (kind: "abort" | "commit", producerId: number, firstOffset: number) =>
    batchOf([endOfTransaction(kind)], { attributes: TRANSACTIONAL | CONTROL, producerId, firstOffset });

  test("that were aborted are left out, control records too, and offsets go on to the end", async () => {
    const log = [
      batchOf([valued("plain")], { firstOffset: 0 }),
      batchOf([valued("aborted")], of(7, 1)),
      batchOf([valued("committed")], of(8, 2)),
      endOf("abort", 7, 3),
      batchOf([valued("of the next transaction")], of(7, 4)),
      endOf("commit", 8, 5),
      endOf("commit", 7, 6),
    ];
    const { records, lastOffset } = await decode(log, [{ producerId: 7, firstOffset: 1 }]);
    expect(valuesOf(records)).toEqual(["plain", "committed", "of the next transaction"]);
    expect(lastOffset).toBe(6);
  });

  test("several of which began before the fetch, listed by where they ended", async () => {
    const log = [batchOf([valued("a")], of(1, 50)), batchOf([valued("b")], of(2, 51)), endOf("abort", 1, 52), endOf("abort", 2, 53)];
    const aborted = [
      { producerId: 2, firstOffset: 20 },
      { producerId: 1, firstOffset: 10 },
    ];
    expect(await decode(log, aborted)).toEqual({ records: [], lastOffset: 53 });
  });

  test("are not ended by a record whose key looks like an abort marker", async () => {
    const lookalike = batchOf([{ ...endOfTransaction("abort"), value: Buffer.from("v") }], of(7, 2));
    const log = [batchOf([valued("aborted")], of(7, 1)), lookalike, batchOf([valued("aborted too")], of(7, 3))];
    expect((await decode(log, [{ producerId: 7, firstOffset: 1 }])).records).toEqual([]);
  });
});
