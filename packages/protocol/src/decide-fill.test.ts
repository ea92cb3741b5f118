import { describe, expect, test } from "@jest/globals";
import type { Epoch } from "./decide-epoch.js";
import {
  drop,
  type FillArguments,
  fill,
  type LeaseArguments,
  lease,
  promote,
  readable,
  type SetArguments,
  setIfNewer,
} from "./decide-fill.js";
import { type EntryState, noEntry } from "./entry-state.js";
import type { Floor } from "./floors.js";
import { parseVersion, type Version } from "./version.js";

const v = (text: string): Version => {
  const version = parseVersion(text);
  if (version === null) throw new Error(text);
  return version;
};

const NOW = 50_000_000; // microseconds
const R = 20; // milliseconds
const deps = (text: string): ReadonlyMap<string, Version> => new Map([["p/1", v(text)]]);
const entry = (over: Partial<EntryState> = {}): EntryState => ({ ...noEntry, value: { deps: deps("5") }, keepUntilUs: NOW + 1, ...over });
const floor: Floor = { subject: "p/1", version: v("5"), mode: "hard", spaceKind: "counter", raisedAtUs: NOW - 9 };
const held = (token: string, deadlineUs = NOW + 1500): EntryState["lease"] => ({ token, startUs: NOW - 7, deadlineUs });
const epoch = (ageUs: number): ReadonlyMap<string, Epoch> => new Map([["t", { generation: 100, hardGeneration: 50, ageUs }]]);
const leaseArgs: LeaseArguments = { token: "mine", epochs: new Map(), leaseTtlMs: 2, floorTtlMs: 1000, nowUs: NOW };

describe("what a reader sees", () => {
  test.each([
    ["nothing", noEntry, "none"],
    ["a value", entry(), "fresh"],
    ["one without an end", entry({ keepUntilUs: null }), "fresh"],
    ["one at its keep-until", entry({ keepUntilUs: NOW }), "none"],
    ["one at its fresh-until", entry({ freshUntilUs: NOW }), "stale"],
    ["one before it", entry({ freshUntilUs: NOW + 1 }), "fresh"],
    ["a softened one", entry({ softened: { atUs: 1, keepUntilUs: NOW + 1 } }), "stale"],
    ["a softened one at its end", entry({ softened: { atUs: 1, keepUntilUs: NOW } }), "none"],
    ["a provisional one", entry({ provisional: { token: "mine", deadlineUs: NOW + 1 } }), "none"],
    ["one of the current generation", entry({ epochs: new Map([["t", 100]]) }), "fresh"],
    ["one since which the epoch was bumped softly", entry({ epochs: new Map([["t", 99]]) }), "stale"],
    ["one since which it was bumped hard", entry({ epochs: new Map([["t", 49]]) }), "none"],
    ["what is not managed", entry({ value: "opaque" }), "none"],
  ])("%s: %#", (_what, state, found) => {
    expect(readable(state, { epochs: state.epochs.size === 0 ? new Map() : epoch(0), nowUs: NOW })).toBe(found);
  });

  test("nothing of an entry that lacks an epoch tag of the reader, which may load it", () => {
    expect(readable(entry(), { epochs: epoch(0), nowUs: NOW })).toBe("none");
    expect(lease(entry(), { ...leaseArgs, epochs: epoch(0) })).toMatchObject({ outcome: "leased" });
  });
});

describe("lease", () => {
  const stale = { softened: { atUs: 1, keepUntilUs: NOW + 1 } };
  const ours = { token: "mine", startUs: NOW, deadlineUs: NOW + 2000 };
  test.each([
    ["a fresh entry", entry(), { outcome: "hit", write: null }],
    ["nothing", noEntry, { outcome: "leased", write: ours }],
    ["another's lease", { ...noEntry, lease: held("other") }, { outcome: "busy", write: null, waitMs: 2 }],
    ["another's lease at its deadline", { ...noEntry, lease: held("other", NOW) }, { outcome: "leased", write: ours }],
    ["its own lease keeps its start", { ...noEntry, lease: held("mine") }, { outcome: "leased", write: held("mine") }],
    ["a key of another service", { ...noEntry, value: "foreign" as const, lease: held("mine") }, { outcome: "foreign", write: null }],
    ["a stale entry", entry(stale), { outcome: "stale_leased", write: ours }],
    ["a stale entry that another loads", entry({ ...stale, lease: held("other") }), { outcome: "stale_busy", write: null, waitMs: 2 }],
  ])("%s", (_what, state, expected) => {
    expect(lease(state, leaseArgs)).toMatchObject(expected);
  });

  test("tells what a load must have at least, by floors that still live", () => {
    const dead = { ...floor, subject: "p/2", raisedAtUs: NOW - 1_000_001 };
    expect(lease({ ...noEntry, floors: [floor, dead] }, leaseArgs)).toMatchObject({ min: new Map([["p/1", "5"]]) });
  });
});

describe("fill", () => {
  const args: FillArguments = {
    token: "mine",
    deps: deps("5"),
    epochs: new Map(),
    primaryRead: false,
    provisionalMs: null,
    freshMs: null,
    keepMs: 60,
    readLagMs: R,
    floorTtlMs: 1000,
    nowUs: NOW,
  };
  const leased = (over: Partial<EntryState> = {}): EntryState => ({ ...noEntry, lease: held("mine"), ...over });

  test("stores the value, keeps live floors, and gives the lease up", () => {
    const dead = { ...floor, subject: "p/2", raisedAtUs: NOW - 1_000_001 };
    const state = leased({ floors: [floor, dead], softened: { atUs: 1, keepUntilUs: 2 } });
    const step = fill(state, { ...args, epochs: epoch(R * 1000), freshMs: 30 });
    expect(step).toEqual({
      outcome: "filled",
      leaseStartUs: NOW - 7,
      write: {
        ...noEntry,
        value: { deps: deps("5") },
        floors: [floor],
        loadStartUs: NOW - 7,
        freshUntilUs: NOW + 30_000,
        keepUntilUs: NOW + 60_000,
        epochs: new Map([["t", 100]]),
      },
    });
  });

  test("with swept tags it is provisional for P", () => {
    expect(fill(leased(), { ...args, provisionalMs: 4 })).toMatchObject({
      write: { provisional: { token: "mine", deadlineUs: NOW + 4000 } },
    });
  });

  test.each([
    ["no lease", noEntry, {}, "lease_lost"],
    ["another's lease", leased({ lease: held("other") }), {}, "lease_lost"],
    ["its lease at the deadline", leased({ lease: held("mine", NOW) }), {}, "lease_lost"],
    ["a floor that it does not cover", leased({ floors: [floor] }), { deps: deps("4") }, "floor"],
    ["a blind floor", leased({ blindFloor: { mode: "hard", raisedAtUs: NOW - 8 } }), {}, "floor"],
    ["an epoch bumped less than R ago", leased(), { epochs: epoch(R * 1000 - 1) }, "epoch"],
    ["an epoch ahead of its clock, read from the primary too", leased(), { epochs: epoch(0), primaryRead: true }, "epoch"],
    ["a valid entry that is newer", leased({ value: { deps: deps("6") } }), {}, "older"],
    ["floors that end before its load does", leased({ lease: held("mine", NOW - 7 + 980_001) }), {}, "bounds"],
  ] as const)("is refused for %s", (_what, state, over, reason) => {
    const step = fill(state, { ...args, ...over });
    expect(step).toMatchObject({ outcome: "refused", reason });
    expect(step.write).toEqual(reason === "lease_lost" || reason === "bounds" ? null : { ...state, lease: null });
  });

  test.each([
    ["a floor that has ended", leased({ floors: [{ ...floor, raisedAtUs: NOW - 1_000_001 }] }), { deps: deps("4") }],
    ["a young epoch, read from the primary", leased(), { epochs: epoch(1), primaryRead: true }],
    ["a blind floor, read from the primary after it", leased({ blindFloor: { mode: "hard", raisedAtUs: NOW - 8 } }), { primaryRead: true }],
    ["an entry with the same version", leased({ value: { deps: deps("5") } }), {}],
    ["a newer entry that nobody sees", leased({ value: { deps: deps("6") }, keepUntilUs: NOW }), {}],
    [
      "a newer entry that an epoch made invalid",
      leased({ value: { deps: deps("6") }, epochs: new Map([["t", 49]]) }),
      { epochs: epoch(R * 1000) },
    ],
    ["floors that are as long as L + R", leased({ lease: held("mine", NOW - 7 + 980_000) }), {}],
    ["a newer entry that lacks an epoch tag of the reader", leased({ value: { deps: deps("6") } }), { epochs: epoch(R * 1000) }],
    ["a newer entry of another subject", leased({ value: { deps: new Map([["p/2", v("6")]]) } }), {}],
  ])("is not kept out by %s", (_what, state, over) => {
    expect(fill(state, { ...args, ...over }).outcome).toBe("filled");
  });
});

describe("promote and drop", () => {
  const softened = { atUs: 1, keepUntilUs: 2 };
  const provisional = (deadlineUs = NOW + 1, token = "mine"): EntryState =>
    entry({ provisional: { token, deadlineUs }, softened, floors: [floor], lease: held("other") });

  test("a provisional entry shows up, as stale as it was made meanwhile", () => {
    expect(promote(provisional(), { token: "mine", nowUs: NOW })).toEqual({
      outcome: "promoted",
      write: { ...provisional(), provisional: null },
    });
  });

  test.each([
    ["nothing is there", noEntry],
    ["it was promoted before", entry()],
    ["it is another's", provisional(NOW + 1, "other")],
    ["it is at its deadline", provisional(NOW)],
  ])("nothing is promoted when %s", (_what, state) => {
    expect(promote(state, { token: "mine", nowUs: NOW })).toEqual({ outcome: "gone", write: null });
  });

  test("drop removes what is its own, and leaves floors and lease", () => {
    expect(drop(provisional(), { token: "mine" })).toEqual({
      outcome: "dropped",
      write: { ...noEntry, floors: [floor], lease: held("other") },
    });
    for (const state of [noEntry, entry(), provisional(NOW + 1, "other")])
      expect(drop(state, { token: "mine" })).toEqual({ outcome: "gone", write: null });
  });
});

describe("setIfNewer", () => {
  const args: SetArguments = {
    token: null,
    subject: "p/1",
    version: v("5"),
    primaryRead: false,
    readLagMs: R,
    floorTtlMs: 1000,
    nowUs: NOW,
  };
  const stored = { outcome: "stored" };
  const refused = (reason: string) => ({ outcome: "refused", reason });
  const timestamp: Floor = { ...floor, spaceKind: "timestamp", raisedAtUs: NOW - 30_000 };
  test.each([
    ["nothing there", noEntry, {}, stored],
    ["an older version", { ...noEntry, value: { version: v("4") } }, {}, stored],
    ["the same version", { ...noEntry, value: { version: v("5") } }, {}, stored],
    ["a newer version", { ...noEntry, value: { version: v("6") } }, {}, refused("older")],
    ["what cannot be read", { ...noEntry, value: "unversioned" as const }, {}, stored],
    ["another Redis type", { ...noEntry, value: "foreign" as const }, {}, refused("foreign")],
    ["a floor that it covers", { ...noEntry, floors: [floor] }, {}, stored],
    ["a floor that it does not cover", { ...noEntry, floors: [floor] }, { version: v("4") }, refused("floor")],
    ["an equal timestamp, without a lease", { ...noEntry, floors: [timestamp] }, {}, refused("floor")],
    ["an equal timestamp, leased late enough", { ...noEntry, floors: [timestamp], lease: held("mine") }, { token: "mine" }, stored],
    ["another's lease", { ...noEntry, lease: held("other") }, { token: "mine" }, refused("lease_lost")],
    ["floors below L + R", { ...noEntry, lease: held("mine", NOW - 7 + 980_001) }, { token: "mine" }, refused("bounds")],
    ["floors of L + R", { ...noEntry, lease: held("mine", NOW - 7 + 980_000) }, { token: "mine" }, stored],
    ["floors below L + R of a lease that it does not use", { ...noEntry, lease: held("mine", NOW + 980_001) }, {}, stored],
    ["a lease at its deadline", { ...noEntry, lease: held("mine", NOW) }, { token: "mine" }, refused("lease_lost")],
  ])("%s", (_what, state, over, expected) => {
    expect(setIfNewer(state, { ...args, ...over })).toEqual(expected);
  });
});
