import { type IndexMember, limits, type SweepCursor, sweepPage } from "@freshet/protocol";
import type { ClaimReply, StorePort } from "@freshet/store";
import { expect, test } from "@jest/globals";
import { bustOf, depsOf, entries } from "./store-bench.js";
import { FILLED_US, indexOf, memberOf, type TagBench, tagBustOf } from "./tag-bench.js";
import { until } from "./until.js";

const HOLD_MS = 60_000;
/** Long enough for a call or two, short enough to wait for. */
const SHORT_HOLD_MS = 150;

/** Walks: who holds them, how far they are, and what comes meanwhile. */
export function sweepTests(bench: TagBench): void {
  listTests(bench);
  holdTests(bench);
  registryTests(bench);
  pageTests(bench);
  walkTests(bench);
}

function subjectsOf(claim: ClaimReply): readonly string[] {
  return claim.outcome === "claimed" ? claim.busts.map(({ subject, version }) => `${subject} ${version}`) : [claim.outcome];
}

function listTests({ store, tag }: TagBench): void {
  test("nothing pending, nothing to claim", async () => {
    expect(await store().claimSweep(tag("a"), { id: "w1", holdMs: HOLD_MS })).toEqual({ outcome: "idle" });
    expect(await store().moveSweep(tag("a"), { id: "w1", holdMs: HOLD_MS, cursor: { score: 1, member: "x" }, gone: [] })).toBe("lost");
    expect(await store().endSweep(tag("a"), "w1")).toBe("lost");
  });

  test("a bust during a walk goes on the next list, with its own time; the walk's list stays as it was", async () => {
    const bust = (subject: string) => store().bustTags([tagBustOf({ tag: tag("a"), version: "5", subject })]);
    await bust("s/1");
    await bust("s/2");
    const first = await store().claimSweep(tag("a"), { id: "w1", holdMs: HOLD_MS });
    expect(first).toMatchObject({ outcome: "claimed", cursor: null });
    expect(subjectsOf(first)).toEqual(["s/1 5", "s/2 5"]);
    await bust("s/3");
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "6", subject: "s/1" })]);
    const during = await store().inspectTag(tag("a"));
    expect(during.sweep?.busts).toEqual(first.outcome === "claimed" ? first.busts : null);
    await store().moveSweep(tag("a"), { id: "w1", holdMs: HOLD_MS, cursor: { score: 7, member: "x" }, gone: [] });
    expect(await store().endSweep(tag("a"), "w1")).toBe("more");
    const second = await store().claimSweep(tag("a"), { id: "w1", holdMs: HOLD_MS });
    expect(second).toMatchObject({ outcome: "claimed", cursor: null });
    expect(subjectsOf(second)).toEqual(["s/3 5", "s/1 6"]);
    const times = [first, second].map((claim) => (claim.outcome === "claimed" ? claim.busts.map(({ raisedAtUs }) => raisedAtUs) : []));
    expect(Math.min(...(times[1] ?? []))).toBeGreaterThan(Math.max(...(times[0] ?? [])));
    expect(await store().endSweep(tag("a"), "w1")).toBe("ended");
    expect(await store().inspectTag(tag("a"))).toMatchObject({ sweep: null, next: [] });
    expect(await store().claimSweep(tag("a"), { id: "w1", holdMs: HOLD_MS })).toEqual({ outcome: "idle" });
  });

  test("floors outlive the walk, so a replay does not begin another", async () => {
    const bust = tagBustOf({ tag: tag("a"), version: "5" });
    await store().bustTags([bust]);
    await store().claimSweep(tag("a"), { id: "w1", holdMs: HOLD_MS });
    expect(await store().endSweep(tag("a"), "w1")).toBe("ended");
    expect(await store().bustTags([bust])).toEqual(["covered"]);
    expect((await store().inspectTag(tag("a"))).floors).toHaveLength(1);
  });

  test("what is pending outlives its floors", async () => {
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5", spec: { floorTtlMs: 1, skewMs: 1 } })]);
    const { atUs } = await claimed(store(), tag("clock"));
    await until(async () => (await claimed(store(), tag("clock"))).atUs > atUs + 20_000);
    expect(subjectsOf(await store().claimSweep(tag("a"), { id: "w1", holdMs: HOLD_MS }))).toEqual(["catalog.product/1 5"]);
  });
}

async function claimed(store: StorePort, tag: string): Promise<{ atUs: number; cursor: SweepCursor | null }> {
  if ((await store.inspectTag(tag)).sweep === null) await store.bustTags([tagBustOf({ tag, version: null, spaceKind: "none" })]);
  const claim = await store.claimSweep(tag, { id: "w1", holdMs: HOLD_MS });
  if (claim.outcome !== "claimed") throw new Error(`the walk is ${claim.outcome}`);
  return claim;
}

function holdTests({ store, tag, key }: TagBench): void {
  const claim = (id: string, holdMs: number) => store().claimSweep(tag("a"), { id, holdMs });
  const move = (id: string, step: { cursor: SweepCursor; holdMs?: number; gone?: readonly IndexMember[] }) =>
    store().moveSweep(tag("a"), { id, holdMs: HOLD_MS, gone: [], ...step });

  test("of many who claim at the same time one gets it", async () => {
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5" })]);
    const claims = await Promise.all(Array.from({ length: 20 }, (_, i) => claim(`w${i}`, HOLD_MS)));
    expect(claims.map(({ outcome }) => outcome).sort()).toEqual(["claimed", ...Array.from({ length: 19 }, () => "held")]);
    const winner = `w${claims.findIndex(({ outcome }) => outcome === "claimed")}`;
    expect((await claim(winner, HOLD_MS)).outcome).toBe("claimed");
  });

  test("another takes over where a silent worker stopped, and what the old one writes is refused", async () => {
    await store().indexAdd(memberOf(tag("a"), key("1")));
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5" })]);
    const first = await claim("w1", HOLD_MS);
    const cursor = { score: 1_763_716_800_123_457, member: "a\tb\nc" };
    expect(await move("w1", { cursor })).toBe("moved");
    expect((await claim("w2", HOLD_MS)).outcome).toBe("held");
    expect(await move("w1", { cursor, holdMs: SHORT_HOLD_MS })).toBe("moved");
    await until(async () => (await claim("w2", HOLD_MS)).outcome === "claimed");
    const second = await claim("w2", HOLD_MS);
    expect(second).toMatchObject({ outcome: "claimed", cursor, busts: first.outcome === "claimed" ? first.busts : null });
    const gone = [{ key: key("1"), score: FILLED_US }];
    expect(await move("w1", { cursor: { score: 9, member: "z" }, gone })).toBe("lost");
    expect(await indexOf(store(), tag("a"))).toEqual(gone);
    expect(await store().endSweep(tag("a"), "w1")).toBe("lost");
    expect((await store().inspectTag(tag("a"))).sweep).toMatchObject({ id: "w2", cursor });
    expect(await move("w2", { cursor: { score: 10, member: "z" }, gone })).toBe("moved");
    expect(await indexOf(store(), tag("a"))).toEqual([]);
    expect(await store().endSweep(tag("a"), "w2")).toBe("ended");
    expect(await store().endSweep(tag("a"), "w1")).toBe("lost");
  });

  test("each step makes the hold last longer", async () => {
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5" })]);
    await claim("w1", SHORT_HOLD_MS);
    expect(await move("w1", { cursor: { score: 1, member: "x" } })).toBe("moved");
    const { sweep } = await store().inspectTag(tag("a"));
    const { atUs } = await claimed(store(), tag("clock"));
    expect(sweep?.heldUntilUs).toBeGreaterThan(atUs + (HOLD_MS - 10_000) * 1000);
  });

  test("a worker whose walk was not taken over goes on after its time", async () => {
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5" })]);
    await claim("w1", 0);
    expect(await move("w1", { cursor: { score: 1, member: "x" } })).toBe("moved");
    expect((await claim("w2", HOLD_MS)).outcome).toBe("held");
  });

  test("as many as are gone leave the index, those filled again stay", async () => {
    const ids = Array.from({ length: 1_300 }, (_, i) => String(i));
    await Promise.all(ids.map((id) => store().indexAdd(memberOf(tag("a"), key(id)))));
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5" })]);
    await claim("w1", HOLD_MS);
    const gone = await indexOf(store(), tag("a"));
    await store().indexAdd(memberOf(tag("a"), key("7")));
    expect(await move("w1", { cursor: { score: FILLED_US, member: "~" }, gone })).toBe("moved");
    expect(await indexOf(store(), tag("a"))).toEqual([{ key: key("7"), score: FILLED_US + 1 }]);
  });
}

function registryTests({ store, tag }: TagBench): void {
  test("a tag leaves the registry only when nobody busted it since it was seen", async () => {
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5" }), tagBustOf({ tag: tag("b"), version: "5" })]);
    const seen = await store().pendingSweeps();
    expect(seen.map((registered) => registered.tag).sort()).toEqual([tag("a"), tag("b")]);
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5" })]);
    const forgotten = new Map<string, boolean>();
    for (const registered of seen) forgotten.set(registered.tag, await store().forgetSweep(registered));
    expect(forgotten).toEqual(
      new Map([
        [tag("a"), false],
        [tag("b"), true],
      ]),
    );
    expect((await store().pendingSweeps()).map((registered) => registered.tag)).toEqual([tag("a")]);
    for (const registered of seen) expect(await store().forgetSweep(registered)).toBe(false);
  });

  test("of very many tags as many are told as are wanted, those first whose last bust is longest ago", async () => {
    for (const name of ["a", "b", "c", "a"]) await store().bustTags([tagBustOf({ tag: tag(name), version: "5" })]);
    const told = async (atMost: number) => (await store().pendingSweeps(atMost)).map((registered) => registered.tag);
    expect([await told(1), await told(2), await told(9)]).toEqual([[tag("b")], [tag("b"), tag("c")], [tag("b"), tag("c"), tag("a")]]);
  });

  test("an epoch is never swept", async () => {
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5", target: "epoch" })]);
    expect(await store().pendingSweeps()).toEqual([]);
  });
}

function pageTests({ store, tag, key }: TagBench): void {
  /** Every member, by pages of so many, as a sweep reads them. */
  const walk = async (limit: number, to: number) => {
    const handled: string[] = [];
    let cursor: SweepCursor | null = null;
    for (let size = limit; ; ) {
      const page: readonly IndexMember[] = await store().readIndex(tag("a"), { from: cursor?.score ?? null, to, limit: size });
      const found = sweepPage(page, cursor, size);
      if (found.kind === "end") return handled;
      size = found.kind === "again" ? size * 2 : limit;
      const members = found.kind === "members" ? found.members : [];
      handled.push(...members.map((member) => member.key));
      const last: IndexMember | undefined = members.at(-1);
      if (last !== undefined) cursor = { score: last.score, member: last.key };
    }
  };

  test("a walk by pages meets every member once, with more of them at one score than a page holds", async () => {
    const at = (id: string) => FILLED_US + (id.startsWith("early") ? 0 : id.startsWith("late") ? 2_000 : 1_000);
    const ids = ["early1", "early2", ...Array.from({ length: 11 }, (_, i) => `tie${i}`), "é", "z", "Z", "late1"];
    for (const id of ids) await store().indexAdd(memberOf(tag("a"), key(id), { fillTimeUs: at(id) }));
    for (const limit of [1, 3, 11, 500]) {
      const handled = await walk(limit, FILLED_US + 2_000);
      expect([...handled].sort()).toEqual(ids.map(key).sort());
      expect([...(await walk(limit, FILLED_US + 1_999))].sort()).toEqual(
        ids
          .filter((id) => id !== "late1")
          .map(key)
          .sort(),
      );
    }
  });

  test("ties are in the order of their bytes", async () => {
    const ids = ["b", "a", "é", "Z", "\u{10000}", "\uffee"];
    for (const id of ids) await store().indexAdd(memberOf(tag("a"), key(id)));
    const due = ["Z", "a", "b", "é", "\uffee", "\u{10000}"].map(key);
    expect((await indexOf(store(), tag("a"))).map((member) => member.key)).toEqual(due);
  });
}

function walkTests({ current, store, tag, key }: TagBench): void {
  test("a worker goes on at once under another id, and what it wrote under the old one is refused", async () => {
    await store().bustTags([tagBustOf({ tag: tag("a"), version: "5" })]);
    const claim = (id: string, was?: string) => store().claimSweep(tag("a"), { id, was, holdMs: HOLD_MS });
    const cursor = { score: 7, member: "m" };
    const move = (id: string) => store().moveSweep(tag("a"), { id, holdMs: HOLD_MS, cursor, gone: [] });
    await claim("w1");
    expect(await move("w1")).toBe("moved");
    expect((await claim("w3", "w2")).outcome).toBe("held");
    expect(await claim("w2", "w1")).toMatchObject({ outcome: "claimed", cursor });
    expect([await move("w1"), await move("w2")]).toEqual(["lost", "moved"]);
  });

  test("members of a walk are busted without a floor of their own; what covers the bust stays", async () => {
    for (const [id, held] of [["old", "4"] as const, ["new", "5"] as const]) {
      await current().seed.putManaged(key(id), { value: "page", deps: depsOf(held), ttlMs: 60_000 });
    }
    const busts = ["old", "new", "absent"].map((id) => bustOf({ key: key(id), entry: entries.managed, version: "5" }));
    expect(await store().bustMembers(busts)).toEqual(["removed", "covered", "absent"]);
    for (const id of ["old", "new", "absent"]) expect((await store().inspect(key(id), entries.managed)).floors).toEqual([]);
    expect([await current().seed.has(key("old")), await current().seed.has(key("new"))]).toEqual([false, true]);
    expect(await store().bust(busts)).toEqual(["absent", "covered", "absent"]);
  });

  test("a member that is longer than keys may be is busted all the same: it must not hold up the walk", async () => {
    const long = key("x".repeat(limits.keyBytesMax));
    await current().seed.putManaged(long, { value: "page", deps: new Map(), ttlMs: 60_000 });
    expect(await store().bustMembers([bustOf({ key: long, entry: entries.managed, version: "5" })])).toEqual(["removed"]);
  });
}
