import { beforeEach, describe, expect, test } from "@jest/globals";
import { createWorld, RULES, type World } from "../../tests/explain-world.js";
import { explanationSchema } from "./explanation.js";

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

async function answer(key = "product:42", family = "product"): Promise<string> {
  const { explanation } = await world.explain(key, family);
  expect(explanationSchema.parse(explanation)).toEqual(explanation);
  expect(JSON.stringify(explanation)).not.toContain("secret");
  return explanation.answer.text;
}

const MORE_THAN_R_MS = 3000;
const FLOOR_OVER_MS = 60_000;

describe("the first line, of what is there", () => {
  test("fresh", async () => {
    await world.fill("product:42", "product");
    expect(await answer()).toBe("fresh: no event of the last 1h says otherwise");
  });

  test("fresh, covering an event that is not consumed yet", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "7" });
    expect(await answer()).toBe("fresh: no event of the last 1h says otherwise");
  });

  test("fresh by the rules, though no rule takes what is newer", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "8", data: { price: 1 } });
    await world.serve();
    expect(await answer()).toBe(
      "fresh by the rules, though older than shop.products 0/0 (catalog.product/42 version 8), which matches none that touches it",
    );
  });

  test("stale because an event is not yet consumed", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "8" });
    expect(await answer()).toBe("stale because shop.products 0/0 (catalog.product/42 version 8) is not yet consumed");
  });

  test("stale because a blind event is not yet consumed; not where the load began R after it", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", topic: "shop.prices" });
    expect(await answer()).toBe("stale because shop.prices 0/0 (price/42, blind) is not yet consumed");
    world.advance(MORE_THAN_R_MS + 60_000);
    await world.fill("product:42", "product");
    expect(await answer()).toBe("fresh: no event of the last 1h says otherwise");
  });

  test("stale because an event was dead-lettered", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "8", data: {} });
    await world.serve();
    expect(await answer()).toMatch(
      /^stale because shop\.products 0\/0 \(catalog\.product\/42 version 8\) was dead-lettered: rule_error: rule product-changed: /,
    );
  });

  test("stale because an older value was written after the bust", async () => {
    await world.send({ subject: "42", version: "8" });
    await world.serve();
    await world.store.seed.putJson("old:42", { text: '{"version":"7"}' });
    expect(await answer("old:42", "old")).toBe(
      "stale because an older value was written after shop.products 0/0 (catalog.product/42 version 8) had busted it",
    );
  });

  test("stale because a soft bust marked it", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "8", type: "product.renamed" });
    await world.serve();
    expect(await answer()).toBe(
      "stale because it was marked stale at 2026-01-01T00:00:00.000Z; it is served until 2026-01-01T00:01:00.000Z",
    );
  });

  test("stale because its fresh time is over", async () => {
    await world.fill("product:42", "product", { freshMs: 1000 });
    world.advance(1000);
    expect(await answer()).toBe("stale because it was fresh until 2026-01-01T00:00:01.000Z");
  });

  test("stale because the walk of its tag has not ended", async () => {
    await world.fill("listing:acme:1", "listing");
    await world.send({ subject: "42", version: "8", type: "brand.updated", data: { brand: "acme" } });
    await world.serve();
    expect(await answer("listing:acme:1", "listing")).toBe(
      "stale because tag brand:acme was busted at 2026-01-01T00:00:00.000Z (catalog.product/42 version 8) and its walk has not ended",
    );
  });

  test("fresh, where a tag waits for its walk that the entry does not carry", async () => {
    await world.send({ subject: "42", version: "8", type: "brand.updated", data: { brand: "acme" } });
    await world.serve();
    await world.store.seed.putManaged("listing:acme:1", { value: "v", deps: new Map() });
    expect(await answer("listing:acme:1", "listing")).toBe("fresh: no event of the last 1h says otherwise");
  });

  test("stale because its epoch had a soft bust", async () => {
    world = await createWorld(
      RULES.replace("with: { id: subject } }]\n  - name: price", "with: { id: subject }, mode: soft }]\n  - name: price"),
    );
    await world.fill("page:42:eu", "page"); // makes the epoch
    world.advance(MORE_THAN_R_MS);
    await world.fill("page:42:eu", "page");
    world.advance(1000);
    await world.send({ subject: "eu", type: "tenant.updated" });
    await world.serve();
    expect(await answer("page:42:eu", "page")).toBe("stale because its epoch tenant:eu was busted at 2026-01-01T00:00:04.000Z");
  });

  test("unknown where something else lies there", async () => {
    await world.store.seed.putOpaque("product:42", { value: "a secret of another service" });
    expect(await answer()).toBe("unknown: the key holds a Redis string, which is no entry of family product");
  });

  test("fresh as far as can be told where the version cannot be read", async () => {
    await world.store.seed.putJson("old:42", { text: '{"version":"seven"}' });
    expect(await answer("old:42", "old")).toBe("fresh as far as can be told: its version cannot be read");
  });
});

describe("the first line, of what is not there", () => {
  test("absent because nothing filled it", async () => {
    expect(await answer()).toBe("absent because nothing filled it, or its 1h are over: no event of the last 1h removed it");
  });

  test("absent because it was busted, and until when older fills are refused", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "8" });
    await world.serve();
    expect(await answer()).toBe(
      "absent because it was busted at 2026-01-01T00:00:00.000Z (catalog.product/42 version 8); older fills are refused until 2026-01-01T00:00:07.250Z",
    );
  });

  test("absent because an event removed it, when its floor is gone", async () => {
    await world.send({ subject: "42", version: "8" });
    await world.serve();
    world.advance(FLOOR_OVER_MS);
    expect(await answer()).toBe("absent because shop.products 0/0 (catalog.product/42 version 8) removed it, or nothing was there");
  });

  test("absent because it is being loaded", async () => {
    const { entry, bounds } = world.rules.families.get("product") ?? { entry: undefined, bounds: undefined };
    if (entry === undefined || bounds === undefined) throw new Error("unreachable");
    await world.store.lease({ key: "product:42", entry, token: "secret", epochs: new Map(), leaseTtlMs: bounds.leaseMs });
    expect(await answer()).toBe(
      "absent because it is being loaded since 2026-01-01T00:00:00.000Z; the lease ends at 2026-01-01T00:00:05.000Z",
    );
  });

  test("absent because a fill waits for its tags, and then because it never became visible", async () => {
    await world.fill("listing:acme:1", "listing", { unpromoted: true });
    expect(await answer("listing:acme:1", "listing")).toBe("absent because a fill waits for its tags until 2026-01-01T00:00:02.000Z");
    world.advance(2000);
    expect(await answer("listing:acme:1", "listing")).toBe(
      "absent because a fill never became visible, and ended at 2026-01-01T00:00:02.000Z",
    );
  });

  test("fills refused until a blind floor has been waited for", async () => {
    await world.send({ subject: "42", topic: "shop.prices" });
    await world.serve();
    expect(await answer()).toBe("fills refused until 2026-01-01T00:00:02.250Z: it was busted blind at 2026-01-01T00:00:00.000Z");
    world.advance(2250);
    expect(await answer()).toBe(
      "absent because it was busted at 2026-01-01T00:00:00.000Z (blind); older fills are refused until 2026-01-01T00:00:07.250Z",
    );
  });

  test("absent because it was filled before its family had the epoch; not before somebody names that", async () => {
    await world.store.seed.putManaged("page:42:eu", { value: "a secret", deps: new Map(), ttlMs: 600_000 });
    expect(await answer("page:42:eu", "page")).toBe("fresh: no event of the last 1h says otherwise");
    await world.store.epochs([{ tag: "tenant:eu", skewMs: 250 }]);
    world.advance(MORE_THAN_R_MS);
    expect(await answer("page:42:eu", "page")).toBe(
      "absent because it was filled without its epoch tenant:eu, so readers that name it miss it",
    );
  });

  test("fills refused until an epoch is old enough; then absent because of its bust", async () => {
    await world.fill("page:42:eu", "page"); // makes the epoch
    world.advance(MORE_THAN_R_MS);
    await world.fill("page:42:eu", "page");
    world.advance(1000);
    await world.send({ subject: "eu", type: "tenant.updated" });
    await world.serve();
    expect(await answer("page:42:eu", "page")).toBe(
      "fills refused until 2026-01-01T00:00:06.250Z: its epoch tenant:eu is new since 2026-01-01T00:00:04.000Z",
    );
    world.advance(2250);
    expect(await answer("page:42:eu", "page")).toBe("absent because its epoch tenant:eu was busted at 2026-01-01T00:00:04.000Z");
  });
});
