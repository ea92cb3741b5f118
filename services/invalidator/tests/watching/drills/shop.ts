import type { SentRecord } from "../../oracle.js";

/** The names of the runbooks' examples, so that their commands run as they stand. */
export const TOPIC = "shop.products";
export const PAGE = "page:42";
export const PARTITIONS = 3;

export interface ShopRules {
  /** Of the events that the rule takes. */
  readonly type?: string;
  readonly when?: string;
}

/** A rules file as in the README. */
export function shopRules({
  type = "product.updated",
  when = "!has(previous.price) || data.price != previous.price",
}: ShopRules = {}): string {
  return `freshet: 1
bounds: { lease: 5s, lag: 2s, skew: 250ms, fill: 2s }
sources:
  - { name: products, topic: ${TOPIC}, format: cloudevents, space: catalog.product, previous: /previous }
families:
  product-page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - name: price-changed
    source: products
    types: [${type}]
    when: ${JSON.stringify(when)}
    bust:
      - { family: product-page, with: { id: "subject" } }
`;
}

export const shopRuleTests = `tests:
  - name: a new price busts the page
    event: { source: products, type: product.updated, subject: "42", version: "7", data: { price: 1850 }, previous: { price: 2000 } }
    expect: [{ key: "${PAGE}" }]
`;

export interface PriceChange {
  readonly id: string;
  readonly version: string;
  /** Whether the event says the price before, as it should. */
  readonly saysPrevious: boolean;
}

/** A changed price as a CloudEvent in structured mode. */
export function priceChange({ id, version, saysPrevious }: PriceChange): Readonly<Record<string, unknown>> {
  return {
    specversion: "1.0",
    id: `${id}-${version}`,
    source: "/shop",
    type: "product.updated",
    subject: id,
    freshetversion: version,
    datacontenttype: "application/json",
    data: { price: 1850, ...(saysPrevious ? { previous: { price: 2000 } } : {}) },
  };
}

export function asRecord(event: Readonly<Record<string, unknown>>, partition: number): SentRecord {
  const headers = [["content-type", Buffer.from("application/cloudevents+json")]] as const;
  return { partition, key: Buffer.from(String(event.subject)), value: Buffer.from(JSON.stringify(event)), headers };
}

/** What a reader has cached. */
export function page(version: string): string {
  return JSON.stringify({ price: 2000, version });
}
