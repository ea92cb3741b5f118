import { type BustOutcome, type PendingBust, parseVersion } from "@freshet/protocol";
import type { MemberOutcome } from "@freshet/store/port";
import { expect, test } from "@jest/globals";
import { sweepRules } from "../tests/sweep-scene.js";
import { memberBusts, memberEntry, membersPerStep, tallyStep } from "./sweep-step.js";

const members = ["a", "b", "c", "d", "e"].map((key, score) => ({ key, score }));
const pending = (subject: string): PendingBust => {
  return { subject, version: parseVersion("5"), spaceKind: "counter", mode: "hard", raisedAtUs: 1 };
};

test("every member is tested against every bust of the list", () => {
  const busts = memberBusts(members.slice(0, 2), [pending("p/x"), pending("p/y")], memberEntry("brand:1", sweepRules));
  expect(busts.map(({ key, subject }) => `${key} ${subject}`)).toEqual(["a p/x", "a p/y", "b p/x", "b p/y"]);
});

test("whatever one of the busts removed, or nobody found, is gone; what was softened or is newer stays", () => {
  const outcomes: readonly (readonly [BustOutcome, BustOutcome])[] = [
    ["covered", "removed"],
    ["absent", "absent"],
    ["covered", "covered"],
    ["softened", "covered"],
    ["unversioned", "absent"],
  ];
  expect(tallyStep(members, outcomes.flat())).toEqual({
    gone: [members[0], members[1], members[4]],
    removed: 2,
    softened: 1,
    own: 0,
    refused: 0,
  });
});

test("keys of Freshet's own leave the index and count as nothing else; what is refused stays", () => {
  const outcomes: readonly MemberOutcome[] = ["own", "removed", "refused", "covered", "own"];
  expect(tallyStep(members, outcomes)).toEqual({
    gone: [members[0], members[1], members[4]],
    removed: 1,
    softened: 0,
    own: 2,
    refused: 1,
  });
});

test.each([
  [1, 500],
  [4, 500],
  [5, 400],
  [64, 31],
  [5000, 1],
])("a list of %i busts: %i members a step", (busts, expected) => {
  expect(membersPerStep(busts)).toBe(expected);
});

test("members live as long as the slowest of the families that carry the tag", () => {
  const spec = memberEntry("brand:1", sweepRules);
  expect(spec).toMatchObject({ kind: "managed", onUnversioned: "bust", staleTtlMs: 300_000, floorTtlMs: 62_250 });
});

test("a tag nobody declares any more is walked with the longest times of all", () => {
  expect(memberEntry("gone:1", sweepRules)).toMatchObject({ staleTtlMs: 540_000, floorTtlMs: 62_250 });
});
