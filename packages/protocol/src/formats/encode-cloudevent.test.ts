import { expect, test } from "@jest/globals";
import type { SourceSpec } from "../source.js";
import { decodeCloudEvent } from "./cloudevents.js";
import { encodeCloudEvent } from "./encode-cloudevent.js";

const source: SourceSpec = {
  name: "products",
  topic: "shop.products",
  format: "cloudevents",
  space: "catalog.product",
  spaceKind: "counter",
  ops: new Map(),
  previous: null,
  tenant: null,
  matchesType: () => true,
  strict: false,
  tombstones: "ignore",
};

test("what is encoded is decoded again, version and data digit for digit", () => {
  const event = {
    id: "e-1",
    source: "shop",
    type: "product.updated",
    subject: "zażółć/42",
    version: "9007199254740993",
    time: "2026-01-02T03:04:05.678901Z",
    data: '{"stock":9007199254740993}',
  };
  const record = { topic: "shop.products", partition: 0, offset: 7, timestampMs: 0, ...encodeCloudEvent(event) };
  const decoded = decodeCloudEvent(record, [source]);
  if (decoded.kind !== "event") throw new Error(`decoded as ${decoded.kind}`);
  const { id, type, subject, version, time, data } = decoded.event;
  expect({ id, type, subject, version, time }).toEqual({
    id: "e-1",
    type: "product.updated",
    subject: "zażółć/42",
    version: "9007199254740993",
    time: "2026-01-02T03:04:05.678901Z",
  });
  expect(data).toEqual({ stock: 9007199254740993n });
  expect(new TextDecoder().decode(record.key)).toBe("zażółć/42");
});

test("a blind event carries no version attribute", () => {
  const encoded = encodeCloudEvent({
    id: "e",
    source: "s",
    type: "t",
    subject: "1",
    version: null,
    time: "2026-01-02T03:04:05Z",
    data: "{}",
  });
  expect(encoded.headers.map((header) => header.name)).not.toContain("ce_freshetversion");
});
