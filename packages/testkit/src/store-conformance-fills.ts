import { type EntrySpec, type Epoch, limits } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { fillOf, leaseOf, loadBounds, managed } from "./entry-bench.js";
import { bustOf, depsOf, FLOOR_MS } from "./store-bench.js";
import type { Bench } from "./store-conformance-floors.js";
import { tagBustOf } from "./tag-bench.js";
import { until } from "./until.js";

const late = { readLagMs: 10_000 };
const refused = (reason: string) => ({ outcome: "refused", reason });

type FillChange = Parameters<typeof fillOf>[1];

/** What the tests below do to one key. */
function stepsOf({ store, key }: Bench) {
  return {
    leaseAndFill: async (id: string, change: FillChange) => {
      await store().lease(leaseOf(key(id)));
      return await store().fill(fillOf(key(id), change));
    },
    bust: (id: string, change: Partial<Parameters<typeof bustOf>[0]> = {}) =>
      store().bust([bustOf({ key: key(id), entry: managed, version: "5", ...change })]),
  };
}

/** When a fill is refused, and when it is not. */
export function refusalTests(bench: Bench): void {
  const { store, key } = bench;
  const { leaseAndFill, bust } = stepsOf(bench);

  test("without a lease, with another's, or with one that was given up", async () => {
    expect(await store().fill(fillOf(key("a")))).toEqual(refused("lease_lost"));
    await store().lease(leaseOf(key("a")));
    expect(await store().fill(fillOf(key("a"), { token: "t2" }))).toEqual(refused("lease_lost"));
    expect(await store().fill(fillOf(key("a")))).toMatchObject({ outcome: "filled" });
    expect(await store().fill(fillOf(key("a")))).toEqual(refused("lease_lost"));
  });

  test("a value older than a floor, at or above it not", async () => {
    await bust("a");
    expect(await leaseAndFill("a", { deps: depsOf("4") })).toEqual(refused("floor"));
    expect((await store().inspect(key("a"), managed)).lease).toBeNull();
    expect(await leaseAndFill("a", { deps: depsOf("5") })).toMatchObject({ outcome: "filled" });
    const { floors, value } = await store().inspect(key("a"), managed);
    expect({ floors, value }).toMatchObject({ floors: [{ version: "5" }], value: { deps: depsOf("5") } });
  });

  test("a value loaded before the bust that came during the load", async () => {
    await store().lease(leaseOf(key("a")));
    await bust("a");
    expect(await store().fill(fillOf(key("a"), { deps: depsOf("4") }))).toEqual(refused("floor"));
  });

  test("a missing dep meets a floor by time alone: R later, or read from the primary after it", async () => {
    const deps = depsOf(["other/1", "99"]);
    await bust("a");
    expect(await leaseAndFill("a", { deps, ...late })).toEqual(refused("floor"));
    expect(await leaseAndFill("a", { deps, readLagMs: 0 })).toMatchObject({ outcome: "filled" });
    await bust("b");
    expect(await leaseAndFill("b", { deps, ...late, primaryRead: true })).toMatchObject({ outcome: "filled" });
    await store().lease(leaseOf(key("c")));
    await bust("c");
    expect(await store().fill(fillOf(key("c"), { deps, ...late, primaryRead: true }))).toEqual(refused("floor"));
  });

  test("a dep that is too old is too old from the primary as well", async () => {
    await bust("a");
    expect(await leaseAndFill("a", { deps: depsOf("4"), primaryRead: true, readLagMs: 0 })).toEqual(refused("floor"));
  });

  floorTests(bench);
  boundsTests(bench);
}

function floorTests(bench: Bench): void {
  const { store, seed, key } = bench;
  const { leaseAndFill, bust } = stepsOf(bench);

  test("a blind floor is met by time alone", async () => {
    await bust("a", { version: null, spaceKind: "none" });
    expect(await leaseAndFill("a", { deps: depsOf("99"), ...late })).toEqual(refused("floor"));
    expect(await leaseAndFill("a", { deps: depsOf("99"), readLagMs: 0 })).toMatchObject({ outcome: "filled" });
    expect((await store().inspect(key("a"), managed)).blindFloor).toMatchObject({ mode: "hard" });
  });

  test("an equal timestamp may be another write: time must tell, a later one covers", async () => {
    for (const id of ["a", "b", "c"]) await bust(id, { spaceKind: "timestamp" });
    expect(await leaseAndFill("a", { deps: depsOf("5"), ...late })).toEqual(refused("floor"));
    expect(await leaseAndFill("a", { deps: depsOf("6"), ...late })).toMatchObject({ outcome: "filled" });
    expect(await leaseAndFill("b", { deps: depsOf("5"), ...late, primaryRead: true })).toMatchObject({ outcome: "filled" });
    expect(await leaseAndFill("c", { deps: depsOf("4"), readLagMs: 0 })).toEqual(refused("floor"));
  });

  test("every floor counts, and all of them are kept", async () => {
    const subjects = Array.from({ length: limits.floorsPerEntryMax }, (_, i) => `s/${i}`);
    for (const subject of subjects) await bust("a", { subject });
    const deps = depsOf(...subjects.map((subject) => [subject, "5"] as const));
    for (const subject of subjects) {
      const fewer = new Map(
        [...deps].map(([name, version]) => [name, name === subject ? (depsOf("4").get("catalog.product/1") ?? version) : version]),
      );
      expect(await leaseAndFill("a", { deps: fewer, readLagMs: 0 })).toEqual(refused("floor"));
    }
    expect(await leaseAndFill("a", { deps, ...late })).toMatchObject({ outcome: "filled" });
    expect((await store().inspect(key("a"), managed)).floors.map(({ subject }) => subject)).toEqual(subjects);
  });

  test("a floor that is over no longer counts", async () => {
    const brief: EntrySpec = { ...managed, floorTtlMs: 50 };
    await seed().putManaged(key("a"), { value: "old", deps: depsOf("1"), ttlMs: 60_000 });
    await bust("a", { entry: brief });
    const fill = { entry: brief, deps: depsOf("4"), readLagMs: 0 };
    await until(
      async () => {
        await store().lease(leaseOf(key("a"), { entry: brief, leaseTtlMs: 50 }));
        return (await store().fill(fillOf(key("a"), fill))).outcome === "filled";
      },
      { pollMs: 5 },
    );
    expect((await store().inspect(key("a"), managed)).floors).toEqual([]);
  });

  test("what is older than a valid entry, of any subject both know", async () => {
    await leaseAndFill("a", { deps: depsOf("5", ["s/2", "5"]), freshMs: 1 });
    await until(async () => (await store().read(key("a"), managed, [])).found === "stale", { pollMs: 1 });
    expect(await leaseAndFill("a", { deps: depsOf("9", ["s/2", "4"]) })).toEqual(refused("older"));
    expect(await leaseAndFill("a", { deps: depsOf("4") })).toEqual(refused("older"));
    expect(await leaseAndFill("a", { deps: depsOf("5", ["s/3", "1"]) })).toMatchObject({ outcome: "filled" });
    expect((await store().inspect(key("a"), managed)).value).toEqual({ deps: depsOf("5", ["s/3", "1"]) });
  });
}

function boundsTests(bench: Bench): void {
  const { store, key } = bench;
  const { bust } = stepsOf(bench);

  test("F < L + R is refused by whoever knows L, and writes nothing; F of L + R is enough", async () => {
    const { leaseTtlMs } = loadBounds;
    await bust("a");
    await store().lease(leaseOf(key("a")));
    const before = await store().inspect(key("a"), managed);
    const fill = fillOf(key("a"), { readLagMs: FLOOR_MS - leaseTtlMs + 1 });
    await expect(store().fill(fill)).rejects.toMatchObject({
      code: "FR1006",
      disposition: "usage",
      message: expect.stringContaining("Floors of 20000 ms end before"),
    });
    const { floors, lease } = await store().inspect(key("a"), managed);
    expect({ floors, lease }).toEqual({ floors: before.floors, lease: before.lease });
    expect(await store().fill(fillOf(key("a"), { readLagMs: FLOOR_MS - leaseTtlMs }))).toMatchObject({ outcome: "filled" });
  });
}

/** Fills of entries with swept tags. */
export function provisionalTests(bench: Bench): void {
  const { store, key } = bench;
  visibleTests(bench);
  const fillTagged = async (id: string, change: Parameters<typeof fillOf>[1] = {}) => {
    await store().lease(leaseOf(key(id)));
    return await store().fill(fillOf(key(id), { tags: [key("tag")], ...change }));
  };

  test("a provisional entry is invisible until it is promoted, and only by its own token", async () => {
    await fillTagged("a");
    expect(await store().read(key("a"), managed, [])).toMatchObject({ found: "none", stored: null });
    expect((await store().inspect(key("a"), managed)).provisional).toMatchObject({ token: "t1" });
    expect(await store().promote(key("a"), managed, "t2")).toBe("gone");
    expect(await store().promote(key("a"), managed, "t1")).toBe("promoted");
    expect(await store().promote(key("a"), managed, "t1")).toBe("gone");
    expect(await store().read(key("a"), managed, [])).toMatchObject({ found: "fresh", stored: { tags: [key("tag")] } });
  });

  test("while it is provisional another may load and fill; then the first is gone", async () => {
    await fillTagged("a");
    expect(await store().lease(leaseOf(key("a"), { token: "t2" }))).toMatchObject({ outcome: "leased", stored: null });
    expect(await store().fill(fillOf(key("a"), { token: "t2", deps: depsOf("4"), tags: [key("tag")] }))).toMatchObject({
      outcome: "filled",
    });
    expect(await store().promote(key("a"), managed, "t1")).toBe("gone");
    expect(await store().drop(key("a"), managed, "t1")).toBe("gone");
    expect(await store().promote(key("a"), managed, "t2")).toBe("promoted");
  });

  test("past its deadline it cannot be promoted any more", async () => {
    const filled = await fillTagged("a", { provisionalMs: 1 });
    const deadlineUs = filled.outcome === "filled" ? filled.atUs + 1_000 : Number.POSITIVE_INFINITY;
    await until(async () => (await store().read(key("a"), managed, [])).atUs >= deadlineUs, { pollMs: 1 });
    expect(await store().promote(key("a"), managed, "t1")).toBe("gone");
    expect((await store().read(key("a"), managed, [])).found).toBe("none");
  });

  test("a bust meanwhile removes it, a soft one stays on it", async () => {
    await fillTagged("a");
    expect(await store().bust([bustOf({ key: key("a"), entry: managed, version: "6" })])).toEqual(["removed"]);
    expect(await store().promote(key("a"), managed, "t1")).toBe("gone");
    await fillTagged("b");
    const soft = { ...bustOf({ key: key("b"), entry: managed, version: "6" }), mode: "soft" as const };
    expect(await store().bust([soft])).toEqual(["softened"]);
    expect(await store().promote(key("b"), managed, "t1")).toBe("promoted");
    expect((await store().read(key("b"), managed, [])).found).toBe("stale");
  });

  test("dropped, it leaves floors and a lease behind", async () => {
    await store().bust([bustOf({ key: key("a"), entry: managed, version: "5" })]);
    await fillTagged("a");
    await store().lease(leaseOf(key("a"), { token: "t2" }));
    expect(await store().drop(key("a"), managed, "t2")).toBe("gone");
    expect(await store().drop(key("a"), managed, "t1")).toBe("dropped");
    const { value, floors, lease, provisional } = await store().inspect(key("a"), managed);
    expect({ value, floors, lease, provisional }).toMatchObject({
      value: null,
      floors: [{ version: "5" }],
      lease: { token: "t2" },
      provisional: null,
    });
    await fillTagged("b");
    expect(await store().drop(key("b"), managed, "t1")).toBe("dropped");
    expect(await store().inspect(key("b"), managed)).toMatchObject({ redisType: "none" });
  });
}

function visibleTests({ store, key }: Bench): void {
  test("what is visible is never dropped", async () => {
    await store().lease(leaseOf(key("a")));
    await store().fill(fillOf(key("a"), { tags: [key("tag")] }));
    await store().promote(key("a"), managed, "t1");
    expect(await store().drop(key("a"), managed, "t1")).toBe("gone");
    expect((await store().read(key("a"), managed, [])).found).toBe("fresh");
  });
}

/** What the tests below do to one entry and its epoch tag. */
function epochStepsOf({ store, key }: Bench) {
  const skewMs = 1;
  const read = (id: string) => store().read(key(id), managed, [{ tag: key("epoch"), skewMs }]);
  const bump = (mode: "hard" | "soft", version: string) =>
    store().bustTags([tagBustOf({ tag: key("epoch"), target: "epoch", mode, version })]);
  const fill = async (id: string, epochs: ReadonlyMap<string, Epoch>, change: Parameters<typeof fillOf>[1] = {}) => {
    await store().lease(leaseOf(key(id), { epochs }));
    return await store().fill(fillOf(key(id), { epochs, readLagMs: 0, ...change }));
  };
  return { read, bump, fill };
}

/** Entries with epoch tags. */
export function epochFillTests(bench: Bench): void {
  const { store, key } = bench;
  const { read, bump, fill } = epochStepsOf(bench);
  addedTagTests(bench);

  test("an entry is valid under the generation it was leased with, stale after a soft bump, gone after a hard one", async () => {
    const { epochs, found } = await read("a");
    expect(found).toBe("none");
    expect(await fill("a", epochs)).toMatchObject({ outcome: "filled" });
    expect((await read("a")).found).toBe("fresh");
    await bump("soft", "1");
    const after = await read("a");
    expect(after).toMatchObject({ found: "stale", stored: { value: Buffer.from("page") } });
    expect(await store().lease(leaseOf(key("a"), { epochs: after.epochs }))).toMatchObject({ outcome: "stale_leased" });
    await bump("hard", "2");
    const gone = await read("a");
    expect(gone).toMatchObject({ found: "none", stored: null });
    const other = leaseOf(key("a"), { token: "t2", epochs: gone.epochs });
    expect(await store().lease(other)).toMatchObject({ outcome: "busy", stored: null });
  });

  test("an entry of which not every epoch is asked for is a miss", async () => {
    const { epochs } = await read("a");
    await fill("a", epochs);
    expect(await store().read(key("a"), managed, [])).toMatchObject({ found: "none" });
  });

  test("a bump after the lease makes what is filled a miss", async () => {
    const { epochs } = await read("a");
    await store().lease(leaseOf(key("a"), { epochs }));
    await bump("hard", "1");
    expect(await store().fill(fillOf(key("a"), { epochs, readLagMs: 0 }))).toMatchObject({ outcome: "filled" });
    expect((await read("a")).found).toBe("none");
  });

  test("a tag whose generation is ahead of its clock is not filled, from the primary neither", async () => {
    const { epochs } = await store().read(key("a"), managed, [{ tag: key("epoch"), skewMs: 60_000 }]);
    expect(await fill("a", epochs, { ...late, primaryRead: true })).toEqual(refused("epoch"));
  });

  test("a tag bumped less than R before the lease is not filled, but from the primary", async () => {
    await until(async () => [...(await read("a")).epochs.values()].every(({ ageUs }) => ageUs > 0), { pollMs: 1 });
    const { epochs } = await read("a");
    expect(await fill("a", epochs, late)).toEqual(refused("epoch"));
    expect((await store().inspect(key("a"), managed)).lease).toBeNull();
    expect(await fill("a", epochs, { ...late, primaryRead: true })).toMatchObject({ outcome: "filled" });
  });

  test("what an epoch has made invalid does not count as newer", async () => {
    const { epochs } = await read("a");
    await fill("a", epochs, { deps: depsOf("9") });
    await bump("hard", "1");
    expect(await fill("a", (await read("a")).epochs, { deps: depsOf("5") })).toMatchObject({ outcome: "filled" });
  });
}

/** A tag that some readers name, and others do not know. */
function addedTagTests(bench: Bench): void {
  const { store, key } = bench;
  const { read, bump, fill } = epochStepsOf(bench);

  test("an entry filled before its family had the tag is a miss for whoever names it, and loaded anew", async () => {
    await fill("a", new Map());
    const { epochs, found, stored } = await read("a");
    expect({ found, stored }).toEqual({ found: "none", stored: null });
    expect((await store().read(key("a"), managed, [])).found).toBe("fresh");
    expect(await store().lease(leaseOf(key("a"), { epochs }))).toMatchObject({ outcome: "leased", stored: null });
    // Newer than what is loaded now; but nobody who names the tag could have had it.
    expect(await store().fill(fillOf(key("a"), { epochs, deps: depsOf("4"), readLagMs: 0 }))).toMatchObject({ outcome: "filled" });
    expect((await read("a")).found).toBe("fresh");
  });

  test("while some fill without the tag, whoever names it misses what they filled, and the other way round", async () => {
    await fill("a", (await read("a")).epochs);
    expect((await read("a")).found).toBe("fresh");
    expect((await store().read(key("a"), managed, [])).found).toBe("none");
    expect(await fill("a", new Map())).toMatchObject({ outcome: "filled" });
    expect((await read("a")).found).toBe("none");
    await bump("hard", "1");
    const { epochs, found } = await read("a");
    expect(found).toBe("none");
    expect(await store().lease(leaseOf(key("a"), { epochs }))).toMatchObject({ outcome: "leased", stored: null });
  });
}
