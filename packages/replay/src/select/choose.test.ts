import { type FramePort, FreshetError, type KafkaRecord } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { compiled } from "../../tests/incident.js";
import { history, letters } from "../../tests/options.js";
import { createChoose } from "./choose.js";
import type { Selection } from "./selection.js";

const rules = compiled(`freshet: 1
sources:
  - { name: orders, topic: shop.products, format: json, encoding: registry, space: orders, id: [/id], version: /rev }
families:
  order: { key: "order:{id}", ttl: 1h }
rules:
  - { name: any, source: orders, bust: [{ family: order, with: { id: subject } }] }
`);
const START_MS = Date.parse("2026-01-01T00:00:00Z");
const bytes = (text: string) => new TextEncoder().encode(text);

function recordAt(offset: number, over: Partial<KafkaRecord> = {}): KafkaRecord {
  return { topic: "shop.products", partition: 0, offset, timestampMs: START_MS, key: null, value: bytes("frame"), headers: [], ...over };
}

const price = (offset: number): number => offset * 10;

/** Reads one record at a time, as where each is very large. */
const unframe: FramePort["unframe"] = async ([record]) => {
  if (record === undefined) return [];
  const value = bytes(JSON.stringify({ id: "7", rev: 3, price: price(record.offset) }));
  return [{ kind: "record", record: { ...record, value, valueSpan: null } }];
};

interface World {
  readonly selection: Selection;
  readonly unframe: FramePort["unframe"];
  readonly patienceMs: number;
}

async function offsetsChosen(records: readonly KafkaRecord[], over: Partial<World> = {}): Promise<readonly number[]> {
  const { selection, patienceMs, ...frames } = { selection: history, unframe, patienceMs: 1000, ...over };
  let nowMs = 0;
  const choose = createChoose({
    selection,
    rules,
    isResolved: () => false,
    frames: { ...frames, close: () => {} },
    patience: {
      clock: { nowMs: () => nowMs },
      pause: async (ms) => {
        nowMs += ms;
      },
      stop: new AbortController().signal,
      patienceMs,
    },
  });
  return (await choose(records)).flatMap((item) => (typeof item === "string" ? [] : [item.offset]));
}

const where = (text: string): Selection => ({ ...history, where: text });

describe("choosing by the event in a record that names its schema", () => {
  const four = [1, 2, 3, 4].map((offset) => recordAt(offset));

  test("asks each of them, however few are read at a time", async () => {
    expect(await offsetsChosen(four, { selection: where("data.price > 20") })).toEqual([3, 4]);
  });

  test("asks dead letters as the records they were", async () => {
    const place = [
      ["topic", "shop.products"],
      ["partition", "0"],
      ["offset", "3"],
    ] as const;
    const headers = place.map(([name, value]) => ({ name: `__dlq.errors.${name}`, value: bytes(value) }));
    const some = [recordAt(7, { topic: "freshet.dlq.blue", headers }), recordAt(8, { topic: "freshet.dlq.blue" })];
    expect(await offsetsChosen(some, { selection: { ...letters, where: "data.price == 30" } })).toEqual([7]);
  });

  test("asks nothing of a registry for what is outside of the time, or without an expression", async () => {
    const never = () => Promise.reject(new Error("it was asked"));
    const early = [recordAt(1, { timestampMs: START_MS - 1 })];
    expect(await offsetsChosen(early, { selection: where("true"), unframe: never })).toEqual([]);
    expect(await offsetsChosen(four, { unframe: never })).toEqual([1, 2, 3, 4]);
  });

  test("waits for a registry that is away, but not for ever", async () => {
    let asked = 0;
    const flaky: FramePort["unframe"] = (records, sourcesOf) => {
      asked++;
      if (asked % 2 === 0) return Promise.reject(new FreshetError("FR4001", "wait", "the registry is away", "Wait."));
      return unframe(records, sourcesOf);
    };
    const back = () => {
      let tries = 0;
      return ((...given) => (tries++ < 2 ? flaky(...given) : unframe(...given))) as FramePort["unframe"];
    };
    expect(await offsetsChosen(four, { selection: where("data.price > 20"), unframe: back() })).toEqual([3, 4]);
    await expect(offsetsChosen(four, { selection: where("true"), unframe: flaky })).rejects.toMatchObject({ code: "FR4001" });
  });
});

test("the times are from and before, to the millisecond", async () => {
  const END_MS = Date.parse(history.kind === "history" ? history.to : "");
  const ends = [START_MS - 1, START_MS, END_MS - 1, END_MS].map((timestampMs, offset) => recordAt(offset, { timestampMs }));
  expect(await offsetsChosen(ends)).toEqual([1, 2]);
});
