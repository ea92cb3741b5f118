import { describe, expect, test } from "@jest/globals";
import { batchOf, valued } from "../tests/batches.js";
import { decodeRecordSet } from "./record-batch-decoder.js";

/** Three batches of three, one and two records, the second one a marker. */
async function listed() {
  const broken = batchOf([valued("x")], { firstOffset: 3, payload: Buffer.from([0x7e, 0, 0, 0]) });
  const batches = [batchOf([valued("a"), valued("b"), valued("c")]), broken, batchOf([valued("d"), valued("e")], { firstOffset: 4 })];
  return (await decodeRecordSet(Buffer.concat(batches), { topic: "t", partition: 0 })).records;
}
const all = ["0 a", "1 b", "2 c", "3 marker", "4 d", "5 e"];

describe("a list of records answers as an array of them would", () => {
  test("slices, from either end and beyond", async () => {
    const records = await listed();
    expect(records).toHaveLength(6);
    for (let start = -8; start <= 8; start++) {
      for (let end = 0; end <= 8; end++) expect(records.slice(start, end).map(shown)).toEqual(all.slice(start, end));
      expect(records.slice(start).map(shown)).toEqual(all.slice(start));
    }
  });

  test("single records", async () => {
    const records = await listed();
    for (let at = -8; at <= 8; at++) {
      const record = records.at(at);
      expect(record === undefined ? undefined : shown(record)).toBe(all.at(at));
    }
  });

  test("all of them, by map and by loop", async () => {
    const records = await listed();
    expect(records.map((record, at) => `${at}=${shown(record)}`)).toEqual(all.map((text, at) => `${at}=${text}`));
    expect([...records].map(shown)).toEqual(all);
  });
});

function shown({ offset, value, undecodable }: { offset: number; value: Uint8Array | null; undecodable?: unknown }): string {
  return `${offset} ${undecodable === undefined ? Buffer.from(value ?? []).toString() : "marker"}`;
}
