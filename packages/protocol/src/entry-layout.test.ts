import { describe, expect, test } from "@jest/globals";
import {
  decodeHead,
  decodeTags,
  encodeDeps,
  encodeEpochs,
  encodeProvisional,
  encodeSoftened,
  encodeTags,
  managedState,
} from "./entry-layout.js";
import { noEntry } from "./entry-state.js";
import type { Marks } from "./floor-layout.js";
import { parseVersion, type Version } from "./version.js";

const v = (text: string): Version => {
  const version = parseVersion(text);
  if (version === null) throw new Error(text);
  return version;
};
const NOW = 1_700_000_000_000_000;
const state = (fields: Record<string, string>, subject: string | null = null) =>
  managedState(new Map(Object.entries(fields)), subject, NOW);
/** The value of an entry as a step for `subject` sees it; for `null`, with all its deps. */
const valueWith = (d: string, subject: string | null = "p/1") => state({ v: "", d }, subject).value;
const marks: Marks = {
  floors: [{ subject: "p/1", version: v("5"), mode: "soft", spaceKind: "timestamp", raisedAtUs: NOW }],
  blindFloor: null,
  lease: { token: "t", startUs: NOW, deadlineUs: NOW + 7 },
};

describe("deps", () => {
  const deps = new Map([
    ["catalog.product/1", v("5")],
    ["a b%2Cc/,é", v("9007199254740993")],
  ]);

  test("are written as documented and read back", () => {
    expect(encodeDeps(deps)).toBe("\ncatalog.product/1\t5\na b%2Cc/,é\t9007199254740993");
    expect(valueWith(encodeDeps(deps), null)).toEqual({ deps });
    expect(valueWith("", null)).toEqual({ deps: new Map() });
  });

  test("stand between the head and the marks, and all are read back", () => {
    const head = { loadStartUs: NOW, freshUntilUs: null, keepUntilUs: NOW + 9, encoding: "application/json" };
    const text = encodeDeps(deps, head, marks);
    expect(text).toBe(
      `${NOW}\t\t${NOW + 9}\tapplication/json\ncatalog.product/1\t5\na b%2Cc/,é\t9007199254740993` +
        `\n\f${NOW}Sp/1\t5\n\flt\t${NOW}\t${NOW + 7}`,
    );
    expect(decodeHead(text)).toEqual(head);
    const { encoding: _note, ...times } = head;
    expect(state({ v: "", d: text })).toEqual({ ...noEntry, ...times, ...marks, value: { deps } });
  });

  test.each(["\np/1", "\np/1\t", "\np/1\t05", "\np/1\t5\n", "\n\t5"])("the text %j is unversioned", (text) => {
    expect(valueWith(text, null)).toBe("unversioned");
  });

  test("one subject is found by its whole name, and never among the marks", () => {
    const text = `\np/11\t1\nx.p/1\t2\np/1\t3\np/1\t4\n\f${NOW}hp/3\t9`;
    expect(valueWith(text)).toEqual({ deps: new Map([["p/1", "3"]]) });
    expect(valueWith(text, "p/11")).toEqual({ deps: new Map([["p/11", "1"]]) });
    for (const subject of ["p/2", "p/3"]) expect(valueWith(text, subject)).toEqual({ deps: new Map() });
  });

  test.each(["\np/1\t", "\np/1\t05", "\np/1\t5x\np/2\t6"])("in %j the version of a subject cannot be read", (text) => {
    expect(valueWith(text)).toBe("unversioned");
  });

  test("a hash without them is data of another type, as is a string that is no marks", () => {
    expect(state({ v: "page" })).toEqual({ ...noEntry, value: "foreign" });
    expect(managedState("page", null, NOW)).toEqual({ ...noEntry, value: "foreign" });
  });

  test("a head that cannot be read is never served", () => {
    for (const d of ["x\np/1\t5", "\t\t\n", "1\t2\t3\t4\t5", "01234567890123456\t\t\t"]) {
      expect(decodeHead(d)).toBeNull();
      expect(state({ v: "", d }).keepUntilUs).toBe(0);
    }
  });
});

describe("the other fields", () => {
  const softened = { atUs: NOW, keepUntilUs: NOW + 5 };
  const provisional = { token: "t", deadlineUs: NOW + 6 };
  const epochs = new Map([["tenant:1", NOW]]);

  test("are written as documented and read back", () => {
    const fields = { o: encodeSoftened(softened), p: encodeProvisional(provisional), e: encodeEpochs(epochs) };
    expect(fields).toEqual({ o: `${NOW}\t${NOW + 5}`, p: `t\t${NOW + 6}`, e: `\ntenant:1\t${NOW}` });
    expect(state({ v: "", d: "", ...fields })).toMatchObject({ softened, provisional, epochs });
    expect(decodeTags(encodeTags(["a", "b"]))).toEqual(["a", "b"]);
    expect(decodeTags("")).toEqual([]);
  });

  test("what cannot be read is never served", () => {
    const read = state({ v: "", d: "", o: "x", p: "x", e: "\nx" });
    expect(read.softened).toEqual({ atUs: 0, keepUntilUs: 0 });
    expect(read.provisional).toEqual({ token: "", deadlineUs: 0 });
    expect([...read.epochs.values()]).toEqual([-1]);
  });
});
