import { describe, expect, test } from "@jest/globals";
import {
  claimSweep,
  endSweep,
  indexAdd,
  indexRemove,
  moveSweep,
  noTag,
  type PendingBust,
  raiseTag,
  type Sweep,
  sweepBound,
  sweepPage,
  type TagState,
  trimBefore,
} from "./decide-tag.js";
import { limits } from "./limits.js";
import { parseVersion, type Version } from "./version.js";

const v = (text: string): Version => {
  const version = parseVersion(text);
  if (version === null) throw new Error(text);
  return version;
};

const NOW = 50_000_000; // microseconds
const clock = { floorTtlMs: 1000, nowUs: NOW };
const fact = { subject: "p/1", version: v("5"), spaceKind: "counter", mode: "hard" } as const;
const pending = (over: Partial<PendingBust> = {}): PendingBust => ({ ...fact, raisedAtUs: NOW - 9, ...over });
const sweep = (over: Partial<Sweep> = {}): Sweep => ({ id: "a", heldUntilUs: NOW + 1, cursor: null, busts: [pending()], ...over });
const tag = (over: Partial<TagState> = {}): TagState => ({ ...noTag, ...over });

describe("busting a swept tag", () => {
  test("raises the floor and puts the bust on the next list, in one step", () => {
    const { outcome, write } = raiseTag(noTag, fact, clock);
    expect(outcome).toBe("pending");
    expect(write?.floors).toMatchObject([{ subject: "p/1", version: "5", raisedAtUs: NOW }]);
    expect(write?.next).toEqual([pending({ raisedAtUs: NOW })]);
  });

  test("a replay under a live floor does nothing, and once the floor has ended it is done again", () => {
    const { write } = raiseTag(noTag, fact, clock);
    const standing = write ?? noTag;
    expect(raiseTag(standing, fact, { ...clock, nowUs: NOW + 1_000_000 })).toEqual({ outcome: "covered", write: null });
    expect(raiseTag(standing, fact, { ...clock, nowUs: NOW + 1_000_001 }).outcome).toBe("pending");
  });

  test("never joins the list under way", () => {
    const state = tag({ sweep: sweep() });
    expect(raiseTag(state, { ...fact, version: v("6") }, clock).write).toMatchObject({ sweep: state.sweep, next: [{ version: "6" }] });
  });

  test.each([
    ["a newer one of the same subject and mode takes its place", { version: v("6") }, [["6", "hard"]]],
    [
      "another mode stands beside it",
      { version: v("6"), mode: "soft" },
      [
        ["5", "hard"],
        ["6", "soft"],
      ],
    ],
    [
      "another subject stands beside it",
      { subject: "p/2" },
      [
        ["5", "hard"],
        ["5", "hard"],
      ],
    ],
    [
      "a blind one stands beside it",
      { version: null },
      [
        ["5", "hard"],
        [null, "hard"],
      ],
    ],
  ] as const)("on the next list %s", (_what, over, expected) => {
    const { write } = raiseTag(tag({ next: [pending()] }), { ...fact, ...over }, clock);
    expect(write?.next.map(({ version, mode }) => [version, mode])).toEqual(expected);
    expect(write?.next.at(-1)?.raisedAtUs).toBe(NOW);
  });

  test("an older version of a listed subject keeps the newer one", () => {
    const { write } = raiseTag(tag({ next: [pending({ version: v("7") })] }), fact, clock);
    expect(write?.next).toEqual([pending({ version: v("7"), raisedAtUs: NOW })]);
  });

  test("a full list makes its oldest two one blind bust, as hard and as late as either", () => {
    const next = Array.from({ length: limits.pendingPerTagMax }, (_, i) =>
      pending({ subject: `q/${i}`, mode: i === 0 ? "hard" : "soft", raisedAtUs: NOW - 100 + i }),
    );
    const list = raiseTag(tag({ next }), fact, clock).write?.next ?? [];
    expect(list.length).toBe(limits.pendingPerTagMax);
    expect(list.filter(({ version }) => version === null)).toMatchObject([{ mode: "hard", raisedAtUs: NOW - 99 }]);
    expect(list.filter(({ subject }) => subject === "q/2" || subject === "p/1").length).toBe(2);
  });
});

describe("the index", () => {
  test.each([
    ["a new member", null, 700, 700],
    ["a later fill", 500, 700, 700],
    ["a fill at the same time", 700, 700, 701],
    ["a fill by a clock that is behind", 800, 700, 801],
  ])("%s: a score only rises", (_what, old, fillTimeUs, score) => {
    expect(indexAdd(noTag, old, { ...clock, fillTimeUs, keepMs: 1 }).score).toBe(score);
  });

  test("answers the live floors, and records the longest keep-until", () => {
    const raised = raiseTag(noTag, fact, clock).write ?? noTag;
    const add = (nowUs: number, keepMs: number) =>
      indexAdd({ ...raised, keepMsMax: 30 }, null, { floorTtlMs: 1000, nowUs, fillTimeUs: 1, keepMs });
    expect(add(NOW, 31)).toMatchObject({ floors: { floors: [{ subject: "p/1" }] }, write: { keepMsMax: 31 } });
    expect(add(NOW + 1_000_001, 30)).toMatchObject({ floors: { floors: [], blindFloor: null }, write: null });
  });

  test("a member leaves only with the score that was seen", () => {
    expect([indexRemove(7, 7), indexRemove(8, 7), indexRemove(null, 7)]).toEqual([true, false, false]);
  });

  test("members are trimmed when older than the longest keep-until + C, and never before one is known", () => {
    expect(trimBefore(tag({ keepMsMax: 30 }), { skewMs: 10, nowUs: NOW })).toBe(NOW - 40_000);
    expect(trimBefore(noTag, { skewMs: 10, nowUs: NOW })).toBeNull();
  });
});

describe("who walks", () => {
  const claim = { id: "b", holdMs: 5, nowUs: NOW };

  test("takes the next list from the start, and leaves none behind", () => {
    const next = [pending()];
    const begun = { id: "b", heldUntilUs: NOW + 5000, cursor: null, busts: next };
    expect(claimSweep(tag({ next }), claim)).toMatchObject({ outcome: "claimed", sweep: begun, write: { sweep: begun, next: [] } });
  });

  test("takes over an orphan from its cursor on, and leaves the next list", () => {
    const orphan = sweep({ heldUntilUs: NOW, cursor: { score: 4, member: "k" } });
    const step = claimSweep(tag({ sweep: orphan, next: [pending()] }), claim);
    expect(step).toMatchObject({
      outcome: "claimed",
      sweep: { id: "b", cursor: orphan.cursor, busts: orphan.busts },
      write: { next: [pending()] },
    });
  });

  test.each([
    ["another holds it", tag({ sweep: sweep({ heldUntilUs: NOW + 1 }) }), "held"],
    ["it holds it already", tag({ sweep: sweep({ id: "b", heldUntilUs: NOW + 1 }) }), "claimed"],
    ["nothing is pending", noTag, "idle"],
  ])("%s: %#", (_what, state, outcome) => {
    expect(claimSweep(state, claim).outcome).toBe(outcome);
  });

  test("progress and end are written by the holder only", () => {
    const cursor = { score: 4, member: "k" };
    const state = tag({ sweep: sweep({ id: "b" }) });
    expect(moveSweep(state, { ...claim, cursor })).toMatchObject({
      outcome: "moved",
      write: { sweep: { cursor, heldUntilUs: NOW + 5000 } },
    });
    expect(endSweep(state, { id: "b" })).toEqual({ outcome: "ended", write: tag() });
    for (const other of [tag({ sweep: sweep() }), noTag]) {
      expect(moveSweep(other, { ...claim, cursor })).toEqual({ outcome: "lost", write: null });
      expect(endSweep(other, { id: "b" })).toEqual({ outcome: "lost", write: null });
    }
  });

  test("the end tells of busts that came meanwhile, and keeps them", () => {
    const next = [pending({ version: v("6") })];
    expect(endSweep(tag({ sweep: sweep(), next }), { id: "a" })).toEqual({ outcome: "more", write: tag({ next }) });
  });
});

describe("how far and from where", () => {
  test("a walk goes to the highest raised-at of its list + 2C", () => {
    expect(sweepBound([pending({ raisedAtUs: 7 }), pending({ raisedAtUs: 9 }), pending({ raisedAtUs: 8 })], 10)).toBe(20_009);
  });

  const page = ["a", "b", "é"].map((key) => ({ key, score: 4 }));
  test.each([
    ["a first page", page, null, 3, { kind: "members", members: page }],
    ["no members", [], null, 3, { kind: "end" }],
    ["ties go by member", page, { score: 4, member: "a" }, 3, { kind: "members", members: page.slice(1) }],
    ["members are compared as bytes", page, { score: 4, member: "z" }, 3, { kind: "members", members: page.slice(2) }],
    ["a full page behind the cursor", page, { score: 4, member: "é" }, 3, { kind: "again" }],
    ["a last page behind the cursor", page, { score: 4, member: "é" }, 4, { kind: "end" }],
    ["a score beyond the cursor's", page, { score: 3, member: "z" }, 3, { kind: "members", members: page }],
  ])("%s", (_what, members, cursor, limit, expected) => {
    expect(sweepPage(members, cursor, limit)).toEqual(expected);
  });
});
