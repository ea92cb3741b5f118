import type { Found, ManagedRead, Source } from "./managed-reader.js";
import type { Promised, PromiseSeen } from "./promised.js";
import type { Scene } from "./scene.js";
import type { Product, Shop } from "./shop.js";

/** What managed entries are for: promises about tags and about readers that are slow. */
export const tagPromises: readonly Promised[] = [
  { promise: "A bust of a brand takes every listing page of it along", act: sweptTagReachesEveryEntry },
  { promise: "A bust of a tenant takes all its entries along in one step", act: epochTagReachesAllAtOnce },
  { promise: "A slow reader cannot put the old value back", act: slowReaderCannotBringBack },
];

const PAGES = ["1", "2", "3"];

async function sweptTagReachesEveryEntry(scene: Scene, id: string): Promise<PromiseSeen> {
  const { brand, price } = scene.shop.load(id);
  for (const page of PAGES) await scene.managed.read(listing(brand, page, scene.shop));
  const cached = await countCached(
    scene,
    PAGES.map((page) => listing(brand, page, scene.shop)),
  );
  await scene.send(scene.shop.setPrice(id, price + 100));
  await scene.walked(`brand:${brand}`);
  const left = await countCached(
    scene,
    PAGES.map((page) => listing(brand, page, scene.shop)),
  );
  const again = await scene.managed.read<readonly Product[]>(listing(brand, "1", scene.shop));
  const isFresh = again.value.some((product) => product.id === id && product.price === price + 100);
  return {
    did: [
      `${cached} listing pages of ${brand} are cached; each carries the tag brand:${brand}.`,
      "The price of one product of it changes.",
    ],
    seen: left === 0 ? `All ${cached} pages are gone; the next reader gets the new price.` : `${left} of ${cached} pages are still there.`,
    why: "The tag has an index of its entries, which is walked in small steps; it has a floor for pages that are being built.",
    held: cached === PAGES.length && left === 0 && isFresh,
  };
}

async function epochTagReachesAllAtOnce(scene: Scene, id: string): Promise<PromiseSeen> {
  const [tenant, other] = scene.shop.tenants().map((row) => row.id);
  if (tenant === undefined || other === undefined) throw new RangeError("the shop has too few tenants");
  const ids = scene.shop.products().map((product) => product.id);
  const readAll = async (who: string): Promise<readonly Found<number>[]> => {
    const found: Found<number>[] = [];
    for (const product of ids) found.push(await scene.managed.read<number>(quote(who, product, scene.shop)));
    return found;
  };
  // The epoch of a tenant is made by its first reader, ahead of the clock by C; what is loaded until then is not stored.
  const before = await scene.comesTrue(async () =>
    [...(await readAll(tenant)), ...(await readAll(other))].every(({ from }) => from === "cache"),
  );
  const { discount } = scene.shop.tenant(tenant);
  await scene.send(scene.shop.setDiscount(tenant, (discount + 5) % 50));
  const after = await readAll(tenant);
  const others = await readAll(other);
  const right = ids.every((product, at) => after[at]?.value === quoted(scene.shop, tenant, product));
  const isNew = after.every(({ from }) => from === "database") && right;
  const isKept = others.every(({ from }) => from === "cache");
  return {
    did: [`${ids.length} quotes of tenant ${tenant} and ${ids.length} of ${other} are cached.`, `The discount of ${tenant} changes.`],
    seen: isNew
      ? `No reader gets an old quote of ${tenant}; those of ${other} ${isKept ? "are served as before" : "are gone as well"}.`
      : `A reader still gets an old quote of ${tenant}, of product ${id} for one.`,
    why: `The bust changed one number; readers compare it with the one that each quote of ${tenant} was built under.`,
    held: before && isNew && isKept,
  };
}

async function slowReaderCannotBringBack(scene: Scene, id: string): Promise<PromiseSeen> {
  const before = scene.shop.load(id);
  const hasRead = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const dawdle = async () => {
    const product = scene.shop.load(id);
    hasRead.resolve();
    await goOn.promise;
    return product;
  };
  const slow = scene.managed.read(card(id, dawdle));
  await hasRead.promise;
  await scene.send(scene.shop.setPrice(id, before.price + 100));
  goOn.resolve();
  const { isCached } = await slow;
  const { value: next } = await scene.managed.read(card(id, async () => scene.shop.load(id)));
  const isFresh = next.version === scene.shop.load(id).version;
  return {
    did: [
      `A reader finds no card:${id}, takes the lease and reads version ${before.version} from the database.`,
      "While it dawdles, the price changes, and the event busts a card that is not there.",
      "Only now the reader stores what it had read.",
    ],
    seen: isFresh
      ? `The store ${isCached ? "took" : "refused"} version ${before.version}; the next reader gets version ${next.version}.`
      : `The store took version ${before.version}, and the next reader gets it, although version ${scene.shop.load(id).version} is out.`,
    why: "The bust left a floor: under it nothing older may be stored for as long as any load can take.",
    held: !isCached && isFresh,
  };
}

function card(id: string, load: () => Promise<Product>): ManagedRead<Product> {
  const made = async () => {
    const product = await load();
    return { value: product, from: [sourceOf(product)] };
  };
  return { family: "card", parameters: { id }, load: made };
}

/** A page of all products of a brand. */
function listing(brand: string, page: string, shop: Shop): ManagedRead<readonly Product[]> {
  return {
    family: "listing",
    parameters: { brand, page },
    load: async () => {
      const products = shop.products().filter((product) => product.brand === brand);
      return { value: products, from: products.map(sourceOf) };
    },
  };
}

/** What a product costs a tenant, in cents. */
function quote(tenant: string, id: string, shop: Shop): ManagedRead<number> {
  return {
    family: "quote",
    parameters: { tenant, id },
    load: async () => {
      const from = [sourceOf(shop.load(id)), { space: "shop.tenant", id: tenant, version: shop.tenant(tenant).version }];
      return { value: quoted(shop, tenant, id), from };
    },
  };
}

function quoted(shop: Shop, tenant: string, id: string): number {
  return Math.round((shop.load(id).price * (100 - shop.tenant(tenant).discount)) / 100);
}

function sourceOf({ id, version }: Product): Source {
  return { space: "catalog.product", id, version };
}

async function countCached(scene: Scene, reads: readonly ManagedRead<unknown>[]): Promise<number> {
  const there = await Promise.all(reads.map(({ family, parameters }) => scene.managed.has(family, parameters)));
  return there.filter(Boolean).length;
}
