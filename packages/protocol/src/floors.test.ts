import { describe, expect, test } from "@jest/globals";
import {
  type BlindFloor,
  covers,
  type Floor,
  type Floors,
  harder,
  type Load,
  liveFloors,
  meetsFloors,
  raiseFloor,
  standsUnderFloor,
} from "./floors.js";
import { parseVersion, type Version } from "./version.js";

const v = (text: string): Version => {
  const version = parseVersion(text);
  if (version === null) throw new Error(text);
  return version;
};

const NOW = 50_000_000; // microseconds
const F = { floorTtlMs: 1000, nowUs: NOW };
const floor = (over: Partial<Floor> = {}): Floor => ({
  subject: "p/1",
  version: v("5"),
  mode: "hard",
  spaceKind: "counter",
  raisedAtUs: NOW - 1,
  ...over,
});
const only = (...floors: Floor[]): Floors => ({ floors, blindFloor: null });
const blind = (raisedAtUs: number): BlindFloor => ({ mode: "hard", raisedAtUs });
const fact = { subject: "p/1", version: v("5"), spaceKind: "counter", mode: "hard" } as const;

describe("covers", () => {
  test.each([
    ["counter", "5", "5", true],
    ["counter", "4", "5", false],
    ["counter", "10", "9", true],
    ["timestamp", "5", "5", false],
    ["timestamp", "6", "5", true],
    ["timestamp", "10", "9", true],
  ] as const)("in a %s space %s covers %s: %s", (spaceKind, held, version, expected) => {
    expect(covers(v(held), v(version), spaceKind)).toBe(expected);
  });
});

test("a floor lives up to and including raised-at + F", () => {
  const at = (raisedAtUs: number): Floors => ({ floors: [floor({ raisedAtUs })], blindFloor: blind(raisedAtUs) });
  expect(liveFloors(at(NOW - 1_000_000), F)).toEqual(at(NOW - 1_000_000));
  expect(liveFloors(at(NOW - 1_000_001), F)).toEqual({ floors: [], blindFloor: null });
});

describe("what already stands under a floor", () => {
  test.each([
    ["the same", floor(), fact, true],
    ["a lower version", floor(), { ...fact, version: v("4") }, true],
    ["a higher version", floor(), { ...fact, version: v("6") }, false],
    ["another subject", floor(), { ...fact, subject: "p/2" }, false],
    ["a softer bust", floor(), { ...fact, mode: "soft" }, true],
    ["a harder bust", floor({ mode: "soft" }), fact, false],
    ["soft under soft", floor({ mode: "soft" }), { ...fact, mode: "soft" }, true],
    ["a timestamp", floor({ spaceKind: "timestamp" }), { ...fact, spaceKind: "timestamp" }, false],
    ["a blind bust", floor(), { ...fact, version: null }, false],
  ] as const)("%s", (_what, standing, busted, expected) => {
    expect(standsUnderFloor([standing], busted)).toBe(expected);
  });
});

describe("raising a floor", () => {
  const raise = (live: Floors, over: Partial<typeof fact> | object = {}, max = 16): Floors =>
    raiseFloor(live, { ...fact, ...over }, { max, nowUs: NOW });

  test.each([
    [
      "a higher version is raised now, with its own mode",
      floor(),
      { version: v("6"), mode: "soft" },
      { version: "6", mode: "soft", raisedAtUs: NOW },
    ],
    ["a lower version changes nothing", floor({ mode: "soft" }), { version: v("4") }, { version: "5", mode: "soft", raisedAtUs: NOW - 1 }],
    [
      "an equal counter keeps its time and takes the harder mode",
      floor({ mode: "soft" }),
      {},
      { version: "5", mode: "hard", raisedAtUs: NOW - 1 },
    ],
    ["an equal counter is not softened", floor(), { mode: "soft" }, { version: "5", mode: "hard", raisedAtUs: NOW - 1 }],
    [
      "an equal timestamp is raised now",
      floor({ spaceKind: "timestamp" }),
      { spaceKind: "timestamp" },
      { version: "5", mode: "hard", raisedAtUs: NOW },
    ],
  ])("%s", (_what, standing, over, expected) => {
    expect(raise(only(standing), over)).toMatchObject({ floors: [expected], blindFloor: null });
  });

  test("a new subject comes last, and a versionless space counts as a counter", () => {
    const raised = raise(only(floor()), { subject: "p/2", spaceKind: "none" });
    expect(raised.floors.map(({ subject, spaceKind }) => [subject, spaceKind])).toEqual([
      ["p/1", "counter"],
      ["p/2", "counter"],
    ]);
  });

  test("a blind bust raises the blind floor now, always, and never softens it", () => {
    const live = { floors: [floor()], blindFloor: blind(NOW - 7) };
    expect(raise(live, { version: null, mode: "soft" })).toEqual({ ...live, blindFloor: blind(NOW) });
  });

  test("one floor too many folds the oldest into the blind floor, at the later of their times", () => {
    const old = floor({ subject: "p/0", raisedAtUs: NOW - 9, mode: "soft" });
    const live = only(floor(), old);
    const folded = raise(live, { subject: "p/2" }, 2);
    expect(folded.floors.map(({ subject }) => subject)).toEqual(["p/1", "p/2"]);
    expect(folded.blindFloor).toEqual({ mode: "soft", raisedAtUs: NOW - 9 });
    const again = { ...live, blindFloor: blind(NOW - 3) };
    expect(raise(again, { subject: "p/2" }, 2).blindFloor).toEqual(blind(NOW - 3));
    expect(raise({ ...again, blindFloor: blind(NOW - 20) }, { subject: "p/2" }, 2).blindFloor).toEqual(blind(NOW - 9));
  });
});

test("the harder of two modes", () => {
  expect([harder("hard", "soft"), harder("soft", "hard"), harder("soft", "soft"), harder(undefined, "soft")]).toEqual([
    "hard",
    "hard",
    "soft",
    "soft",
  ]);
});

describe("whether a load meets the floors", () => {
  const R = 20;
  const wait = { readLagMs: R, primarySlackMs: 0 };
  const load = (over: Partial<Load> = {}): Load => ({ deps: new Map([["p/1", v("5")]]), leaseStartUs: 0, primaryRead: false, ...over });
  const raisedAtUs = NOW;
  const late = raisedAtUs + R * 1000;
  const none = new Map<string, Version>();
  const older = new Map([["p/1", v("4")]]);
  const timestamp = floor({ spaceKind: "timestamp", raisedAtUs });

  test.each([
    ["no floors", only(), load({ deps: none }), true],
    ["a dep that covers", only(floor({ raisedAtUs })), load(), true],
    ["a dep that is older, however late", only(floor({ raisedAtUs })), load({ deps: older, leaseStartUs: late }), false],
    ["no dep, begun at raised-at + R", only(floor({ raisedAtUs })), load({ deps: none, leaseStartUs: late }), true],
    ["no dep, begun just before", only(floor({ raisedAtUs })), load({ deps: none, leaseStartUs: late - 1 }), false],
    [
      "no dep, from the primary, just after raised-at",
      only(floor({ raisedAtUs })),
      load({ deps: none, leaseStartUs: raisedAtUs + 1, primaryRead: true }),
      true,
    ],
    [
      "no dep, from the primary, at raised-at",
      only(floor({ raisedAtUs })),
      load({ deps: none, leaseStartUs: raisedAtUs, primaryRead: true }),
      false,
    ],
    ["an equal timestamp, early", only(timestamp), load({ leaseStartUs: late - 1 }), false],
    ["an equal timestamp, late", only(timestamp), load({ leaseStartUs: late }), true],
    ["an older timestamp, late", only(timestamp), load({ deps: older, leaseStartUs: late }), false],
    ["the blind floor, early", { floors: [], blindFloor: blind(raisedAtUs) }, load({ leaseStartUs: late - 1 }), false],
    ["the blind floor, late", { floors: [], blindFloor: blind(raisedAtUs) }, load({ leaseStartUs: late }), true],
    ["one floor of two", only(floor(), floor({ subject: "p/2", raisedAtUs })), load(), false],
  ])("%s", (_what, floors, loaded, expected) => {
    expect(meetsFloors(floors, loaded, wait)).toBe(expected);
  });

  test("floors of tags ask C more of a primary read", () => {
    const tag = { readLagMs: R, primarySlackMs: 10 };
    const at = (leaseStartUs: number): boolean =>
      meetsFloors(only(floor({ raisedAtUs })), load({ deps: none, primaryRead: true, leaseStartUs }), tag);
    expect([at(raisedAtUs + 10_000), at(raisedAtUs + 10_001)]).toEqual([false, true]);
  });
});
