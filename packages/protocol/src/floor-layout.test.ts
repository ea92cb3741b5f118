import { describe, expect, test } from "@jest/globals";
import { encodeFloors, encodeMarks, isMarks, type Marks, readMarks } from "./floor-layout.js";
import { parseVersion, type Version } from "./version.js";

const v = (text: string): Version => {
  const version = parseVersion(text);
  if (version === null) throw new Error(text);
  return version;
};
const NOW = 1_700_000_000_000_000;
const none: Marks = { floors: [], blindFloor: null, lease: null };
const one = { subject: "p/1", version: v("5"), mode: "hard", spaceKind: "counter", raisedAtUs: NOW } as const;
const all: Marks = {
  floors: [one, { subject: "p/2", version: v("0"), mode: "soft", spaceKind: "timestamp", raisedAtUs: 1 }],
  blindFloor: { mode: "soft", raisedAtUs: NOW - 1 },
  lease: { token: "abc", startUs: NOW, deadlineUs: NOW + 5_000_000 },
};

describe("marks", () => {
  test.each([
    ["nothing", none, ""],
    ["one floor, bare", { ...none, floors: [one] }, `${NOW}hp/1\t5`],
    ["a lease", { ...none, lease: all.lease }, `\nlabc\t${NOW}\t${NOW + 5_000_000}`],
    ["a blind floor", { ...none, blindFloor: all.blindFloor }, `\n${NOW - 1}s*\t`],
    ["everything", all, `\n${NOW}hp/1\t5\n0000000000000001Sp/2\t0\n${NOW - 1}s*\t\nlabc\t${NOW}\t${NOW + 5_000_000}`],
  ])("are written as documented and read back: %s", (_what, marks, text) => {
    expect(encodeMarks(marks)).toBe(text);
    expect(readMarks(text, NOW)).toEqual(marks);
    expect(isMarks(text)).toBe(text !== "");
  });

  test("of a tag are lines, also where there is one", () => {
    expect(encodeFloors({ floors: [one], blindFloor: null })).toBe(`\n${NOW}hp/1\t5`);
    expect(readMarks(null, NOW)).toEqual(none);
  });

  test.each([
    "x",
    `\n${NOW}hp/1\t05`,
    `\n${NOW}hp/1\t`,
    `\n${NOW}xp/1\t5`,
    "\n1hp/1\t5",
    `\n${NOW}h*\t5`,
    `\n${NOW}H*\t`,
    `\n${NOW}hp/1\t5\n`,
    `\n${NOW}hp/1\t5\nlabc\t1`,
    "\nlabc\tx\t2",
    "\nlabc\t1\t12345678901234567",
  ])("%j as a whole cannot be read: a blind floor raised now, and no lease", (text) => {
    expect(readMarks(text, NOW)).toEqual({ ...none, blindFloor: { mode: "hard", raisedAtUs: NOW } });
  });

  test.each(["", "page", "{}", "12", "12\npayload", `${NOW}`, `${NOW}x`, "\n", "\npage", "1234567890123456789h"])(
    "%j is some other service's",
    (text) => {
      expect(isMarks(text)).toBe(false);
    },
  );
});
