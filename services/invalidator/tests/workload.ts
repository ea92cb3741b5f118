import type { SentRecord } from "./oracle.js";
import { makePoison, type PoisonReason, poisonReasons } from "./poison.js";
import { makeProducts, type Product } from "./products.js";
import { type Seeded, seeded } from "./seeded.js";

export interface WorkloadSize {
  /** CloudEvents in all, duplicates and poison included. */
  readonly events: number;
  readonly products: number;
  readonly partitions: number;
}

export interface Workload {
  readonly seed: number;
  readonly products: readonly Product[];
  /** Shuffled. Beside the events, one tombstone for each 250 of them. */
  readonly sent: readonly SentRecord[];
  /** What the generator meant by each record, to hold against what the oracle reads in it: a reason, or `good`. */
  readonly meant: readonly (PoisonReason | "good")[];
}

export const issueSize: WorkloadSize = { events: 100_000, products: 20_000, partitions: 6 };

const DUPLICATED = 0.1;
const POISON = 0.02;

/** The workload of a seed: 10 % of the events are there twice, 2 % are poison, and no order is kept. */
export function makeWorkload(seed: number, size: WorkloadSize): Workload {
  const random = seeded(seed);
  const products = makeProducts(size.products, random);
  const first = Math.round(size.events * (1 - DUPLICATED));
  const dead = Math.round(first * POISON);
  const once = Array.from({ length: first }, (_, at) => (at < dead ? poisonEvent(at, products, random) : goodEvent(products, random)));
  const copies = size.events - first;
  const deadCopies = Math.round(copies * POISON);
  const again = Array.from(
    { length: copies },
    (_, at) => once[at < deadCopies ? random.integer(0, dead - 1) : random.integer(dead, first - 1)],
  );
  const tombstones = Array.from({ length: Math.floor(size.events / 250) }, () => tombstone(products, random));
  const all = random.shuffle([...once, ...again.filter((copy) => copy !== undefined), ...tombstones]);
  return {
    seed,
    products,
    sent: all.map(({ record }) => ({ ...record, partition: random.integer(0, size.partitions - 1) })),
    meant: all.map(({ meant }) => meant),
  };
}

interface Made {
  readonly record: Omit<SentRecord, "partition">;
  readonly meant: PoisonReason | "good";
}

function tombstone(products: readonly Product[], random: Seeded): Made {
  return { record: { key: Buffer.from(someProduct(products, random).id), value: null, headers: [] }, meant: "good" };
}

function poisonEvent(at: number, products: readonly Product[], random: Seeded): Made {
  const product = someProduct(products, random);
  const meant = poisonReasons[at % poisonReasons.length] ?? "undecodable";
  const data = { ...dataOf(product, random), price: random.integer(1, 50), previous: { price: 0 } };
  const event = { ...envelope("product.updated", product.id, random), freshetversion: "9".repeat(20) };
  return { record: makePoison(meant, { event, data }, random), meant };
}

function goodEvent(products: readonly Product[], random: Seeded): Made {
  const product = someProduct(products, random);
  const attributes = { ...envelope(someType(random), product.id, random), freshetversion: product.version(random, 0) };
  const data = JSON.stringify(dataOf(product, random)).replace(/"#(\d+)"/g, "$1");
  const key = random.chance(0.1) ? null : Buffer.from(product.id);
  const record = random.chance(0.5) ? binary(attributes, data) : structured(attributes, data, random);
  return { record: { key, ...record }, meant: "good" };
}

function someProduct(products: readonly Product[], random: Seeded): Product {
  const product = products[random.integer(0, products.length - 1)];
  if (product === undefined) throw new Error("a workload needs products");
  return product;
}

function someType(random: Seeded): string {
  const at = random.next();
  if (at < 0.8) return "product.updated";
  if (at < 0.85) return "product.created";
  if (at < 0.95) return "product.deleted";
  return at < 0.98 ? "product.viewed" : "order.placed";
}

function envelope(type: string, subject: string, random: Seeded): Record<string, string> {
  return { specversion: "1.0", id: random.digits(12), source: "/shop", type, subject, time: "2026-08-01T12:00:00.123456Z" };
}

/** Prices are equal to the one before half the time; `#` marks numbers whose digits `JSON.stringify` would lose. */
function dataOf(product: Product, random: Seeded): Record<string, unknown> {
  const price = random.chance(0.05) ? `#${9_007_199_254_740_990n + BigInt(random.integer(0, 6))}` : random.pick([5, 7.25, 1_000_000, 0]);
  const before = random.chance(0.5) ? price : random.chance(0.5) ? "#9007199254740993" : random.integer(1, 50);
  const previous = random.pick([{ price: before }, { price: before }, { price: before }, {}, undefined, null]);
  const sku = random.chance(0.02) ? random.integer(1, 1_000_000) : product.id;
  return {
    sku,
    price,
    previous,
    related: random.chance(0.05) ? [] : [product.neighbour],
    title: `Product ${product.id}`,
    text: "x".repeat(40),
  };
}

function binary(attributes: Record<string, string>, data: string): Pick<SentRecord, "value" | "headers"> {
  const headers = Object.entries(attributes).map(([name, value]) => [`ce_${name}`, Buffer.from(value)] as const);
  return { value: Buffer.from(data), headers: [...headers, ["content-type", Buffer.from("application/json")]] };
}

/** Some producers say `sequence`, some send the version as a number, some name no content type or the plain one. */
function structured(attributes: Record<string, string>, data: string, random: Seeded): Pick<SentRecord, "value" | "headers"> {
  const { freshetversion = "", ...rest } = attributes;
  const version = random.pick([
    `"freshetversion":"${freshetversion}"`,
    `"sequence":"${freshetversion}"`,
    `"freshetversion":${freshetversion}`,
  ]);
  const value = Buffer.from(`${JSON.stringify(rest).slice(0, -1)},${version},"data":${data}}`);
  const contentType = random.pick(["application/cloudevents+json", "application/cloudevents+json; charset=UTF-8", "application/json", ""]);
  return { value, headers: contentType === "" ? [] : [["content-type", Buffer.from(contentType)]] };
}

/** The rules file that the oracle knows by heart. F is an hour, so that every floor is still there at the end. */
export function rulesFile(topic: string, keyPrefix: string): string {
  return `freshet: 1
bounds: { lease: 1h, lag: 2s, skew: 250ms, fill: 2s }
sources:
  - name: products
    topic: ${topic}
    format: cloudevents
    space: catalog.product
    versions: counter
    ops: { product.deleted: delete, product.created: create }
    previous: /previous
    match: { types: ["product.*"] }
families:
  product: { key: "${keyPrefix}product:{id}", ttl: 24h }
  hash-page: { key: "${keyPrefix}hash:{id}", ttl: 24h, entry: { kind: hash, version: rev } }
  json-page: { key: "${keyPrefix}json:{id}", escape: none, ttl: 24h, entry: { kind: json, version: version, onUnversioned: keep } }
  opaque-page: { key: "${keyPrefix}opaque:{sku}", ttl: 24h, entry: { kind: opaque } }
rules:
  - name: product-changed
    source: products
    types: [product.created, product.updated, product.deleted]
    bust:
      - { family: product, with: { id: "subject" } }
      - { family: hash-page, with: { id: "subject" } }
  - name: price-changed
    source: products
    types: [product.updated, product.deleted]
    when: 'op == "delete" || !has(previous.price) || data.price != previous.price'
    bust:
      - { family: json-page, with: { id: "subject" } }
  - name: neighbours
    source: products
    types: [product.updated]
    bust:
      - { family: product, forEach: "data.related", with: { id: "item" } }
  - name: sold-out
    source: products
    types: [product.deleted]
    bust:
      - { family: opaque-page, with: { sku: "data.sku" } }
`;
}
