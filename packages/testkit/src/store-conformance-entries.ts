import { readOnly } from "@freshet/store";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { fillOf, leaseOf, loadBounds, managed } from "./entry-bench.js";
import { freshPrefix } from "./fresh.js";
import { bustOf, depsOf, FLOOR_MS, type MakeStore, type StoreUnderTest } from "./store-bench.js";
import { epochFillTests, provisionalTests, refusalTests } from "./store-conformance-fills.js";
import type { Bench } from "./store-conformance-floors.js";
import { gateTests } from "./store-conformance-gates.js";
import { requestTests } from "./store-conformance-requests.js";
import { until } from "./until.js";

/** What any `StorePort` must do for readers and loaders, as tests. Keys are fresh, so suites may share a Redis. */
export function entryConformance(name: string, makeStore: MakeStore): void {
  describe(`StorePort, entries: ${name}`, () => {
    let current: StoreUnderTest;
    let prefix = "";
    beforeEach(async () => {
      current = await makeStore();
      prefix = `${freshPrefix("suite")}:`;
    });
    afterEach(() => current.close());
    const bench: Bench = { store: () => current.store, seed: () => current.seed, key: (id) => `${prefix}${id}` };
    leaseTests(bench);
    readTests(bench);
    ageTests(bench);
    foreignTests(bench);
    ttlTests(bench);
    refusalTests(bench);
    provisionalTests(bench);
    epochFillTests(bench);
    gateTests(bench);
    requestTests(bench);
  });
}

function leaseTests({ store, key }: Bench): void {
  test("one caller may load, others are told how long they wait", async () => {
    expect(await store().read(key("a"), managed, [])).toMatchObject({ found: "none", stored: null, epochs: new Map() });
    const first = await store().lease(leaseOf(key("a")));
    expect(first).toMatchObject({ outcome: "leased", stored: null, min: new Map() });
    expect("leaseStartUs" in first && first.leaseStartUs).toBe(first.atUs);
    const other = await store().lease(leaseOf(key("a"), { token: "t2" }));
    expect(other).toMatchObject({ outcome: "busy", stored: null });
    const waitMs = "waitMs" in other ? other.waitMs : 0;
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(loadBounds.leaseTtlMs);
  });

  test("the same token asked again keeps its first start and deadline", async () => {
    const first = await store().lease(leaseOf(key("a")));
    const again = await store().lease(leaseOf(key("a")));
    expect(again.outcome).toBe("leased");
    expect("leaseStartUs" in again && again.leaseStartUs).toBe("leaseStartUs" in first && first.leaseStartUs);
    const { lease } = await store().inspect(key("a"), managed);
    expect(lease).toEqual({ token: "t1", startUs: first.atUs, deadlineUs: first.atUs + loadBounds.leaseTtlMs * 1000 });
  });

  test("of many callers at once one is leased", async () => {
    const tokens = Array.from({ length: 20 }, (_, i) => `t${i}`);
    const replies = await Promise.all(tokens.map((token) => store().lease(leaseOf(key("a"), { token }))));
    expect(replies.filter(({ outcome }) => outcome === "leased")).toHaveLength(1);
    expect(replies.filter(({ outcome }) => outcome === "busy")).toHaveLength(19);
  });

  test("a lease that is over is lost to its holder and free for others", async () => {
    await store().lease(leaseOf(key("a"), { leaseTtlMs: 1 }));
    await until(async () => (await store().inspect(key("a"), managed)).ttlMs === null, { pollMs: 1 });
    expect(await store().fill(fillOf(key("a")))).toEqual({ outcome: "refused", reason: "lease_lost" });
    expect(await store().lease(leaseOf(key("a"), { token: "t2" }))).toMatchObject({ outcome: "leased" });
    expect(await store().fill(fillOf(key("a")))).toEqual({ outcome: "refused", reason: "lease_lost" });
  });

  test("a lease survives a bust, and tells what a load must have at least", async () => {
    await store().bust([bustOf({ key: key("a"), entry: managed, version: "7" })]);
    expect(await store().lease(leaseOf(key("a")))).toMatchObject({ outcome: "leased", min: depsOf("7") });
    await store().bust([bustOf({ key: key("a"), entry: managed, version: "8", subject: "s/2" })]);
    expect(await store().lease(leaseOf(key("a"), { token: "t2" }))).toMatchObject({ outcome: "busy" });
    expect(await store().lease(leaseOf(key("a")))).toMatchObject({ min: depsOf("7", ["s/2", "8"]) });
  });

  test("a read-only store leases nothing", async () => {
    await expect(readOnly(store()).lease(leaseOf(key("a")))).rejects.toMatchObject({ code: "FR1005" });
  });
}

function readTests({ store, key }: Bench): void {
  const allBytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256));

  test("what is filled is read back, byte by byte, with all it was filled with", async () => {
    const lease = await store().lease(leaseOf(key("a")));
    const deps = depsOf("5", ["a b%2Cc/,é", "9007199254740993"]);
    const filled = await store().fill(fillOf(key("a"), { value: allBytes, encoding: "application/json;br", deps, freshMs: 30_000 }));
    expect(filled).toMatchObject({ outcome: "filled", leaseStartUs: lease.atUs });
    const atUs = filled.outcome === "filled" ? filled.atUs : 0;
    const { found, stored } = await store().read(key("a"), managed, []);
    const times = { loadStartUs: lease.atUs, freshUntilUs: atUs + 30_000_000, keepUntilUs: atUs + 60_000_000 };
    expect({ found, stored }).toEqual({
      found: "fresh",
      stored: { value: allBytes, encoding: "application/json;br", deps, tags: [], ...times },
    });
    expect(await store().lease(leaseOf(key("a"), { token: "t2" }))).toMatchObject({ outcome: "hit", stored: { value: allBytes, deps } });
    expect(await store().inspect(key("a"), managed)).toMatchObject({ value: { deps }, valueBytes: 512, lease: null, redisType: "hash" });
  });

  test.each([0, 1, 1024 * 1024])("a value of %i bytes", async (bytes) => {
    const value = Buffer.alloc(bytes, 0xfe);
    await store().lease(leaseOf(key("a")));
    await store().fill(fillOf(key("a"), { value, deps: new Map() }));
    expect((await store().read(key("a"), managed, [])).stored?.value.equals(value)).toBe(true);
  });

  test("256 deps and 64 tags go through", async () => {
    const deps = depsOf(...Array.from({ length: 256 }, (_, i) => [`${"s".repeat(500)}/${i}`, String(i)] as const));
    const tags = Array.from({ length: 64 }, (_, i) => key(`tag-${i}`));
    await store().lease(leaseOf(key("a")));
    expect(await store().fill(fillOf(key("a"), { deps, tags }))).toMatchObject({ outcome: "filled" });
    expect(await store().promote(key("a"), managed, "t1")).toBe("promoted");
    expect((await store().read(key("a"), managed, [])).stored).toMatchObject({ deps, tags });
  });
}

/** Entries that may be served no more, or only while a new one is loaded. */
function ageTests({ store, seed, key }: Bench): void {
  test("past fresh-until it is stale: one caller loads it again, all may serve it", async () => {
    await store().lease(leaseOf(key("a")));
    await store().fill(fillOf(key("a"), { freshMs: 1 }));
    await until(async () => (await store().read(key("a"), managed, [])).found === "stale", { pollMs: 1 });
    const value = Buffer.from("page");
    expect((await store().read(key("a"), managed, [])).stored).toMatchObject({ value });
    expect(await store().lease(leaseOf(key("a")))).toMatchObject({ outcome: "stale_leased", stored: { value }, min: new Map() });
    expect(await store().lease(leaseOf(key("a"), { token: "t2" }))).toMatchObject({ outcome: "stale_busy", stored: { value } });
    expect(await store().fill(fillOf(key("a"), { value: Buffer.from("new"), deps: depsOf("6") }))).toMatchObject({ outcome: "filled" });
    expect(await store().read(key("a"), managed, [])).toMatchObject({ found: "fresh", stored: { value: Buffer.from("new") } });
  });

  test("past keep-until it is gone for readers, floors or not", async () => {
    await store().bust([bustOf({ key: key("a"), entry: managed, version: "5" })]);
    await store().lease(leaseOf(key("a")));
    await store().fill(fillOf(key("a"), { keepMs: 1 }));
    await until(async () => (await store().read(key("a"), managed, [])).found === "none", { pollMs: 1 });
    expect(await store().lease(leaseOf(key("a")))).toMatchObject({ outcome: "leased", stored: null, min: depsOf("5") });
    expect((await store().inspect(key("a"), managed)).ttlMs).toBeGreaterThan(FLOOR_MS - 5_000);
  });

  test("a soft bust makes it stale, and only until its time is over", async () => {
    await store().lease(leaseOf(key("a")));
    await store().fill(fillOf(key("a")));
    const soft = { ...bustOf({ key: key("a"), entry: managed, version: "6" }), mode: "soft" as const };
    expect(await store().bust([soft])).toEqual(["softened"]);
    expect(await store().read(key("a"), managed, [])).toMatchObject({ found: "stale", stored: { value: Buffer.from("page") } });
    expect(await store().lease(leaseOf(key("a")))).toMatchObject({ outcome: "stale_leased", min: depsOf("6") });
    const brief = { ...soft, key: key("b"), entry: { ...managed, staleTtlMs: 1 } };
    await store().lease(leaseOf(key("b")));
    await store().fill(fillOf(key("b")));
    await store().bust([brief]);
    await until(async () => (await store().read(key("b"), managed, [])).found === "none", { pollMs: 1 });
  });

  test("a seeded entry is a hit for ever", async () => {
    await seed().putManaged(key("a"), { value: "säge", deps: depsOf("5") });
    expect(await store().read(key("a"), managed, [])).toMatchObject({
      found: "fresh",
      stored: { value: Buffer.from("säge"), keepUntilUs: null },
    });
  });
}

function foreignTests({ store, seed, key }: Bench): void {
  test("a key of another service is a miss, is never leased, and never written over", async () => {
    await seed().putOpaque(key("text"), { value: "not ours" });
    await seed().putHash(key("hash"), { fields: { a: "1" } });
    for (const id of ["text", "hash"]) {
      const { nowUs: _, ...before } = await store().inspect(key(id), { ...managed, kind: "opaque" });
      expect(await store().read(key(id), managed, [])).toMatchObject({ found: "none", stored: null });
      expect(await store().lease(leaseOf(key(id)))).toMatchObject({ outcome: "foreign", stored: null });
      expect(await store().fill(fillOf(key(id)))).toEqual({ outcome: "refused", reason: "lease_lost" });
      expect(await store().promote(key(id), managed, "t1")).toBe("gone");
      expect(await store().drop(key(id), managed, "t1")).toBe("gone");
      expect(await store().inspect(key(id), { ...managed, kind: "opaque" })).toMatchObject(before);
    }
  });
}

function ttlTests({ store, key }: Bench): void {
  const ttlOf = async (id: string) => (await store().inspect(key(id), managed)).ttlMs ?? Number.NaN;

  test("the key of a lease lives as long as the lease, of an entry as long as it is kept", async () => {
    await store().lease(leaseOf(key("a")));
    expect(await ttlOf("a")).toBeLessThanOrEqual(loadBounds.leaseTtlMs + 1);
    expect(await ttlOf("a")).toBeGreaterThan(loadBounds.leaseTtlMs - 2_000);
    await store().fill(fillOf(key("a")));
    expect(await ttlOf("a")).toBeLessThanOrEqual(60_001);
    expect(await ttlOf("a")).toBeGreaterThan(55_000);
  });

  test("never shorter than a live floor, whatever is done with the key", async () => {
    const floorStands = async () => {
      expect(await ttlOf("a")).toBeGreaterThan(FLOOR_MS - 5_000);
      expect((await store().inspect(key("a"), managed)).floors).toMatchObject([{ version: "5" }]);
    };
    await store().bust([bustOf({ key: key("a"), entry: managed, version: "5" })]);
    await store().lease(leaseOf(key("a")));
    await floorStands();
    await store().fill(fillOf(key("a"), { deps: depsOf("4") }));
    await floorStands();
    await store().lease(leaseOf(key("a")));
    await store().fill(fillOf(key("a"), { keepMs: 1_000, tags: [key("tag")], provisionalMs: 1_000 }));
    await floorStands();
    await store().promote(key("a"), managed, "t1");
    await floorStands();
    await store().lease(leaseOf(key("b")));
    await store().bust([bustOf({ key: key("a"), entry: managed, version: "5" })]);
    await floorStands();
  });

  test("a provisional entry is there until its deadline, even when it is kept for less", async () => {
    await store().lease(leaseOf(key("a")));
    await store().fill(fillOf(key("a"), { keepMs: 1_000, tags: [key("tag")], provisionalMs: 10_000 }));
    expect(await ttlOf("a")).toBeGreaterThan(5_000);
  });
}
