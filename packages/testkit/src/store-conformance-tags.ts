import { type BustMode, limits, type SpaceKind, type Version } from "@freshet/protocol";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { freshPrefix } from "./fresh.js";
import { untyped } from "./store-bench.js";
import { epochTests } from "./store-conformance-epochs.js";
import { sweepTests } from "./store-conformance-sweeps.js";
import {
  FILLED_US,
  indexOf,
  type MakeTagStore,
  memberOf,
  type TagBench,
  type TagBustOf,
  type TagStoreUnderTest,
  tagBustOf,
  tagSpec,
} from "./tag-bench.js";
import { until } from "./until.js";

/** What any `StorePort` must do with tags, epochs and sweeps, as tests. Tags are fresh, so suites may share a Redis. */
export function tagConformance(name: string, makeStore: MakeTagStore): void {
  describe(`StorePort, tags: ${name}`, () => {
    let made: TagStoreUnderTest;
    let prefix = "";
    beforeEach(async () => {
      made = await makeStore();
      prefix = `${freshPrefix("suite")}:`;
    });
    afterEach(() => made.close());
    const bench: TagBench = {
      current: () => made,
      store: () => made.store,
      tag: (id) => `${prefix}${id}`,
      key: (id) => `${prefix}${id}`,
    };
    raiseTests(bench);
    callTests(bench);
    foldTests(bench);
    indexTests(bench);
    trimTests(bench);
    requestTests(bench);
    sweepTests(bench);
    epochTests(bench);
  });
}

function raiseTests({ store, tag }: TagBench): void {
  const bust = async (change: Partial<TagBustOf>) => (await store().bustTags([tagBustOf({ tag: tag("a"), version: "5", ...change })]))[0];

  test("a bust leaves a floor, is pending, and its tag is found by whoever looks", async () => {
    expect(await bust({})).toBe("pending");
    const fact = { subject: "catalog.product/1", version: "5", spaceKind: "counter", mode: "hard" };
    const view = await store().inspectTag(tag("a"));
    expect(view).toMatchObject({ floors: [fact], blindFloor: null, sweep: null, next: [fact], indexSize: 0, epoch: null });
    expect(view.next[0]?.raisedAtUs).toBe(view.floors[0]?.raisedAtUs);
    expect((await store().pendingSweeps()).map((registered) => registered.tag)).toEqual([tag("a")]);
  });

  test("what already stands under a floor of the same or a harder mode is covered", async () => {
    expect(await bust({ mode: "soft" })).toBe("pending");
    expect(await bust({ mode: "soft" })).toBe("covered");
    expect(await bust({ mode: "soft", version: "4" })).toBe("covered");
    const before = await store().inspectTag(tag("a"));
    expect(await bust({ mode: "hard" })).toBe("pending");
    expect(await bust({ mode: "soft" })).toBe("covered");
    expect(await bust({ mode: "hard" })).toBe("covered");
    const after = await store().inspectTag(tag("a"));
    expect(after.floors).toEqual(before.floors.map((floor) => ({ ...floor, mode: "hard" })));
    expect(after.next.map(({ mode }) => mode)).toEqual(["soft", "hard"]);
  });

  test("a higher version, another subject, a timestamp again and a blind bust are always pending", async () => {
    expect(await bust({})).toBe("pending");
    expect(await bust({ version: "6" })).toBe("pending");
    expect(await bust({ subject: "catalog.product/2" })).toBe("pending");
    for (let i = 0; i < 2; i++) expect(await bust({ subject: "stock/1", spaceKind: "timestamp" })).toBe("pending");
    for (let i = 0; i < 2; i++) expect(await bust({ version: null, spaceKind: "none" })).toBe("pending");
    const { floors, blindFloor, next } = await store().inspectTag(tag("a"));
    expect(floors.map(({ subject, version }) => `${subject} ${version}`)).toEqual([
      "catalog.product/1 6",
      "catalog.product/2 5",
      "stock/1 5",
    ]);
    expect(blindFloor).toMatchObject({ mode: "hard" });
    expect(next.map(({ subject, version }) => `${subject} ${version}`)).toEqual([
      "catalog.product/1 6",
      "catalog.product/2 5",
      "stock/1 5",
      "catalog.product/1 null",
    ]);
  });

  test("a floor is dead after its time, and the same bust is pending again", async () => {
    const spec = { floorTtlMs: 30, skewMs: 1 };
    expect(await bust({ spec })).toBe("pending");
    await until(async () => (await bust({ spec })) === "pending");
    expect((await store().inspectTag(tag("a"))).floors).toHaveLength(1);
  });
}

function callTests({ store, tag }: TagBench): void {
  test("a preview tells the same and writes nothing", async () => {
    const busts = [tagBustOf({ tag: tag("a"), version: "5" }), tagBustOf({ tag: tag("e"), version: "5", target: "epoch" })];
    expect(await store().previewTags(busts)).toEqual(["pending", "bumped"]);
    expect(await store().previewTags(busts)).toEqual(["pending", "bumped"]);
    expect(await store().pendingSweeps()).toEqual([]);
    expect(await store().inspectTag(tag("a"))).toMatchObject({ floors: [], next: [], epoch: null });
    expect((await store().inspectTag(tag("e"))).epoch).toBeNull();
    expect(await store().bustTags(busts)).toEqual(["pending", "bumped"]);
    expect(await store().previewTags(busts)).toEqual(["covered", "covered"]);
  });

  test("many busts answer in the order they were asked", async () => {
    const busts = Array.from({ length: 300 }, (_, i) =>
      tagBustOf({ tag: tag(String(i % 150)), version: i < 150 ? "5" : "6", target: i % 2 === 0 ? "tag" : "epoch" }),
    );
    await store().bustTags(busts.slice(0, 50));
    const due = busts.map((_, i) => (i < 50 ? "covered" : i % 2 === 0 ? "pending" : "bumped"));
    expect(await store().bustTags(busts.slice(0, 150))).toEqual(due.slice(0, 150));
    expect(await store().bustTags(busts.slice(150))).toEqual(due.slice(150));
    expect(await store().bustTags([])).toEqual([]);
  });
}

function foldTests({ store, tag }: TagBench): void {
  const subjectsOf = (count: number) => Array.from({ length: count }, (_, i) => `s/${i}`);

  test("a floor too many folds the oldest into the blind one, a pending bust too many the oldest two", async () => {
    const subjects = subjectsOf(limits.floorsPerTagMax + 1);
    for (const subject of subjects) await store().bustTags([tagBustOf({ tag: tag("a"), version: "5", subject })]);
    const { floors, blindFloor, next } = await store().inspectTag(tag("a"));
    expect(floors.map(({ subject }) => subject)).toEqual(subjects.slice(1));
    expect(blindFloor).toMatchObject({ mode: "hard" });
    expect(blindFloor?.raisedAtUs).toBeLessThanOrEqual(floors[0]?.raisedAtUs ?? 0);
    expect(next).toHaveLength(limits.pendingPerTagMax);
    expect(next.map(({ subject, version }) => `${subject} ${version}`)).toEqual([
      ...subjects.slice(2).map((subject) => `${subject} 5`),
      "s/1 null",
    ]);
  });

  test("busts of one tag at the same time all count", async () => {
    const subjects = subjectsOf(40);
    await Promise.all(subjects.map((subject) => store().bustTags([tagBustOf({ tag: tag("a"), version: "5", subject })])));
    const { floors, next } = await store().inspectTag(tag("a"));
    for (const list of [floors, next]) expect(new Set(list.map(({ subject }) => subject))).toEqual(new Set(subjects));
  });
}

function indexTests({ store, tag, key }: TagBench): void {
  test("an entry that is indexed learns every floor that stands", async () => {
    const first = await store().indexAdd(memberOf(tag("a"), key("1")));
    expect(first).toEqual({ floors: [], blindFloor: null, score: FILLED_US });
    await store().bustTags([
      tagBustOf({ tag: tag("a"), version: "5", mode: "soft" }),
      tagBustOf({ tag: tag("a"), version: "7", subject: "stock/1", spaceKind: "timestamp" }),
      tagBustOf({ tag: tag("a"), version: null, spaceKind: "none" }),
    ]);
    const second = await store().indexAdd(memberOf(tag("a"), key("2")));
    expect(new Set(second.floors.map(({ subject, version, spaceKind, mode }) => `${subject} ${version} ${spaceKind} ${mode}`))).toEqual(
      new Set(["catalog.product/1 5 counter soft", "stock/1 7 timestamp hard"]),
    );
    expect(second.blindFloor).toMatchObject({ mode: "hard" });
    const dead = { ...memberOf(tag("a"), key("3")), floorTtlMs: 1 };
    await until(async () => (await store().indexAdd(dead)).blindFloor === null);
  });

  test("a score rises with each fill, whatever its clock says", async () => {
    const scores: number[] = [];
    for (const fillTimeUs of [0, 0, -100, 5_000].map((us) => FILLED_US + us)) {
      scores.push((await store().indexAdd(memberOf(tag("a"), key("1"), { fillTimeUs }))).score);
    }
    expect(scores.map((score) => score - FILLED_US)).toEqual([0, 1, 2, 5_000]);
    expect(await indexOf(store(), tag("a"))).toEqual([{ key: key("1"), score: FILLED_US + 5_000 }]);
  });

  test("an entry filled again since it was seen stays in the index", async () => {
    for (const id of ["1", "2", "3"]) await store().indexAdd(memberOf(tag("a"), key(id)));
    const seen = await indexOf(store(), tag("a"));
    await store().indexAdd(memberOf(tag("a"), key("2")));
    expect(await store().indexRemove(tag("a"), [...seen, { key: key("unknown"), score: FILLED_US }])).toBe(2);
    expect(await indexOf(store(), tag("a"))).toEqual([{ key: key("2"), score: FILLED_US + 1 }]);
    expect(await store().indexRemove(tag("a"), [])).toBe(0);
  });

  test("members may hold any text, and real times keep every digit", async () => {
    const fillTimeUs = FILLED_US + 457;
    const odd = ["a\tb", "c\nd", "ü{1}", "1700000000000000"].map((id) => key(id));
    for (const name of odd) await store().indexAdd(memberOf(tag("a {ü}"), name, { fillTimeUs }));
    const found = await indexOf(store(), tag("a {ü}"));
    expect(new Set(found.map((member) => member.key))).toEqual(new Set(odd));
    expect(found.every(({ score }) => score === fillTimeUs)).toBe(true);
    expect(await store().indexRemove(tag("a {ü}"), found)).toBe(4);
    expect((await store().inspectTag(tag("a {ü}"))).indexSize).toBe(0);
  });
}

function trimTests({ store, tag, key }: TagBench): void {
  test("members go when no entry of the tag could be served that long, and not before", async () => {
    await store().bustTags([tagBustOf({ tag: tag("clock"), version: "5" })]);
    const atUs = (await store().inspectTag(tag("clock"))).next[0]?.raisedAtUs ?? 0;
    const [keepMs, skewMs] = [20_000, 20_000];
    await store().indexAdd(memberOf(tag("a"), key("new"), { fillTimeUs: atUs, keepMs, skewMs }));
    await store().indexAdd(memberOf(tag("a"), key("just"), { fillTimeUs: atUs - keepMs * 1000, keepMs: 10, skewMs }));
    await store().indexAdd(memberOf(tag("a"), key("old"), { fillTimeUs: atUs - (keepMs + 10_000) * 1000, keepMs: 10, skewMs }));
    expect(await store().trimIndex(tag("a"), 9_000)).toBe(1);
    expect((await indexOf(store(), tag("a"))).map((member) => member.key)).toEqual([key("just"), key("new")]);
    await until(async () => (await store().trimIndex(tag("a"), 1)) === 1);
    expect((await indexOf(store(), tag("a"))).map((member) => member.key)).toEqual([key("new")]);
    expect(await store().trimIndex(tag("nobody"), 1)).toBe(0);
  });

  test("a new member takes two out that may be trimmed; one that is filled again takes none", async () => {
    const late = { fillTimeUs: FILLED_US, keepMs: 20_000, skewMs: 3_600_000 };
    for (const id of ["1", "2", "3"]) await store().indexAdd(memberOf(tag("a"), key(id), late));
    const now = { fillTimeUs: (Date.now() - 1_000) * 1000, keepMs: 20_000, skewMs: 1 };
    await store().indexAdd(memberOf(tag("a"), key("3"), now));
    expect((await store().inspectTag(tag("a"))).indexSize).toBe(3);
    await store().indexAdd(memberOf(tag("a"), key("4"), now));
    expect((await indexOf(store(), tag("a"))).map((member) => member.key)).toEqual([key("3"), key("4")]);
  });

  test("at most 1,000 go in one call", async () => {
    const ids = Array.from({ length: 1_100 }, (_, i) => i);
    const adds = ids.map((id) =>
      store().indexAdd(memberOf(tag("a"), key(String(id)), { fillTimeUs: FILLED_US + id, keepMs: 10, skewMs: 3_600_000 })),
    );
    await Promise.all(adds);
    expect([await store().trimIndex(tag("a"), 1), await store().trimIndex(tag("a"), 1)]).toEqual([1_000, 100]);
  });
}

function requestTests({ store, tag, key }: TagBench): void {
  test.each(["", "}a", "x".repeat(limits.keyBytesMax + 1), "a\ud83d"])(
    "a tag that cannot have keys of its own is refused: %j",
    async (bad) => {
      const fine = tagBustOf({ tag: tag("fine"), version: "5" });
      const error = { code: "FR1006", disposition: "usage" };
      await expect(store().bustTags([fine, tagBustOf({ tag: bad, version: "5" })])).rejects.toMatchObject(error);
      await expect(store().bustTags([fine, tagBustOf({ tag: bad, version: "5", target: "epoch" })])).rejects.toMatchObject(error);
      await expect(store().indexAdd(memberOf(bad, key("1")))).rejects.toMatchObject(error);
      await expect(store().epochs([{ tag: bad, skewMs: tagSpec.skewMs }])).rejects.toMatchObject(error);
      expect(await store().pendingSweeps()).toEqual([]);
    },
  );

  test.each(["", "a\tb", "x".repeat(limits.tokenBytesMax + 1), "\ud83d"])(
    "an id of a sweep that cannot be kept is refused: %j",
    async (id) => {
      await expect(store().claimSweep(tag("a"), { id, holdMs: 1_000 })).rejects.toMatchObject({ code: "FR1006", disposition: "usage" });
    },
  );

  test.each([0, -1, 0.5, Number.NaN])("an index is not trimmed with a C of %d", async (skewMs) => {
    await expect(store().trimIndex(tag("a"), skewMs)).rejects.toMatchObject({ code: "FR1006", disposition: "usage" });
  });

  test.each([
    ["no key", { key: "" }],
    ["a long key", { key: "x".repeat(limits.keyBytesMax + 1) }],
    ["half a surrogate pair", { key: "\ud83d" }],
    ["a time before all times", { fillTimeUs: -1 }],
    ["a fraction of a microsecond", { fillTimeUs: 0.5 }],
    ["a negative keep", { keepMs: -1 }],
    ["no F", { floorTtlMs: 0 }],
    ["a C that is no number", { skewMs: Number.NaN }],
    ["no C", { skewMs: 0 }],
    ["no time at all", { fillTimeUs: 0 }],
    ["a fill time in milliseconds", { fillTimeUs: Date.now() }],
    ["a fill time of tomorrow", { fillTimeUs: (Date.now() + 86_400_000) * 1000 }],
    ["an entry that cannot be served any more", { keepMs: 10, skewMs: 1 }],
  ])("a member that cannot be kept is refused: %s", async (_what, change) => {
    const request = { ...memberOf(tag("a"), key("1")), ...change };
    await expect(store().indexAdd(request)).rejects.toMatchObject({ code: "FR1006", disposition: "usage" });
    expect(await store().inspectTag(tag("a"))).toMatchObject({ indexSize: 0, keepMsMax: 0 });
  });

  test.each([
    ["half a surrogate pair in a subject", { subject: "\ud83d" }],
    ["no subject", { subject: "" }],
    ["a version that is not canonical", { version: "05" as Version }],
    ["an F that is no number", { spec: { ...tagSpec, floorTtlMs: Number.NaN } }],
    ["a negative C", { spec: { ...tagSpec, skewMs: -1 } }],
    ["a mode that is none", { mode: untyped<BustMode>("HARD") }],
    ["a space that is none", { spaceKind: untyped<SpaceKind>("x") }],
  ])("a bust of a tag that means another is refused: %s", async (_what, change) => {
    const fine = tagBustOf({ tag: tag("a"), version: "5" });
    for (const target of ["tag", "epoch"] as const) {
      const call = store().bustTags([fine, { ...fine, target, ...change }]);
      await expect(call).rejects.toMatchObject({ code: "FR1006", disposition: "usage" });
    }
    expect(await store().pendingSweeps()).toEqual([]);
  });

  test("a subject that could forge a floor is refused", async () => {
    const bust = tagBustOf({ tag: tag("a"), version: "5", subject: "p/1\t9" });
    await expect(store().bustTags([bust])).rejects.toMatchObject({ code: "FR9001" });
  });
}
