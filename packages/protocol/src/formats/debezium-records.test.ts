import { describe, expect, test } from "@jest/globals";
import { fixtureNames, fixtureRecords, source, told } from "../../tests/fixtures.js";
import type { FieldRef, SourceReads, SourceSpec } from "../source.js";
import { decodeEvent } from "./decode-event.js";

/** Every record that a real Debezium wrote into the fixtures, and what becomes of it. */

const column = (name: string): FieldRef => ({ from: "pointer", path: [name] });
const reads: SourceReads = { id: [column("id")], version: column("version"), type: null, time: null, replicaIdentity: "default" };

/** Has REPLICA IDENTITY FULL. */
const products = source({ space: "product", reads: { ...reads, replicaIdentity: "full" } });
/** Has REPLICA IDENTITY DEFAULT. */
const brands = source({ space: "brand", reads });
const signals = source({ space: "signal", spaceKind: "none", reads: { ...reads, version: null } });
const outbox = source({ space: "o", format: "outbox", reads: { ...reads, id: [], version: { from: "header", name: "aggregateVersion" } } });

const expected: Readonly<Record<string, readonly [SourceSpec, string]>> = {
  "plain.public.product": [
    products,
    `
    0:0    snapshot product/1 v1 public.product    id name price brand_id version updated_at
    0:1    snapshot product/8 v8 public.product    id name price brand_id version updated_at
    0:2    snapshot product/13 v13 public.product  id name price brand_id version updated_at
    0:12   snapshot product/40 v40 public.product  id name price brand_id version updated_at
    0:13   create product/75 v43 public.product    id name price brand_id version updated_at
    0:14   delete product/21 v22 public.product    id name price brand_id version updated_at < before
    0:15   ignored
    0:16   create product/58 v56 public.product    id name price brand_id version updated_at
    0:17   update product/58 v61 public.product    id name price brand_id version updated_at < before
    0:19   update product/14 v77 public.product    id name price brand_id version updated_at < before
    0:21   delete product/13 v14 public.product    id name price brand_id version updated_at < before
    0:392  delete product/501 v1782 public.product id name price brand_id version updated_at < before
    0:393  ignored
    0:394  create product/502 v1782 public.product id name price brand_id version updated_at
    1:279  create product/-1 v1783 public.product  id name price brand_id version updated_at
    2:319  create product/-7 v1780 public.product  id name price brand_id version updated_at
    4:251  create product/9007199254740993 v9007199254740995 public.product id name price brand_id version updated_at
    4:252  update product/9007199254740993 v9007199254740997 public.product id name price brand_id version updated_at < before
    4:253  delete product/9007199254740993 v9007199254740998 public.product id name price brand_id version updated_at < before
    `,
  ],
  "wrapped.public.product": [
    products,
    `
    0:6    update product/4 v41 public.product     id name price brand_id version updated_at < before
    0:7    create product/69 v50 public.product    id name price brand_id version updated_at
    0:9    delete product/21 v22 public.product    id name price brand_id version updated_at < before
    0:10   ignored
    0:254  delete product/501 v1782 public.product id name price brand_id version updated_at < before
    0:255  ignored
    5:399  create product/502 v1782 public.product id name price brand_id version updated_at
    `,
  ],
  "plain.public.brand": [
    brands,
    `
    0:0    snapshot brand/1 v1 public.brand        id name story version
    0:1    snapshot brand/8 v1 public.brand        id name story version
    0:2    snapshot brand/13 v1 public.brand       id name story version
    0:6    delete brand/13 blind public.brand      id
    0:7    ignored
    0:8    delete brand/1 blind public.brand       id
    0:10   update brand/17 v2 public.brand         id name story version
    0:11   create brand/1 v1 public.brand          id name story version
    0:12   update brand/15 v2 public.brand         id name story version
    0:13   create brand/13 v1 public.brand         id name story version
    0:16   update brand/8 v2 public.brand          id name version
    0:23   update brand/8 v3 public.brand          id name version
    0:71   delete brand/101 blind public.brand     id
    0:72   ignored
    0:79   snapshot brand/1 v1 public.brand        id name story version
    0:80   snapshot brand/8 v1 public.brand        id name story version
    2:43   create brand/102 v3 public.brand        id name version
    2:47   truncate brand/public.brand blind public.brand
    3:4    snapshot brand/20 v1 public.brand       id name story version
    `,
  ],
  "wrapped.public.brand": [
    brands,
    `
    0:2    update brand/17 v2 public.brand         id name story version
    0:8    delete brand/17 blind public.brand      id
    0:9    ignored
    0:10   create brand/17 v1 public.brand         id name story version
    5:54   delete brand/101 blind public.brand     id
    5:55   ignored
    5:56   truncate brand/public.brand blind public.brand
    `,
  ],
  "plain.public.debezium_signal": [
    signals,
    `
    0:0    create signal/79931fcc-7392-494c-aba2-c94432ae4688-open blind public.debezium_signal id type data
    1:0    create signal/2dd85013-faa2-4711-b6e3-33f151aaeea5 blind public.debezium_signal id type data
    `,
  ],
  "plain.message": [brands, "2:0 ignored"],
  "wrapped.message": [brands, "4:0 ignored"],
  "wrapped.transaction": [brands, "0:0 ignored\n0:1 ignored"],
  "__debezium-heartbeat.wrapped": [brands, "0:0 ignored"],
  "outbox.event.product": [
    outbox,
    `
    0:0    update o/7 v55 ProductRenamed           id name version
    0:4    update o/142 v217 ProductPriced         id price version
    3:52   update o/-1 v1784 Marker                name
    4:34   update o/9007199254740993 v9007199254740999 Größe 😀 big price nested
    `,
  ],
  "outboxjson.event.product": [
    outbox,
    `
    0:0    update o/7 v55 ProductRenamed           id name version
    0:4    update o/142 v217 ProductPriced         id price version
    3:52   update o/-1 v1784 Marker                name
    4:34   update o/9007199254740993 v9007199254740999 Größe 😀 big price nested
    `,
  ],
  "outboxtext.event.product": [
    outbox,
    `
    0:0    update o/63 v86 ProductPriced           id price version
    0:2    update o/11 v208 ProductRenamed         id name version
    3:37   update o/9007199254740993 v9007199254740999 Größe 😀 big price nested
    3:38   update o/-1 v1784 Marker                name
    `,
  ],
  "outbox.event.brand": [outbox, "3:0 update o/101 v7 BrandGone"],
  "outboxjson.event.brand": [outbox, "3:0 update o/101 v7 BrandGone"],
  "outboxtext.event.brand": [outbox, "2:0 update o/101 v7 BrandGone"],
  "outbox.message": [outbox, "2:0 ignored"],
  "outboxjson.message": [outbox, "2:0 ignored"],
  "outboxtext.message": [outbox, "4:0 ignored"],
};

const linesOf = (text: string): readonly string[] =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim().replaceAll(/ +/g, " "));

/** Place, event, the members of its data, and whether the row before it is known. */
function toldWhole(name: string, spec: SourceSpec): readonly string[] {
  return fixtureRecords(name).map((record) => {
    const decoded = decodeEvent(record, [spec]);
    const { data, previous } = decoded.kind === "event" ? decoded.event : { data: {}, previous: {} };
    const before = Object.keys(previous).length > 0 ? ["< before"] : [];
    return [`${record.partition}:${record.offset}`, told(decoded), ...Object.keys(data), ...before].join(" ");
  });
}

describe("records of a real Debezium", () => {
  test("all 77 of them have their line", () => {
    expect(Object.keys(expected).toSorted()).toEqual(fixtureNames.toSorted());
    expect(Object.values(expected).flatMap(([, text]) => linesOf(text))).toHaveLength(77);
  });

  test.each(Object.entries(expected))("%s", (name, [spec, text]) => {
    expect(toldWhole(name, spec)).toEqual(linesOf(text));
  });
});

describe("what the same records say in detail", () => {
  const eventAt = (name: string, offset: number, spec: SourceSpec) => {
    const record = fixtureRecords(name).find((one) => one.offset === offset);
    const decoded = record === undefined ? null : decodeEvent(record, [spec]);
    if (decoded?.kind !== "event") throw new Error(`${name} has no event at ${offset}`);
    return decoded.event;
  };

  test("every digit of a number past 2^53, in the id, the version and the row", () => {
    const { data, previous } = eventAt("plain.public.product", 252, products);
    expect([data.id, data.version, previous.version]).toEqual([9007199254740993n, 9007199254740997n, 9007199254740995n]);
    for (const name of ["outbox.event.product", "outboxjson.event.product"])
      expect(eventAt(name, 34, outbox).data.big).toBe(9007199254740993n);
  });

  test("the time of the commit, not of the reading, and the place as id", () => {
    const { id, time, timeUs } = eventAt("plain.public.product", 14, products);
    expect([id, time, timeUs]).toEqual(["plain.public.product/0/14", "1795231742730496", 1_795_231_742_730_496]);
  });

  test("an outbox event has the id of its row", () => {
    expect(eventAt("outbox.event.product", 34, outbox).id).toBe("c445fad4-bc0e-4d5b-872d-3b7b9ba77a39");
  });

  test("headers as rules see them, whatever converter wrote them", () => {
    expect(eventAt("plain.public.product", 14, products).headers["__debezium.context.connectorLogicalName"]).toBe("plain");
    const tenant: FieldRef = { from: "header", name: "__debezium.context.connectorLogicalName" };
    expect(eventAt("wrapped.public.product", 6, { ...products, tenant }).tenant).toBe("wrapped");
  });

  test("tombstones become blind deletes of their key where the source says so", () => {
    const { subject, op, version, data } = eventAt("wrapped.public.product", 255, { ...products, tombstones: "delete" });
    expect([subject, op, version, data]).toEqual(["501", "delete", null, { id: 501 }]);
  });
});
