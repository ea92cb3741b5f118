import type { BustMode, EntryKind, OnUnversioned, SpaceKind } from "@freshet/protocol";
import { readOnly } from "@freshet/store";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { freshPrefix } from "./fresh.js";
import { bustOf, depsOf, entries, type MakeStore, type StoreUnderTest, untyped } from "./store-bench.js";
import { type Bench, floorTests } from "./store-conformance-floors.js";
import { kindTests } from "./store-conformance-kinds.js";

/** What any `StorePort` must do, as tests. Keys are fresh, so suites may share a Redis. */
export function storeConformance(name: string, makeStore: MakeStore): void {
  describe(`StorePort: ${name}`, () => {
    let current: StoreUnderTest;
    let prefix = "";
    beforeEach(async () => {
      current = await makeStore();
      prefix = `${freshPrefix("suite")}:`;
    });
    afterEach(() => current.close());
    const bench: Bench = { store: () => current.store, seed: () => current.seed, key: (id) => `${prefix}${id}` };
    versionTests(bench);
    unreadableTests(bench);
    callTests(bench);
    refusedTests(bench);
    floorTests(bench);
    kindTests(bench);
  });
}

function versionTests({ store, seed, key }: Bench): void {
  test.each([
    ["5", "4", "covered"],
    ["5", "5", "covered"],
    ["5", "6", "removed"],
    ["9", "10", "removed"],
    ["10", "9", "covered"],
    ["9007199254740992", "9007199254740993", "removed"],
    ["9007199254740993", "9007199254740992", "covered"],
    ["99999999999999999998", "99999999999999999999", "removed"],
    ["0", "0", "covered"],
  ] as const)("an entry of version %s and a bust of version %s: %s, in every kind", async (held, version, outcome) => {
    await seed().putManaged(key("managed"), { value: "page", deps: depsOf(["other/1", "1"], held) });
    await seed().putHash(key("hash"), { fields: { body: "page", ver: held } });
    await seed().putHash(key("gatedHash"), { fields: { body: "page", ver: held } });
    await seed().putJson(key("json"), { text: `{"body":"page","version":"${held}"}` });
    await seed().putJson(key("json-bare"), { text: `{"nested":{"version":1},"version":${held}}` });
    const kinds = [entries.managed, entries.hash, entries.gatedHash, entries.json, entries.json];
    const keys = ["managed", "hash", "gatedHash", "json", "json-bare"].map(key);
    const busts = kinds.map((entry, i) => bustOf({ key: keys[i] ?? "", entry, version }));
    expect(await store().bust(busts)).toEqual(kinds.map(() => outcome));
    for (const name of keys) expect(await seed().has(name)).toBe(outcome === "covered");
  });

  test("of a timestamp only a later one covers", async () => {
    for (const [id, held] of [["equal", "5"] as const, ["later", "6"] as const]) {
      await seed().putManaged(key(id), { value: "page", deps: depsOf(held) });
    }
    const busts = ["equal", "later"].map((id) => bustOf({ key: key(id), entry: entries.managed, version: "5", spaceKind: "timestamp" }));
    expect(await store().bust(busts)).toEqual(["removed", "covered"]);
  });

  test("a missing dep never covers", async () => {
    await seed().putManaged(key("a"), { value: "page", deps: depsOf(["catalog.product/11", "9"], ["x.catalog.product/1", "9"]) });
    expect(await store().bust([bustOf({ key: key("a"), entry: entries.managed, version: "1" })])).toEqual(["removed"]);
  });

  test("nothing covers a blind bust, and an opaque entry always goes", async () => {
    await seed().putManaged(key("managed"), { value: "page", deps: depsOf("99") });
    await seed().putOpaque(key("opaque"), { value: "page" });
    const blind = bustOf({ key: key("managed"), entry: entries.managed, version: null, spaceKind: "none" });
    const opaque = bustOf({ key: key("opaque"), entry: entries.opaque, version: "1" });
    expect(await store().bust([blind, opaque])).toEqual(["removed", "removed"]);
    expect(await store().bust([opaque])).toEqual(["absent"]);
  });
}

function unreadableTests({ store, seed, key }: Bench): void {
  test.each(["", "007", "-5", "5.0", "5e3", " 5", "five", "123456789012345678901"])("the digits %j are no version", async (digits) => {
    await seed().putHash(key("goes"), { fields: { ver: digits } });
    await seed().putHash(key("stays"), { fields: { ver: digits } });
    const goes = bustOf({ key: key("goes"), entry: entries.hash, version: "5" });
    const stays = bustOf({ key: key("stays"), entry: { ...entries.hash, onUnversioned: "keep" }, version: "5" });
    expect(await store().bust([goes, stays])).toEqual(["unversioned", "unversioned"]);
    expect([await seed().has(key("goes")), await seed().has(key("stays"))]).toEqual([false, true]);
  });

  test.each([
    '{"version":"5"',
    '{"version":"5"}x',
    '["version",5]',
    '{"a":{"version":"5"}}',
    '{"version":5.0}',
    '{"version":"5","version":null}',
    "",
  ])("the text %s holds no version", async (text) => {
    await seed().putJson(key("a"), { text });
    expect(await store().bust([bustOf({ key: key("a"), entry: entries.json, version: "1" })])).toEqual(["unversioned"]);
    expect(await seed().has(key("a"))).toBe(false);
  });

  test("a key of another Redis type is unversioned; where it stays it is left alone", async () => {
    for (const id of ["goes", "stays"]) await seed().putOpaque(key(id), { value: "not a hash", ttlMs: 60_000 });
    const goes = bustOf({ key: key("goes"), entry: entries.managed, version: "5" });
    const stays = bustOf({ key: key("stays"), entry: { ...entries.managed, onUnversioned: "keep" }, version: "5" });
    expect(await store().bust([goes, stays])).toEqual(["unversioned", "unversioned"]);
    expect(await seed().has(key("goes"))).toBe(false);
    expect((await store().inspect(key("goes"), entries.managed)).floors).toHaveLength(1);
    expect(await store().inspect(key("stays"), entries.managed)).toMatchObject({ value: "foreign", redisType: "string", floors: [] });
  });
}

function callTests({ store, seed, key }: Bench): void {
  test("no busts, no outcomes", async () => {
    expect(await store().bust([])).toEqual([]);
  });

  test("1,000 busts of mixed kinds answer in the order they were asked", async () => {
    const kinds = Object.values(entries);
    const ids = Array.from({ length: 1_000 }, (_, i) => i);
    for (const id of ids) if (id % 3 === 0) await seed().putOpaque(key(String(id)), { value: "page" });
    const entry = (id: number) => kinds[id % kinds.length] ?? entries.opaque;
    const outcomes = await store().bust(
      ids.map((id) => bustOf({ key: key(String(id)), entry: entry(id), version: "5", subject: `s/${id}` })),
    );
    const due = ids.map((id) => (id % 3 !== 0 ? "absent" : entry(id).kind === "opaque" ? "removed" : "unversioned"));
    expect(outcomes).toEqual(due);
  });

  test("two busts of one key in one call both count", async () => {
    await seed().putManaged(key("a"), { value: "page", deps: depsOf(["s/1", "9"], ["s/2", "1"]) });
    const bust = (subject: string, version: string) => bustOf({ key: key("a"), entry: entries.managed, version, subject });
    expect(await store().bust([bust("s/1", "5"), bust("s/2", "2")])).toEqual(["covered", "removed"]);
    const { value, floors } = await store().inspect(key("a"), entries.managed);
    expect(value).toBeNull();
    expect(floors.map(({ subject, version }) => [subject, version])).toEqual([
      ["s/1", "5"],
      ["s/2", "2"],
    ]);
  });

  test("calls at the same time on one key end in the highest version", async () => {
    const versions = Array.from({ length: 40 }, (_, i) => String((i * 7) % 41));
    await Promise.all(versions.map((version) => store().bust([bustOf({ key: key("a"), entry: entries.managed, version })])));
    expect((await store().inspect(key("a"), entries.managed)).floors).toMatchObject([{ version: "40" }]);
  });

  test("a preview, and a read-only store, tell the same and write nothing", async () => {
    await seed().putManaged(key("a"), { value: "page", deps: depsOf("5"), ttlMs: 60_000 });
    const bust = bustOf({ key: key("a"), entry: entries.managed, version: "6" });
    expect(await store().preview([bust])).toEqual(["removed"]);
    expect(await readOnly(store()).bust([bust])).toEqual(["removed"]);
    expect(await store().inspect(key("a"), entries.managed)).toMatchObject({ value: { deps: depsOf("5") }, floors: [], valueBytes: 4 });
    expect(await store().bust([bust])).toEqual(["removed"]);
  });

  test("a value of 1 MB goes like any other", async () => {
    const value = "x".repeat(1024 * 1024);
    await seed().putManaged(key("managed"), { value, deps: depsOf("5") });
    await seed().putHash(key("hash"), { fields: { body: value, ver: "5" } });
    await seed().putJson(key("json"), { text: `{"body":"${value}","list":[${"1,".repeat(1_000)}1],"version":"5"}` });
    expect(await store().inspect(key("managed"), entries.managed)).toMatchObject({ valueBytes: value.length });
    const kinds = ["managed", "hash", "json"] as const;
    const busts = (version: string) => kinds.map((kind) => bustOf({ key: key(kind), entry: entries[kind], version }));
    expect(await store().bust(busts("5"))).toEqual(["covered", "covered", "covered"]);
    expect(await store().bust(busts("6"))).toEqual(["removed", "removed", "removed"]);
  });
}

function refusedTests({ store, seed, key }: Bench): void {
  test.each([
    ["a soft bust of a hash", "FR1004", { entry: entries.hash, mode: "soft" as const }],
    ["a companion without the key of its version", "FR1006", { entry: entries.companion }],
    ["a gate for a key that no other can share a slot with", "FR1006", { entry: { ...entries.json, gate: true }, key: "a}" }],
    ["a mode that is none", "FR1006", { entry: entries.managed, mode: untyped<BustMode>("HARD") }],
    ["a space that is none", "FR1006", { entry: entries.managed, spaceKind: untyped<SpaceKind>("x") }],
    ["a kind that is none", "FR1006", { entry: { ...entries.hash, kind: untyped<EntryKind>("set") } }],
    ["a hash without a field for its version", "FR1006", { entry: { ...entries.hash, versionField: "" } }],
    ["JSON without a member for its version", "FR1006", { entry: { ...entries.json, versionField: "" } }],
    ["another word for what has no version", "FR1006", { entry: { ...entries.hash, onUnversioned: untyped<OnUnversioned>("drop") } }],
  ])("what cannot be is refused before anything is sent: %s", async (_what, code, change) => {
    await seed().putOpaque(key("a"), { value: "page" });
    const fine = bustOf({ key: key("a"), entry: entries.opaque, version: "1" });
    const { versionKey: _none, ...refused } = bustOf({ key: key("b"), version: "1", ...change });
    await expect(store().bust([fine, refused])).rejects.toMatchObject({ code, disposition: "usage" });
    expect(await seed().has(key("a"))).toBe(true);
  });
}
