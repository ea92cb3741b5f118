import { describe, expect, test } from "@jest/globals";
import { record, source, told } from "../../tests/fixtures.js";
import { decodeEvent } from "./decode-event.js";

/** CloudEvents as the SDKs of other languages put them on Kafka: the same event, in other orders and words. */

const products = source({ name: "products", format: "cloudevents", space: "p", previous: ["previous"] });
const data = '{"price": 5, "previous": {"price": 4}}';
const attributes = {
  specversion: "1.0",
  id: "e1",
  source: "/shop",
  type: "product.updated",
  subject: "42",
  freshetversion: "9007199254740993",
  partitionkey: "42",
};
const structured = (time: string) => JSON.stringify({ ...attributes, time, data: 0 }).replace('"data":0', `"data":${data}`);
const binary = (time: string) => Object.fromEntries(Object.entries({ ...attributes, time }).map(([name, text]) => [`ce_${name}`, text]));
const reversed = (headers: Record<string, string>) => Object.fromEntries(Object.entries(headers).toReversed());

const zulu = "2026-11-21T03:29:02.730496Z";
const offset = "2026-11-21T03:29:02.730496+00:00";

describe("one event", () => {
  test.each([
    ["Java, binary", { ...binary(zulu), "content-type": "application/json" }, data],
    ["Java, structured", { "content-type": "application/cloudevents+json" }, structured(zulu)],
    ["Java, structured with a charset", { "content-type": "application/cloudevents+json; charset=UTF-8" }, structured(zulu)],
    ["Python, binary, attributes in another order", { "content-type": "application/json", ...reversed(binary(offset)) }, data],
    ["Python, structured as application/json", { "content-type": "application/json" }, structured(offset)],
    [
      "Python, structured with base64",
      { "content-type": "application/json" },
      structured(offset).replace(`"data":${data}`, `"data_base64":"${btoa(data)}"`),
    ],
    ["Go, binary without a content type", binary(zulu), data],
    ["no headers at all", {}, structured(zulu)],
  ])("%s", (_sdk, headers, value) => {
    const decoded = decodeEvent(record({ key: "42", value, headers }), [products]);
    expect(told(decoded)).toBe("update p/42 v9007199254740993 product.updated");
    const event = decoded.kind === "event" ? decoded.event : null;
    expect([event?.timeUs, event?.data.price, event?.previous]).toEqual([1_795_231_742_730_496, 5, { price: 4 }]);
  });
});

test("JSON under application/json that is no CloudEvent is refused, not guessed", () => {
  const decoded = decodeEvent(record({ value: data, headers: { "content-type": "application/json" } }), [products]);
  expect(told(decoded)).toBe("rejected schema_invalid");
});

test("a key says nothing about an event: librdkafka and Java put the same one into different partitions, and some send none", () => {
  for (const key of [null, "42", "other"])
    expect(told(decodeEvent(record({ key, partition: 3, value: structured(zulu) }), [products]))).toMatch(/^update p\/42 /);
});
