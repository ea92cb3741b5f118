import { describe, expect, test } from "@jest/globals";
import type { EntryState } from "./decide.js";
import { decodeLease, encodeDeps, encodeFloors, encodeLease, type ManagedFields, managedState, readFloors } from "./entry-layout.js";
import { parseVersion, type Version } from "./version.js";

const v = (text: string): Version => {
  const version = parseVersion(text);
  if (version === null) throw new Error(text);
  return version;
};
const NOW = 1_700_000_000_000_000;
const fields: ManagedFields = { deps: "\np/1\t5", keepUntil: null, floors: null, lease: null, hasMore: true };
/** The value of an entry as a step for `subject` sees it; for `null`, with all its deps. */
const valueWith = (change: Partial<ManagedFields>, subject: string | null = "p/1") =>
  managedState({ ...fields, ...change }, subject, NOW).value;

describe("deps", () => {
  const deps = new Map([
    ["catalog.product/1", v("5")],
    ["a b%2Cc/,é", v("9007199254740993")],
  ]);

  test("are written as documented and read back", () => {
    expect(encodeDeps(deps)).toBe("\ncatalog.product/1\t5\na b%2Cc/,é\t9007199254740993");
    expect(valueWith({ deps: encodeDeps(deps) }, null)).toEqual({ deps });
    expect(valueWith({ deps: "" }, null)).toEqual({ deps: new Map() });
  });

  test.each(["p/1\t5", "\np/1", "\np/1\t", "\np/1\t05", "\np/1\t5\n", "\n\t5", "x"])("the text %j is unversioned", (text) => {
    expect(valueWith({ deps: text }, null)).toBe("unversioned");
  });

  test("one subject is found by its whole name", () => {
    const text = "\np/11\t1\nx.p/1\t2\np/1\t3\np/1\t4";
    expect(valueWith({ deps: text }, "p/1")).toEqual({ deps: new Map([["p/1", "3"]]) });
    expect(valueWith({ deps: text }, "p/11")).toEqual({ deps: new Map([["p/11", "1"]]) });
    expect(valueWith({ deps: text }, "p/2")).toEqual({ deps: new Map() });
  });

  test.each([
    ["p/1\t5", "p/1"],
    ["\np/1\t", "p/1"],
    ["\np/1\t05", "p/1"],
    ["\np/1\t5x\np/2\t6", "p/1"],
  ])("in %j the version of a subject cannot be read", (text, subject) => {
    expect(valueWith({ deps: text }, subject)).toBe("unversioned");
  });
});

describe("floors", () => {
  const floors: Pick<EntryState, "floors" | "blindFloor"> = {
    floors: [
      { subject: "p/1", version: v("5"), mode: "hard", raisedAtUs: NOW },
      { subject: "p/2", version: v("0"), mode: "soft", raisedAtUs: NOW + 1 },
    ],
    blindFloor: { mode: "soft", raisedAtUs: NOW - 1 },
  };

  test("are written as documented and read back", () => {
    expect(encodeFloors(floors)).toBe(`\np/1\t5\th${NOW}\np/2\t0\ts${NOW + 1}\n*\t\ts${NOW - 1}`);
    expect(readFloors(encodeFloors(floors), NOW)).toEqual(floors);
    expect(readFloors("", NOW)).toEqual({ floors: [], blindFloor: null });
    expect(readFloors(null, NOW)).toEqual({ floors: [], blindFloor: null });
  });

  test.each([
    "x",
    "\np/1\t5\th",
    "\np/1\t05\th1",
    "\np/1\t5\tx1",
    "\np/1\t5\th01",
    "\n*\t5\th1",
    "\np/1\t\th1",
    "\np/1\t5\th12345678901234567",
    "\np/1\t5\th1\n",
  ])("%j as a whole cannot be read, and counts as a blind floor raised now", (text) => {
    expect(readFloors(text, NOW)).toEqual({ floors: [], blindFloor: { mode: "hard", raisedAtUs: NOW } });
  });
});

describe("a lease", () => {
  test("is written as documented and read back", () => {
    const lease = { token: "abc", startUs: NOW, deadlineUs: NOW + 5_000_000 };
    expect(encodeLease(lease)).toBe(`abc\t${NOW}\t${NOW + 5_000_000}`);
    expect(decodeLease(encodeLease(lease))).toEqual(lease);
  });

  test.each(["", "abc", "abc\t1", "\t1\t2", "abc\t1\t2\t3", "abc\tx\t2", "a\nb\t1\t2", "abc\t1\t12345678901234567"])(
    "%j is none",
    (text) => {
      expect(decodeLease(text)).toBeNull();
    },
  );
});

describe("a managed entry", () => {
  test("shows a step the one dep it asks for, and others all of them", () => {
    expect(valueWith({})).toEqual({ deps: new Map([["p/1", "5"]]) });
    expect(valueWith({}, "p/2")).toEqual({ deps: new Map() });
    expect(valueWith({ deps: "\np/1\t5\np/2\t6" }, null)).toEqual({ deps: new Map(Object.entries({ "p/1": "5", "p/2": "6" })) });
  });

  test("has no value without more than floors and lease, nor at its keep-until", () => {
    expect(valueWith({ hasMore: false })).toBeNull();
    expect(valueWith({ keepUntil: String(NOW) })).toBeNull();
    expect(valueWith({ keepUntil: String(NOW + 1) })).not.toBeNull();
  });

  test.each([{ deps: null }, { deps: "p/1\t5" }, { deps: "\np/1\tx" }, { keepUntil: "soon" }, { keepUntil: "01" }])(
    "%j is unversioned",
    (change) => {
      expect(valueWith(change)).toBe("unversioned");
    },
  );
});
