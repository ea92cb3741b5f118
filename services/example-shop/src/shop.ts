import type { ProduceRecord } from "@freshet/kafka/port";
import { encodeCloudEvent, parseVersion, type Version } from "@freshet/protocol";

/** What the shop's database knows of a product. Prices are in cents. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly brand: string;
  readonly price: number;
  /** Counts the writes of this row: one more with each. */
  readonly version: Version;
}

/** A customer of the shop that buys at prices of its own. */
export interface Tenant {
  readonly id: string;
  /** In percent. */
  readonly discount: number;
  readonly version: Version;
}

/** The topics of the sample rules. */
export const PRODUCT_TOPIC = "shop.products";
export const TENANT_TOPIC = "shop.tenants";

/** The shop's database. A write raises the row's version in the same step, and its event carries that version. */
export interface Shop {
  readonly products: () => readonly Product[];
  readonly tenants: () => readonly Tenant[];
  readonly load: (id: string) => Product;
  readonly tenant: (id: string) => Tenant;
  /** Writes a price; answers with the event that tells of it. Sending it is the caller's. */
  readonly setPrice: (id: string, price: number) => ProduceRecord;
  /** Writes a tenant's discount; answers in the same way. */
  readonly setDiscount: (id: string, discount: number) => ProduceRecord;
}

/** What a new shop holds: every row is at version 1. */
export interface Stock {
  readonly products: readonly Omit<Product, "version">[];
  readonly tenants: readonly Omit<Tenant, "version">[];
}

/** A shop with this stock. `now` gives the time of events, RFC 3339. */
export function createShop(stock: Stock, now: () => string): Shop {
  const products = createTable<Product>(stock.products);
  const tenants = createTable<Tenant>(stock.tenants);
  return {
    products: products.all,
    tenants: tenants.all,
    load: products.load,
    tenant: tenants.load,
    setPrice(id, price) {
      const { before, after } = products.write(id, { price });
      const { name, brand } = after;
      const data = { name, brand, price, previous: { name: before.name, brand: before.brand, price: before.price } };
      return eventOf({ topic: PRODUCT_TOPIC, type: "product.updated", row: after, data, time: now() });
    },
    setDiscount(id, discount) {
      const { after } = tenants.write(id, { discount });
      return eventOf({ topic: TENANT_TOPIC, type: "tenant.updated", row: after, data: { discount }, time: now() });
    },
  };
}

interface Row {
  readonly id: string;
  readonly version: Version;
}

function createTable<R extends Row>(stock: readonly Omit<R, "version">[]) {
  const first = stock.map((row) => ({ ...row, version: versionOf(1n) }) as R);
  const rows = new Map(first.map((row) => [row.id, row]));
  const load = (id: string): R => {
    const row = rows.get(id);
    if (row === undefined) throw new RangeError(`there is no row ${id}`);
    return row;
  };
  return {
    all: (): readonly R[] => [...rows.values()],
    load,
    write(id: string, change: Partial<Omit<R, keyof Row>>): { readonly before: R; readonly after: R } {
      const before = load(id);
      const after = { ...before, ...change, version: versionOf(BigInt(before.version) + 1n) };
      rows.set(id, after);
      return { before, after };
    },
  };
}

interface Written {
  readonly topic: string;
  readonly type: string;
  readonly row: Row;
  readonly data: object;
  readonly time: string;
}

/** The event of one write: a CloudEvent whose version is the row's. */
function eventOf({ topic, type, row: { id, version }, data, time }: Written): ProduceRecord {
  const about = { id: `${type}-${id}-${version}`, source: "example-shop", type, subject: id, version, time };
  return { topic, ...encodeCloudEvent({ ...about, data: JSON.stringify(data) }) };
}

function versionOf(count: bigint): Version {
  const version = parseVersion(count.toString());
  if (version === null) throw new RangeError("a row cannot be written that often");
  return version;
}
