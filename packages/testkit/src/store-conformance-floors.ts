import { limits } from "@freshet/protocol";
import type { StorePort, StoreSeed } from "@freshet/store";
import { expect, test } from "@jest/globals";
import { bustOf, depsOf, entries, FLOOR_MS } from "./store-bench.js";

/** What the tests of a store have at hand. */
export interface Bench {
  store(): StorePort;
  seed(): StoreSeed;
  /** A key nobody else uses. */
  key(id: string): string;
}

/** Clocks of a store and of a test may differ by this much, and a test may take as long. */
const SLACK_MS = 5_000;

/** Floors, replays and times to live. */
export function floorTests(bench: Bench): void {
  raiseTests(bench);
  replayTests(bench);
  ttlTests(bench);
}

function raiseTests({ store, seed, key }: Bench): void {
  test("a floor is left where the entry was absent, covered and removed alike; only with a gate", async () => {
    for (const id of ["covered", "removed"]) {
      await seed().putManaged(key(id), { value: "page", deps: depsOf(id === "covered" ? "6" : "4") });
      await seed().putHash(key(`hash-${id}`), { fields: { ver: id === "covered" ? "6" : "4" } });
      await seed().putHash(key(`ungated-${id}`), { fields: { ver: id === "covered" ? "6" : "4" } });
    }
    for (const id of ["absent", "covered", "removed"]) {
      const busts = [
        bustOf({ key: key(id), entry: entries.managed, version: "5" }),
        bustOf({ key: key(`hash-${id}`), entry: entries.gatedHash, version: "5" }),
        bustOf({ key: key(`ungated-${id}`), entry: entries.hash, version: "5" }),
      ];
      expect(await store().bust(busts)).toEqual([id, id, id]);
      const floor = [{ subject: "catalog.product/1", version: "5", mode: "hard" }];
      expect((await store().inspect(key(id), entries.managed)).floors).toMatchObject(floor);
      expect((await store().inspect(key(`hash-${id}`), entries.gatedHash)).floors).toMatchObject(floor);
      expect((await store().inspect(key(`ungated-${id}`), entries.gatedHash)).floors).toEqual([]);
    }
  });

  test("a floor rises and never sinks", async () => {
    const floorAfter = async (version: string) => {
      await store().bust([bustOf({ key: key("a"), entry: entries.managed, version })]);
      return (await store().inspect(key("a"), entries.managed)).floors.map((floor) => floor.version);
    };
    expect(await floorAfter("9")).toEqual(["9"]);
    expect(await floorAfter("10")).toEqual(["10"]);
    expect(await floorAfter("2")).toEqual(["10"]);
  });

  test("a floor too many folds the oldest into the blind one", async () => {
    const subjects = Array.from({ length: limits.floorsPerEntryMax + 1 }, (_, i) => `s/${i}`);
    for (const subject of subjects) await store().bust([bustOf({ key: key("a"), entry: entries.managed, version: "5", subject })]);
    const { floors, blindFloor } = await store().inspect(key("a"), entries.managed);
    expect(floors.map((floor) => floor.subject)).toEqual(subjects.slice(1));
    expect(blindFloor).toMatchObject({ mode: "hard" });
    expect(blindFloor?.raisedAtUs).toBeLessThanOrEqual(floors[0]?.raisedAtUs ?? 0);
  });

  test("a blind bust leaves a blind floor beside the others, and raises it each time", async () => {
    await store().bust([bustOf({ key: key("a"), entry: entries.managed, version: "5" })]);
    const blind = bustOf({ key: key("a"), entry: entries.managed, version: null, spaceKind: "none" });
    await store().bust([blind]);
    const before = await store().inspect(key("a"), entries.managed);
    await store().bust([blind]);
    const after = await store().inspect(key("a"), entries.managed);
    expect(after.floors).toEqual(before.floors);
    expect(after.blindFloor?.raisedAtUs).toBeGreaterThan(before.blindFloor?.raisedAtUs ?? Number.POSITIVE_INFINITY);
  });
}

function replayTests({ store, seed, key }: Bench): void {
  test("a replay of a counter does not remove what was filled since, nor move the floor", async () => {
    const bust = bustOf({ key: key("a"), entry: entries.managed, version: "5" });
    await store().bust([bust]);
    const before = await store().inspect(key("a"), entries.managed);
    await seed().putManaged(key("a"), { value: "page", deps: depsOf(["other/1", "1"]), ttlMs: 60_000 });
    expect(await store().bust([bust])).toEqual(["covered"]);
    expect(await store().bust([bustOf({ key: key("a"), entry: entries.managed, version: "4" })])).toEqual(["covered"]);
    expect(await seed().has(key("a"))).toBe(true);
    expect((await store().inspect(key("a"), entries.managed)).floors).toEqual(before.floors);
  });

  test("a timestamp again removes again: it may be another write of the same tick", async () => {
    const bust = bustOf({ key: key("a"), entry: entries.managed, version: "5", spaceKind: "timestamp" });
    await store().bust([bust]);
    const before = await store().inspect(key("a"), entries.managed);
    await seed().putManaged(key("a"), { value: "page", deps: depsOf("5"), ttlMs: 60_000 });
    expect(await store().bust([bust])).toEqual(["removed"]);
    const after = await store().inspect(key("a"), entries.managed);
    expect(after.floors[0]?.raisedAtUs).toBeGreaterThan(before.floors[0]?.raisedAtUs ?? Number.POSITIVE_INFINITY);
  });
}

function ttlTests({ store, seed, key }: Bench): void {
  const ttlAfterBust = async (id: string, version: string) => {
    await store().bust([bustOf({ key: key(id), entry: entries.managed, version })]);
    return (await store().inspect(key(id), entries.managed)).ttlMs;
  };

  test("a floor alone lives as long as F", async () => {
    const ttlMs = await ttlAfterBust("a", "5");
    expect(ttlMs).toBeGreaterThan(FLOOR_MS - SLACK_MS);
    expect(ttlMs).toBeLessThanOrEqual(FLOOR_MS + 1);
  });

  test("a value that stays never lives shorter, and not for ever nor shorter than its floor", async () => {
    await seed().putManaged(key("long"), { value: "page", deps: depsOf("9"), ttlMs: 3_600_000 });
    await seed().putManaged(key("short"), { value: "page", deps: depsOf("9"), ttlMs: 10_000 });
    await seed().putManaged(key("for ever"), { value: "page", deps: depsOf("9") });
    expect(await ttlAfterBust("long", "5")).toBeGreaterThan(3_600_000 - SLACK_MS);
    const short = await ttlAfterBust("short", "5");
    expect(short).toBeGreaterThan(FLOOR_MS - SLACK_MS);
    expect(short).toBeLessThanOrEqual(FLOOR_MS + 1);
    expect(await ttlAfterBust("for ever", "5")).toBeNull();
  });

  test("what is removed takes its time to live with it", async () => {
    await seed().putManaged(key("a"), { value: "page", deps: depsOf("1"), ttlMs: 3_600_000 });
    expect(await ttlAfterBust("a", "5")).toBeLessThanOrEqual(FLOOR_MS + 1);
    await seed().putHash(key("hash"), { fields: { ver: "1" } });
    await store().bust([bustOf({ key: key("hash"), entry: entries.hash, version: "5" })]);
    const nothing = { value: null, redisType: "none", ttlMs: null, valueBytes: null, lease: null };
    expect(await store().inspect(key("hash"), entries.hash)).toMatchObject(nothing);
  });
}
