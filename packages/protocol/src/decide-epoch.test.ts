import { describe, expect, test } from "@jest/globals";
import { bumpEpoch, type Epoch, type EpochState, getEpoch, validity } from "./decide-epoch.js";
import { limits } from "./limits.js";
import { parseVersion, type Version } from "./version.js";

const v = (text: string): Version => {
  const version = parseVersion(text);
  if (version === null) throw new Error(text);
  return version;
};

const NOW = 50_000_000; // microseconds
const clock = { skewMs: 10, nowUs: NOW };
const fact = { subject: "p/1", version: v("5"), spaceKind: "counter", mode: "hard" } as const;
const state = (over: Partial<EpochState> = {}): EpochState => ({ generation: NOW - 500, hardGeneration: NOW - 900, records: [], ...over });
const recorded = (text: string, mode: "hard" | "soft"): EpochState => state({ records: [{ subject: "p/1", version: v(text), mode }] });

describe("reading an epoch", () => {
  test("a missing one is made C above the clock, hard as well, of age 0", () => {
    const generation = NOW + 10_000;
    const { epoch, write } = getEpoch(null, clock);
    expect(epoch).toEqual({ generation, hardGeneration: generation, ageUs: 0 });
    expect(write).toEqual({ generation, hardGeneration: generation, records: [] });
  });

  test("one that is there is left alone, and its age is never below 0", () => {
    expect(getEpoch(state(), clock)).toEqual({ epoch: { generation: NOW - 500, hardGeneration: NOW - 900, ageUs: 500 }, write: null });
    expect(getEpoch(state({ generation: NOW + 5 }), clock).epoch.ageUs).toBe(0);
  });
});

describe("bumping an epoch", () => {
  test.each([
    ["the clock", state(), NOW],
    ["one more, where the clock is behind", state({ generation: NOW + 3 }), NOW + 4],
    ["C above the clock, where there was none", null, NOW + 10_000],
  ])("the generation becomes %s", (_what, before, generation) => {
    expect(bumpEpoch(before, fact, clock)).toMatchObject({
      outcome: "bumped",
      generation,
      write: { generation, hardGeneration: generation },
    });
  });

  test("a soft bump leaves the hard generation, but not where there was none", () => {
    const soft = { ...fact, mode: "soft" } as const;
    expect(bumpEpoch(state(), soft, clock).write).toMatchObject({ generation: NOW, hardGeneration: NOW - 900 });
    expect(bumpEpoch(null, soft, clock).write).toMatchObject({ hardGeneration: NOW + 10_000 });
  });

  test.each([
    ["the same version", recorded("5", "hard"), fact, "covered"],
    ["a lower version", recorded("6", "hard"), fact, "covered"],
    ["a higher version", recorded("4", "hard"), fact, "bumped"],
    ["a softer bump", recorded("5", "hard"), { ...fact, mode: "soft" }, "covered"],
    ["a harder bump", recorded("5", "soft"), fact, "bumped"],
    ["another subject", recorded("5", "hard"), { ...fact, subject: "p/2" }, "bumped"],
    ["a timestamp", recorded("5", "hard"), { ...fact, spaceKind: "timestamp" }, "bumped"],
    ["a blind bump", recorded("5", "hard"), { ...fact, version: null }, "bumped"],
  ] as const)("%s: %#", (_what, before, bump, outcome) => {
    const step = bumpEpoch(before, bump, clock);
    expect(step.outcome).toBe(outcome);
    expect(step.write === null).toBe(outcome === "covered");
  });

  test.each([
    ["a higher version brings its mode", recorded("4", "hard"), { ...fact, mode: "soft" }, { version: "5", mode: "soft" }],
    ["of an equal version the harder counts", recorded("5", "soft"), fact, { version: "5", mode: "hard" }],
    ["a lower version changes nothing", recorded("6", "soft"), fact, { version: "6", mode: "soft" }],
  ] as const)("what is recorded: %s", (_what, before, bump, record) => {
    expect(bumpEpoch(before, bump, clock).write?.records).toEqual([{ subject: "p/1", ...record }]);
  });

  test("a blind bump records nothing, and one subject too many makes the oldest forgotten", () => {
    expect(bumpEpoch(state(), { ...fact, version: null }, clock).write?.records).toEqual([]);
    const records = Array.from({ length: limits.recordsPerEpochMax }, (_, i) => ({
      subject: `q/${i}`,
      version: v("1"),
      mode: "hard" as const,
    }));
    const after = bumpEpoch(state({ records }), fact, clock).write?.records ?? [];
    expect([after.length, after[0]?.subject, after.at(-1)?.subject]).toEqual([limits.recordsPerEpochMax, "q/1", "p/1"]);
  });
});

describe("whether an entry is valid", () => {
  const epoch: Epoch = { generation: 100, hardGeneration: 50, ageUs: 0 };
  const epochsOf = (...tags: readonly string[]) => new Map(tags.map((tag) => [tag, epoch]));
  test.each([
    ["no epochs", [], "valid"],
    ["the current generation", [["t", 100]], "valid"],
    ["below it, soft bumps since", [["t", 99]], "stale"],
    ["the hard generation itself", [["t", 50]], "stale"],
    ["below the hard generation", [["t", 49]], "miss"],
    ["above the current one", [["t", 101]], "miss"],
    ["an epoch nobody read", [["x", 100]], "miss"],
    [
      "one valid, one stale",
      [
        ["t", 100],
        ["u", 99],
      ],
      "stale",
    ],
    [
      "one stale, one missed",
      [
        ["t", 99],
        ["u", 49],
      ],
      "miss",
    ],
  ] as const)("%s: %#", (_what, held, expected) => {
    expect(validity(new Map(held), epochsOf(...held.map(([tag]) => tag).filter((tag) => tag !== "x")))).toBe(expected);
  });

  test.each([
    ["stored before its family had any tag", []],
    ["stored without the last of them", [["t", 100]]],
    ["stored without it, stale besides", [["t", 99]]],
  ] as const)("one that lacks a tag of the reader is a miss: %s", (_what, held) => {
    expect(validity(new Map(held), epochsOf("t", "u"))).toBe("miss");
  });
});
