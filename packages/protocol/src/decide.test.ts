import { describe, expect, test } from "@jest/globals";
import { type BustArguments, bust } from "./decide.js";
import { type EntryState, noEntry } from "./entry-state.js";
import type { Floor } from "./floors.js";
import { parseVersion, type Version } from "./version.js";

const v = (text: string): Version => {
  const version = parseVersion(text);
  if (version === null) throw new Error(text);
  return version;
};

const F = 1000; // milliseconds
const NOW = 50_000_000; // microseconds
const empty: EntryState = noEntry;
const args: BustArguments = {
  subject: "p/1",
  version: v("5"),
  spaceKind: "counter",
  mode: "hard",
  leaveFloor: true,
  onUnversioned: "bust",
  floorTtlMs: F,
  staleTtlMs: 300,
  nowUs: NOW,
};
const deps = (...pairs: [string, string][]): EntryState => ({ ...empty, value: { deps: new Map(pairs.map(([s, n]) => [s, v(n)])) } });
const counter = { mode: "hard", spaceKind: "counter" } as const;
const floor = (over: Partial<Floor> = {}): Floor => ({ subject: "p/1", version: v("5"), ...counter, raisedAtUs: NOW - 1, ...over });

describe("what is removed", () => {
  test.each([
    ["an older dep", deps(["p/1", "4"]), "removed"],
    ["an equal dep", deps(["p/1", "5"]), "covered"],
    ["a newer dep", deps(["p/1", "10"]), "covered"],
    ["no dep of the subject", deps(["p/2", "9"]), "removed"],
    ["no deps", deps(), "removed"],
    ["nothing", empty, "absent"],
    ["an opaque value", { ...empty, value: "opaque" as const }, "removed"],
    ["a newer single version", { ...empty, value: { version: v("6") } }, "covered"],
    ["an older single version", { ...empty, value: { version: v("4") } }, "removed"],
    ["a value that cannot be read", { ...empty, value: "unversioned" as const }, "unversioned"],
  ])("%s: %#", (_what, state, outcome) => {
    expect(bust(state, args).outcome).toBe(outcome);
  });

  test("in a timestamp space an equal version does not cover: two writes can share a tick", () => {
    expect(bust(deps(["p/1", "5"]), { ...args, spaceKind: "timestamp" }).outcome).toBe("removed");
    expect(bust(deps(["p/1", "6"]), { ...args, spaceKind: "timestamp" }).outcome).toBe("covered");
  });

  test("nothing covers a blind event", () => {
    expect(bust(deps(["p/1", "99"]), { ...args, version: null })).toMatchObject({ outcome: "removed", remove: true });
  });

  test("what cannot be read goes or stays as its family says", () => {
    const state: EntryState = { ...empty, value: "unversioned" };
    expect(bust(state, args).remove).toBe(true);
    expect(bust(state, { ...args, onUnversioned: "keep" }).remove).toBe(false);
  });
});

describe("a value of another Redis type", () => {
  const state: EntryState = { ...empty, value: "foreign" };

  test("is unversioned, and goes like one, leaving a floor", () => {
    const step = bust(state, args);
    expect(step).toMatchObject({ outcome: "unversioned", remove: true });
    expect(step.write?.floors).toHaveLength(1);
  });

  test("has no room for a floor where it stays", () => {
    expect(bust(state, { ...args, onUnversioned: "keep" })).toEqual({ outcome: "unversioned", remove: false, soften: null, write: null });
  });
});

describe("the floor", () => {
  test.each([
    ["removed", deps(["p/1", "4"])],
    ["absent", empty],
    ["covered", deps(["p/1", "6"])],
  ])("is left whether the entry is %s", (_outcome, state) => {
    expect(bust(state, args).write?.floors).toEqual([floor({ raisedAtUs: NOW })]);
  });

  test("never falls, and a lower version does not move it", () => {
    const state = { ...empty, floors: [floor({ version: v("9"), mode: "soft" })] };
    expect(bust(state, args).write?.floors).toEqual(state.floors);
  });

  test("lives up to and including raised-at + F, and not a microsecond longer", () => {
    const lastMoment = { ...empty, floors: [floor({ subject: "p/2", raisedAtUs: NOW - F * 1000 })] };
    const tooLate = { ...empty, floors: [floor({ subject: "p/2", raisedAtUs: NOW - F * 1000 - 1 })] };
    expect(bust(lastMoment, args).write?.floors).toHaveLength(2);
    expect(bust(tooLate, args).write?.floors).toHaveLength(1);
  });

  test("makes a replay do nothing at all, in a counter space", () => {
    const state = { ...deps(["p/2", "1"]), floors: [floor()] };
    expect(bust(state, args)).toEqual({ outcome: "covered", remove: false, soften: null, write: null });
    expect(bust({ ...state, value: null }, args)).toEqual({ outcome: "absent", remove: false, soften: null, write: null });
    expect(bust(state, { ...args, version: v("4") }).write).toBeNull();
    expect(bust(state, { ...args, version: v("6") }).remove).toBe(true);
    expect(bust({ ...state, floors: [floor({ mode: "soft" })] }, args).remove).toBe(true);
    expect(bust({ ...state, floors: [floor({ raisedAtUs: NOW - F * 1000 - 1 })] }, args).remove).toBe(true);
  });

  test("of a timestamp space moves its raised-at with an equal version, and a replay is done again", () => {
    const step = bust({ ...deps(["p/1", "5"]), floors: [floor()] }, { ...args, spaceKind: "timestamp" });
    expect(step).toMatchObject({ outcome: "removed", remove: true });
    expect(step.write?.floors[0]?.raisedAtUs).toBe(NOW);
  });

  test("records the mode its version was busted with: the harder of two equal ones, never that of a lower one", () => {
    const soft = { ...empty, floors: [floor({ mode: "soft" })] };
    expect(bust(soft, args).write?.floors[0]).toMatchObject({ mode: "hard", raisedAtUs: NOW - 1 });
    expect(bust(soft, { ...args, version: v("4") }).write?.floors[0]?.mode).toBe("soft");
    expect(bust({ ...empty, floors: [floor()] }, { ...args, version: v("6"), mode: "soft" }).write?.floors[0]?.mode).toBe("soft");
  });

  test("of a blind event is raised each time", () => {
    const state: EntryState = { ...empty, blindFloor: { mode: "hard", raisedAtUs: NOW - 7 } };
    expect(bust(state, { ...args, version: null }).write?.blindFloor).toEqual({ mode: "hard", raisedAtUs: NOW });
  });

  test("is not left where the family has no gate", () => {
    expect(bust(empty, { ...args, leaveFloor: false }).write).toBeNull();
  });

  test("number seventeen folds the oldest into the blind floor, with the later of the two times", () => {
    const floors = Array.from({ length: 16 }, (_, i) => floor({ subject: `q/${i}`, raisedAtUs: NOW - 100 + (i === 3 ? -50 : i) }));
    const step = bust({ ...empty, floors, blindFloor: { mode: "soft", raisedAtUs: NOW - 120 } }, args);
    expect(step.write?.floors.map((f) => f.subject)).toEqual([...floors.map((f) => f.subject).filter((s) => s !== "q/3"), "p/1"]);
    expect(step.write?.blindFloor).toEqual({ mode: "hard", raisedAtUs: NOW - 120 });
    const without = bust({ ...empty, floors }, args);
    expect(without.write?.blindFloor).toEqual({ mode: "hard", raisedAtUs: NOW - 150 });
  });
});

describe("a soft bust", () => {
  const soft: BustArguments = { ...args, mode: "soft" };

  test("marks a value stale for as long as it may still be served, and leaves a soft floor", () => {
    const step = bust(deps(["p/1", "4"]), soft);
    expect(step).toMatchObject({ outcome: "softened", remove: false, soften: { atUs: NOW, keepUntilUs: NOW + 300_000 } });
    expect(step.write?.floors).toEqual([floor({ mode: "soft", raisedAtUs: NOW })]);
  });

  test("of what is stale already changes nothing: it was never served for longer than the first one allowed", () => {
    const softened = { atUs: NOW - 9, keepUntilUs: NOW + 1 };
    expect(bust({ ...deps(["p/1", "4"]), softened }, soft).soften).toEqual(softened);
  });

  test("leaves alone what covers it, and removes what has no time to be stale in", () => {
    expect(bust(deps(["p/1", "5"]), soft)).toMatchObject({ outcome: "covered", soften: null });
    expect(bust({ ...empty, value: { version: v("4") } }, soft)).toMatchObject({ outcome: "removed", soften: null });
  });

  test("is a replay under a floor of either mode; a hard one only under a hard one", () => {
    expect(bust({ ...deps(), floors: [floor({ mode: "soft" })] }, soft).write).toBeNull();
    expect(bust({ ...deps(), floors: [floor()] }, soft).write).toBeNull();
    expect(bust({ ...deps(), floors: [floor({ mode: "soft" })] }, args).outcome).toBe("removed");
  });
});

describe("the lease", () => {
  test("survives a bust until its deadline, when it is too late", () => {
    const lease = { token: "t", startUs: NOW - 10, deadlineUs: NOW + 1 };
    expect(bust({ ...deps(["p/1", "4"]), lease }, args).write?.lease).toEqual(lease);
    expect(bust({ ...deps(["p/1", "4"]), lease }, { ...args, leaveFloor: false }).write?.lease).toEqual(lease);
    expect(bust({ ...empty, lease: { ...lease, deadlineUs: NOW } }, args).write?.lease).toBeNull();
  });
});
