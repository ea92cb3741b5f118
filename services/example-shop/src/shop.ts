import type { ProduceRecord } from "@freshet/kafka/port";
import { encodeCloudEvent, parseVersion, type Version } from "@freshet/protocol";

/** What the shop's database knows of a product. Prices are in cents. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: number;
  /** Counts the writes of this row: one more with each. */
  readonly version: Version;
}

/** The topic of the sample rules. */
export const PRODUCT_TOPIC = "shop.products";

/** The shop's database. A write raises the row's version in the same step, and its event carries that version. */
export interface Shop {
  readonly products: () => readonly Product[];
  readonly load: (id: string) => Product;
  /** Writes a price; answers with the event that tells of it. Sending it is the caller's. */
  readonly setPrice: (id: string, price: number) => ProduceRecord;
}

/** A shop whose products are new: each at version 1. `now` gives the time of events, RFC 3339. */
export function createShop(products: readonly Omit<Product, "version">[], now: () => string): Shop {
  const rows = new Map(products.map((product) => [product.id, { ...product, version: versionOf(1n) }]));
  const load = (id: string): Product => {
    const row = rows.get(id);
    if (row === undefined) throw new RangeError(`there is no product ${id}`);
    return row;
  };
  return {
    products: () => [...rows.values()],
    load,
    setPrice(id, price) {
      const before = load(id);
      const after = { ...before, price, version: versionOf(BigInt(before.version) + 1n) };
      rows.set(id, after);
      return updatedEvent({ before, after, time: now() });
    },
  };
}

/** The event of one write: a CloudEvent whose version is the row's, and which says what was there before. */
function updatedEvent(write: { readonly before: Product; readonly after: Product; readonly time: string }): ProduceRecord {
  const { before, after, time } = write;
  const encoded = encodeCloudEvent({
    id: `product-${after.id}-${after.version}`,
    source: "example-shop",
    type: "product.updated",
    subject: after.id,
    version: after.version,
    time,
    data: JSON.stringify({ name: after.name, price: after.price, previous: { name: before.name, price: before.price } }),
  });
  return { topic: PRODUCT_TOPIC, ...encoded };
}

function versionOf(count: bigint): Version {
  const version = parseVersion(count.toString());
  if (version === null) throw new RangeError("a row cannot be written that often");
  return version;
}
