import { expect, test } from "@jest/globals";
import { type GatedKind, gated, leaseOf, loadBounds, setOf } from "./entry-bench.js";
import { bustOf, depsOf, FLOOR_MS } from "./store-bench.js";
import type { Bench } from "./store-conformance-floors.js";

const kinds = Object.keys(gated) as GatedKind[];
const refused = (reason: string) => ({ outcome: "refused", reason });

/** What the tests below do to one key. */
function stepsOf({ store, key }: Bench) {
  const versionKeyOf = (kind: GatedKind) => (kind === "companion" ? { versionKey: setOf(kind, key("a")).versionKey ?? "" } : {});
  return {
    viewOf: (kind: GatedKind) => store().inspect(key("a"), gated[kind], setOf(kind, key("a")).versionKey),
    lease: (kind: GatedKind, token = "t1") => store().lease(leaseOf(key("a"), { entry: gated[kind], token, ...versionKeyOf(kind) })),
    bust: (kind: GatedKind, version: string | null) => {
      const spaceKind = version === null ? "none" : "counter";
      return store().bust([{ ...bustOf({ key: key("a"), entry: gated[kind], version, spaceKind }), ...versionKeyOf(kind) }]);
    },
  };
}

/** Entries that existing services write, in families with a gate. */
export function gateTests(bench: Bench): void {
  const { store, key } = bench;
  const { viewOf, lease, bust } = stepsOf(bench);
  contentTests(bench);

  test.each(kinds)("%s: stored unless what is there is newer", async (kind) => {
    expect(await store().setIfNewer(setOf(kind, key("a")))).toEqual({ outcome: "stored" });
    expect(await viewOf(kind)).toMatchObject({ value: { version: "5" }, floors: [], lease: null });
    expect(await store().setIfNewer(setOf(kind, key("a"), { digits: "5" }))).toEqual({ outcome: "stored" });
    expect(await store().setIfNewer(setOf(kind, key("a"), { digits: "4" }))).toEqual(refused("older"));
    expect(await store().setIfNewer(setOf(kind, key("a"), { digits: "10" }))).toEqual({ outcome: "stored" });
    expect(await viewOf(kind)).toMatchObject({ value: { version: "10" } });
    const { ttlMs } = await viewOf(kind);
    expect(ttlMs).toBeGreaterThan(55_000);
    expect(ttlMs).toBeLessThanOrEqual(60_001);
  });

  test.each(kinds)("%s: refused below a floor, whoever wrote first", async (kind) => {
    expect(await bust(kind, "5")).toEqual(["absent"]);
    expect(await store().setIfNewer(setOf(kind, key("a"), { digits: "4" }))).toEqual(refused("floor"));
    expect(await store().setIfNewer(setOf(kind, key("a"), { digits: "5" }))).toEqual({ outcome: "stored" });
    expect(await viewOf(kind)).toMatchObject({ value: { version: "5" }, floors: [{ version: "5" }] });
    expect(await bust(kind, "6")).toEqual(["removed"]);
    expect(await store().setIfNewer(setOf(kind, key("a"), { digits: "5" }))).toEqual(refused("floor"));
  });

  test.each(kinds)("%s: a lease tells what to load, gives the right to fill, and is given up", async (kind) => {
    await bust(kind, "5");
    expect(await lease(kind)).toMatchObject({ outcome: "leased", min: depsOf("5"), stored: null });
    expect(await lease(kind, "t2")).toMatchObject({ outcome: "busy", stored: null });
    expect(await store().setIfNewer(setOf(kind, key("a"), { token: "t2" }))).toEqual(refused("lease_lost"));
    expect(await store().setIfNewer(setOf(kind, key("a"), { token: "t1" }))).toEqual({ outcome: "stored" });
    expect(await viewOf(kind)).toMatchObject({ lease: null, floors: [{ version: "5" }] });
    expect(await lease(kind, "t2")).toMatchObject({ outcome: "hit", stored: null });
  });

  test.each(kinds)("%s: a blind floor is met under a lease that began after it, not without one", async (kind) => {
    await bust(kind, null);
    expect(await store().setIfNewer(setOf(kind, key("a"), { readLagMs: 0 }))).toEqual(refused("floor"));
    await lease(kind);
    expect(await store().setIfNewer(setOf(kind, key("a"), { token: "t1", readLagMs: 10_000 }))).toEqual(refused("floor"));
    expect((await viewOf(kind)).lease).toBeNull();
    await lease(kind);
    expect(await store().setIfNewer(setOf(kind, key("a"), { token: "t1", primaryRead: true }))).toEqual({ outcome: "stored" });
  });

  test.each(kinds)("%s: F < L + R is refused under a lease, which stays; F of L + R is enough", async (kind) => {
    await lease(kind);
    const readLagMs = FLOOR_MS - loadBounds.leaseTtlMs;
    const tooLate = store().setIfNewer(setOf(kind, key("a"), { token: "t1", readLagMs: readLagMs + 1 }));
    await expect(tooLate).rejects.toMatchObject({ code: "FR1006", disposition: "usage" });
    expect(await viewOf(kind)).toMatchObject({ lease: { token: "t1" } });
    expect(await store().setIfNewer(setOf(kind, key("a"), { token: "t1", readLagMs }))).toEqual({ outcome: "stored" });
  });

  test.each(kinds)("%s: a write without a lease leaves another's lease alone", async (kind) => {
    await lease(kind);
    expect(await store().setIfNewer(setOf(kind, key("a")))).toEqual({ outcome: "stored" });
    expect((await viewOf(kind)).lease).toMatchObject({ token: "t1" });
    expect(await store().setIfNewer(setOf(kind, key("a"), { token: "t1", digits: "6" }))).toEqual({ outcome: "stored" });
  });
}

function contentTests(bench: Bench): void {
  const { store, seed, key } = bench;
  const { viewOf, lease, bust } = stepsOf(bench);

  test("hash: what is stored replaces all fields, and lives as long as its floor", async () => {
    await store().setIfNewer(setOf("hash", key("a"), { content: new Map([["old", "1"]]) }));
    await bust("hash", "4");
    await store().setIfNewer(setOf("hash", key("a"), { content: new Map([["body", "säge"]]), keepMs: 1_000 }));
    const { ttlMs, valueBytes } = await viewOf("hash");
    expect(valueBytes).toBe(Buffer.byteLength("säge") + 1);
    expect(ttlMs).toBeGreaterThan(FLOOR_MS - 5_000);
  });

  test("a key of another Redis type is refused and stays", async () => {
    await seed().putOpaque(key("a"), { value: "not a hash" });
    expect(await lease("hash")).toMatchObject({ outcome: "foreign", stored: null });
    expect(await store().setIfNewer(setOf("hash", key("a")))).toEqual(refused("foreign"));
    await seed().putHash(key("b"), { fields: { a: "1" } });
    for (const kind of ["json", "prefix"] as const) {
      const { outcome } = await store().lease(leaseOf(key("b"), { entry: gated[kind] }));
      expect({ kind, outcome }).toEqual({ kind, outcome: "foreign" });
      expect(await store().setIfNewer(setOf(kind, key("b")))).toEqual(refused("foreign"));
    }
    expect([await seed().has(key("a")), await seed().has(key("b"))]).toEqual([true, true]);
  });

  test("what cannot be read gives way", async () => {
    await seed().putJson(key("a"), { text: '{"version":"007"}' });
    expect(await lease("json")).toMatchObject({ outcome: "leased" });
    expect(await store().setIfNewer(setOf("json", key("a")))).toEqual({ outcome: "stored" });
    expect(await viewOf("json")).toMatchObject({ value: { version: "5" }, lease: { token: "t1" } });
    const { ttlMs } = await viewOf("json");
    expect(ttlMs).toBeGreaterThan(loadBounds.leaseTtlMs);
  });
}
