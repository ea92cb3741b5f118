import { describe, expect, test } from "@jest/globals";
import { createMemoryLog } from "./memory-log.js";
import type { ReadOptions } from "./port.js";

const at = { topic: "t", partition: 0 };

async function setUp() {
  const clock = { ms: 1000, nowMs: () => clock.ms };
  const log = createMemoryLog({ clock });
  const port = log.client();
  await port.createTopics([{ topic: "t", partitions: 1, replicationFactor: -1, config: {} }]);
  const produce = (text: string) => port.produce([{ topic: "t", key: null, value: Buffer.from(text), headers: [] }]);
  const seen: string[] = [];
  const onBatch: ReadOptions["onBatch"] = async ({ records }) =>
    void seen.push(...records.map(({ value }) => Buffer.from(value ?? []).toString()));
  const read = (from: number, to: number) =>
    port.read({ group: "g", ranges: [{ ...at, from, to }], onBatch, stop: new AbortController().signal });
  const offsets = async () => (await port.offsets(["t"]))[0];
  return { log, port, produce, read, seen, offsets, clock };
}

describe("a log in memory", () => {
  test("is read to an end of control records and holes", async () => {
    const { log, port, produce, read, seen, offsets } = await setUp();
    await produce("a");
    log.skip(at, 3);
    await produce("b");
    log.skip(at, 1);
    expect(await offsets()).toEqual({ ...at, earliest: 0, latest: 6, stable: 6 });
    await read(0, 6);
    expect(seen).toEqual(["a", "b"]);
    expect(await port.committed("g", ["t"])).toEqual([{ ...at, offset: 6 }]);
  });

  test("goes on at its beginning when what was asked for is gone", async () => {
    const { log, produce, read, seen, offsets } = await setUp();
    for (const text of ["a", "b", "c"]) await produce(text);
    log.trim(at, 2);
    expect(await offsets()).toMatchObject({ earliest: 2, latest: 3 });
    await read(0, 3);
    expect(seen).toEqual(["c"]);
  });

  test("keeps an open transaction, and what lies behind it, to itself until it ends", async () => {
    const { log, produce, read, seen, offsets } = await setUp();
    await produce("a");
    const commit = log.openTransaction(at);
    await produce("b");
    expect(await offsets()).toMatchObject({ latest: 2, stable: 1 });
    const reading = read(0, 2);
    await produce("c");
    expect(seen).toEqual(["a"]);
    commit();
    await reading;
    expect(seen).toEqual(["a", "b"]);
  });
});
