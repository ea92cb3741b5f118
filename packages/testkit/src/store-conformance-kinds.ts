import type { EntrySpec } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { bustOf, depsOf, entries, FLOOR_MS, versionKeyOf } from "./store-bench.js";
import type { Bench } from "./store-conformance-floors.js";

/** Entries of every kind, gates and soft busts. */
export function kindTests(bench: Bench): void {
  prefixTests(bench);
  companionTests(bench);
  gateTests(bench);
  softTests(bench);
}

function prefixTests({ store, seed, key }: Bench): void {
  test.each([
    ["5\npayload", "4", "covered"],
    ["5\n", "5", "covered"],
    ["9\n10", "10", "removed"],
    ["99999999999999999999\nx", "99999999999999999998", "covered"],
    ["100000000000000000000\nx", "1", "unversioned"],
    ["05\nx", "1", "unversioned"],
    ["5", "1", "unversioned"],
    ["5\r\nx", "1", "unversioned"],
    ["", "1", "unversioned"],
    ["payload", "1", "unversioned"],
  ])("prefix: the text %j and a bust of version %s: %s", async (text, version, outcome) => {
    await seed().putOpaque(key("a"), { value: text });
    await seed().putOpaque(key("gated"), { value: text });
    const busts = [
      bustOf({ key: key("a"), entry: entries.prefix, version }),
      bustOf({ key: key("gated"), entry: entries.gatedPrefix, version }),
    ];
    expect(await store().bust(busts)).toEqual([outcome, outcome]);
    expect(await seed().has(key("a"))).toBe(outcome === "covered");
    expect(await store().bust([bustOf({ key: key("nothing"), entry: entries.prefix, version })])).toEqual(["absent"]);
  });
}

function companionTests({ store, seed, key }: Bench): void {
  const put = async (id: string, version: string | null) => {
    await seed().putHash(key(id), { fields: { html: "page" } });
    if (version !== null) await seed().putOpaque(versionKeyOf(key(id)), { value: version });
  };

  test.each([
    ["5", "4", "covered"],
    ["5", "6", "removed"],
    [null, "1", "unversioned"],
    ["5\n", "1", "unversioned"],
    ["123456789012345678901", "1", "unversioned"],
  ] as const)("companion: the version %j beside it and a bust of version %s: %s; both go together", async (held, version, outcome) => {
    const kinds = { plain: entries.companion, gated: entries.gatedCompanion };
    for (const id of Object.keys(kinds)) await put(id, held);
    const busts = Object.entries(kinds).map(([id, entry]) => bustOf({ key: key(id), entry, version }));
    expect(await store().bust(busts)).toEqual([outcome, outcome]);
    for (const id of Object.keys(kinds)) {
      expect(await seed().has(key(id))).toBe(outcome === "covered");
      expect(await seed().has(versionKeyOf(key(id)))).toBe(outcome === "covered");
    }
  });

  test("companion: what cannot be read may stay, and its version with it", async () => {
    await put("a", "x");
    const keep: EntrySpec = { ...entries.companion, onUnversioned: "keep" };
    expect(await store().bust([bustOf({ key: key("a"), entry: keep, version: "1" })])).toEqual(["unversioned"]);
    expect([await seed().has(key("a")), await seed().has(versionKeyOf(key("a")))]).toEqual([true, true]);
  });
}

function gateTests({ store, seed, key }: Bench): void {
  const gated = { json: entries.gatedJson, prefix: entries.gatedPrefix, companion: entries.gatedCompanion, hash: entries.gatedHash };
  const kinds = Object.entries(gated);

  test.each(kinds)("%s with a gate: a floor is left and rises, and a replay does nothing", async (_kind, entry) => {
    const versionKey = versionKeyOf(key("a"));
    const floors = async () => (await store().inspect(key("a"), entry, versionKey)).floors;
    const bust = (version: string | null) => store().bust([bustOf({ key: key("a"), entry, version })]);
    expect(await bust("5")).toEqual(["absent"]);
    expect(await floors()).toMatchObject([{ subject: "catalog.product/1", version: "5", mode: "hard", spaceKind: "counter" }]);
    const before = await floors();
    await seed().putOpaque(key("a"), { value: "a page of no version" });
    if (entry.kind !== "hash") expect(await bust("5")).toEqual(["covered"]);
    expect(entry.kind === "hash" ? before : await floors()).toEqual(before);
    expect(await bust("6")).toEqual(["unversioned"]);
    expect(await floors()).toMatchObject([{ version: "6" }]);
    expect(await bust(null)).toEqual(["absent"]);
    expect((await store().inspect(key("a"), entry, versionKey)).blindFloor).toMatchObject({ mode: "hard" });
  });

  test("an entry with a gate elsewhere keeps its own time to live", async () => {
    await seed().putOpaque(key("a"), { value: "9\nx", ttlMs: 3_600_000 });
    expect(await store().bust([bustOf({ key: key("a"), entry: entries.gatedPrefix, version: "5" })])).toEqual(["covered"]);
    const view = await store().inspect(key("a"), entries.gatedPrefix);
    expect(view).toMatchObject({ value: { version: "9" }, floors: [{ version: "5" }], valueBytes: 3 });
    expect(view.ttlMs).toBeGreaterThan(3_000_000);
  });

  test("values of 1 MB are never read", async () => {
    const payload = "x".repeat(1024 * 1024);
    await seed().putOpaque(key("prefix"), { value: `5\n${payload}` });
    await seed().putOpaque(key("companion"), { value: payload });
    await seed().putOpaque(versionKeyOf(key("companion")), { value: "5" });
    const busts = (version: string) =>
      [["prefix", entries.prefix] as const, ["companion", entries.companion] as const].map(([id, entry]) =>
        bustOf({ key: key(id), entry, version }),
      );
    expect(await store().bust(busts("5"))).toEqual(["covered", "covered"]);
    expect(await store().bust(busts("6"))).toEqual(["removed", "removed"]);
  });
}

function softTests({ store, seed, key }: Bench): void {
  const entry: EntrySpec = { ...entries.managed, staleTtlMs: 60_000 };
  const bust = (version: string, mode: "hard" | "soft") => store().bust([bustOf({ key: key("a"), entry, version, mode })]);
  const view = () => store().inspect(key("a"), entry);

  test("a soft bust marks a value stale once, and leaves a soft floor; a hard one of the same version removes it", async () => {
    await seed().putManaged(key("a"), { value: "page", deps: depsOf("4"), ttlMs: 3_600_000 });
    expect(await bust("5", "soft")).toEqual(["softened"]);
    const first = await view();
    const { atUs = 0, keepUntilUs = 0 } = first.softened ?? {};
    expect(keepUntilUs - atUs).toBe(60_000_000);
    expect(first).toMatchObject({ value: { deps: depsOf("4") }, floors: [{ version: "5", mode: "soft" }], valueBytes: 4 });
    expect(first.ttlMs).toBeGreaterThan(3_000_000);
    expect(await bust("5", "soft")).toEqual(["covered"]);
    expect(await bust("6", "soft")).toEqual(["softened"]);
    expect((await view()).softened).toEqual(first.softened);
    expect(await bust("6", "hard")).toEqual(["removed"]);
    expect(await view()).toMatchObject({ value: null, softened: null, floors: [{ version: "6", mode: "hard" }] });
    expect(await bust("6", "soft")).toEqual(["absent"]);
  });

  test("a soft bust of nothing leaves a soft floor, and what covers it stays fresh", async () => {
    expect(await bust("5", "soft")).toEqual(["absent"]);
    const { floors, ttlMs } = await view();
    expect(floors).toMatchObject([{ version: "5", mode: "soft" }]);
    expect(ttlMs).toBeLessThanOrEqual(FLOOR_MS + 1);
    await seed().putManaged(key("a"), { value: "page", deps: depsOf("9") });
    expect(await bust("6", "soft")).toEqual(["covered"]);
    expect(await view()).toMatchObject({ softened: null, floors: [{ version: "6", mode: "soft" }] });
  });
}
