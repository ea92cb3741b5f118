import type { Product, Shop } from "./shop.js";

/** The cache as a service with a plain Redis client sees it. */
export interface PageCache {
  get(key: string): Promise<string | null>;
  set(key: string, text: string, ttlMs: number): Promise<void>;
}

/** A product page, and where the reader got it. */
export interface PageView {
  readonly page: Product;
  readonly from: "cache" | "database";
}

const PAGE_TTL_MS = 3_600_000;

/** The key of a product's page: the template `page:{id}` of `rules.yaml`. */
export function pageKey(id: string): string {
  return `page:${id}`;
}

/**
 * Cache-aside, as most services do it: the cached page when there is one, else the database, and the page is cached with
 * the version it was built from. The version is all that Freshet needs to tell old from new.
 */
export async function readPage(id: string, shop: Shop, cache: PageCache): Promise<PageView> {
  const cached = await cache.get(pageKey(id));
  if (cached !== null) return { page: JSON.parse(cached) as Product, from: "cache" };
  const page = shop.load(id);
  await cache.set(pageKey(id), JSON.stringify(page), PAGE_TTL_MS);
  return { page, from: "database" };
}
