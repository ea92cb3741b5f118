import type { Contents, InitialEntry } from "./oracle.js";
import type { Product } from "./products.js";
import { type Seeded, seeded } from "./seeded.js";

/**
 * The entries that are there before the first record, `count` of each kind: for most products, and for some that no record
 * names. Most have a version near those of their product's events; some have none, one that cannot be read, or lie under a
 * key of the wrong type.
 */
export function makeEntries(input: {
  seed: number;
  keyPrefix: string;
  products: readonly Product[];
  count: number;
}): readonly InitialEntry[] {
  const { keyPrefix, products, count } = input;
  const random = seeded(input.seed ^ 0x5eed);
  const withEntry = products.slice(Math.floor(products.length / 40));
  const strangers = Array.from({ length: count - withEntry.length }, (_, at) => stranger(at));
  return [...withEntry, ...strangers].flatMap((product) => entriesOf(product, keyPrefix, random));
}

function stranger(at: number): Product {
  return { id: `stranger${at}`, neighbour: `stranger${at + 1}`, version: (random) => random.digits(8) };
}

function entriesOf(product: Product, keyPrefix: string, random: Seeded): readonly InitialEntry[] {
  const id = product.id.replace(/[%:,{} ]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return [
    managed(`${keyPrefix}product:${id}`, product, random),
    { kind: "hash", key: `${keyPrefix}hash:${id}`, raw: hashPage(product.version(random, 3), random) },
    { kind: "json", key: `${keyPrefix}json:${product.id}`, raw: jsonPage(product.version(random, 3), random) },
    { kind: "opaque", key: `${keyPrefix}opaque:${id}`, raw: opaquePage(random) },
  ];
}

/** An entry of the cache SDK: built from its product and often from its neighbour, now and then with floors of earlier busts. */
function managed(key: string, product: Product, random: Seeded): InitialEntry {
  const style = random.next();
  if (style < 0.03) return { kind: "managed", key, raw: { type: "string", value: "not an entry" } };
  const [own, other] = [`catalog.product/${product.id}`, `catalog.product/${product.neighbour}`];
  if (style < 0.06) {
    const floors = new Map([[own, product.version(random, 1)]]);
    return { kind: "managed", key, managed: { value: null, deps: new Map(), floors } };
  }
  const deps = new Map<string, string>();
  if (style > 0.12) deps.set(own, product.version(random, 4));
  if (style > 0.3) deps.set(other, random.chance(0.8) ? `9${random.digits(18)}` : product.version(random, 4));
  if (random.chance(0.1)) deps.set("catalog.brand/7", "12");
  const held = deps.get(own);
  const floors = held !== undefined && random.chance(0.05) ? new Map([[own, held]]) : new Map<string, string>();
  return { kind: "managed", key, managed: { value: pageOf(random), deps, floors } };
}

function hashPage(version: string, random: Seeded): Contents {
  const style = random.next();
  if (style < 0.03) return { type: "string", value: version };
  const fields = new Map([["html", pageOf(random)]]);
  if (style > 0.06)
    fields.set("rev", style < 0.09 ? random.pick([`0${version}`, `-${version}`, `${version}.0`, "", " 7", "1e9"]) : version);
  return { type: "hash", fields };
}

function jsonPage(version: string, random: Seeded): Contents {
  const style = random.next();
  const html = JSON.stringify(pageOf(random));
  if (style < 0.03) return { type: "hash", fields: new Map([["version", version]]) };
  if (style < 0.06)
    return { type: "string", value: random.pick([`{"html":${html}}`, `{"version":1.5,"html":${html}}`, "not json", "[1]", ""]) };
  if (style < 0.12)
    return { type: "string", value: `{"inner":{"version":1},"text":"\\"version\\":1,","html":${html},"version":${version}}` };
  const written = random.chance(0.3) ? `"${version}"` : version;
  return { type: "string", value: `{"version":${written},"html":${html}}` };
}

function opaquePage(random: Seeded): Contents {
  return random.chance(0.8) ? { type: "string", value: pageOf(random) } : { type: "hash", fields: new Map([["html", pageOf(random)]]) };
}

function pageOf(random: Seeded): string {
  return `<p>${random.digits(12)} é</p>`;
}
