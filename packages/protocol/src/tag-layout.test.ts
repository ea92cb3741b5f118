import { describe, expect, test } from "@jest/globals";
import type { EpochState } from "./decide-epoch.js";
import { noTag, type PendingBust, type TagState } from "./decide-tag.js";
import { decodeCursor, decodeEpoch, decodeTag, encodeCursor, encodeEpoch, encodePending, encodeTag, readPending } from "./tag-layout.js";
import { parseVersion, type Version } from "./version.js";

const NOW_US = 1_700_000_000_000_000;
const unreadable: PendingBust = { subject: "*", version: null, spaceKind: "none", mode: "hard", raisedAtUs: NOW_US };

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (version === null) throw new Error(`${text} is no version`);
  return version;
}

const busts: readonly PendingBust[] = [
  { subject: "catalog.product/1", version: versionOf("18446744073709551615"), spaceKind: "counter", mode: "hard", raisedAtUs: NOW_US },
  { subject: "catalog.product/*", version: versionOf("0"), spaceKind: "timestamp", mode: "soft", raisedAtUs: NOW_US + 1 },
  { subject: "catalog.brand/7 of ü", version: null, spaceKind: "none", mode: "soft", raisedAtUs: 5 },
];

describe("lists of pending busts", () => {
  test("come back as they were", () => {
    expect(readPending(encodePending(busts), NOW_US)).toEqual(busts);
    expect(readPending("", NOW_US)).toEqual([]);
  });

  test("are written as documented", () => {
    expect(encodePending(busts.slice(0, 2))).toBe(
      "\n1700000000000000hccatalog.product/1\t18446744073709551615\n1700000000000001stcatalog.product/*\t0",
    );
  });

  test.each([
    "x",
    "1700000000000000hca/1\t5",
    "\n1700000000000000hca/1\t05",
    "\n170000000000000hca/1\t5",
    "\n1700000000000000xca/1\t5",
    "\n1700000000000000hxa/1\t5",
    "\n1700000000000000hc\t5",
    "\n1700000000000000hca/1\t5\n",
    "\n1700000000000000hca/1\t5\nrest",
  ])("that cannot be read count as one blind bust, raised now: %j", (text) => {
    expect(readPending(text, NOW_US)).toEqual([unreadable]);
  });
});

describe("cursors", () => {
  test.each(["product:1", "a\tb\nc", ""])("come back as they were: %j", (member) => {
    expect(decodeCursor(encodeCursor({ score: NOW_US, member }))).toEqual({ score: NOW_US, member });
  });

  test.each(["", "17", "x\tkey", "\tkey", "-1\tkey"])("that cannot be read are none: %j", (text) => {
    expect(decodeCursor(text)).toBeNull();
  });
});

describe("states of tags", () => {
  const state: TagState = {
    floors: [{ subject: "a/1", version: versionOf("7"), mode: "soft", spaceKind: "timestamp", raisedAtUs: NOW_US }],
    blindFloor: { mode: "hard", raisedAtUs: NOW_US - 1 },
    sweep: { id: "worker-1", heldUntilUs: NOW_US + 5, cursor: { score: 17, member: "product:1" }, busts },
    next: busts.slice(1),
    keepMsMax: 60_000,
  };

  test.each([
    ["everything", state],
    ["nothing", noTag],
    ["a walk that has just begun", { ...state, sweep: { id: "w", heldUntilUs: 1, cursor: null, busts } }],
  ])("come back as they were: %s", (_what, each) => {
    expect(decodeTag(encodeTag(each), NOW_US)).toEqual(each);
  });

  test("of nothing take no field", () => {
    expect(encodeTag(noTag).size).toBe(0);
  });

  test("that cannot be read are strict: blind floor, blind busts, a walk to be claimed", () => {
    const fields = new Map<string, string>(["f", "n", "b", "u", "c", "k"].map((field) => [field, "?"])).set("i", "w");
    expect(decodeTag(fields, NOW_US)).toEqual({
      floors: [],
      blindFloor: { mode: "hard", raisedAtUs: NOW_US },
      sweep: { id: "w", heldUntilUs: 0, cursor: null, busts: [unreadable] },
      next: [unreadable],
      keepMsMax: 0,
    });
  });
});

describe("epochs", () => {
  const state: EpochState = {
    generation: NOW_US + 1,
    hardGeneration: NOW_US,
    records: [
      { subject: "tenant/1", version: versionOf("99999999999999999999"), mode: "soft" },
      { subject: "tenant/2", version: versionOf("0"), mode: "hard" },
    ],
  };

  test("come back as they were", () => {
    expect(decodeEpoch(encodeEpoch(state))).toEqual(state);
    expect(decodeEpoch(encodeEpoch({ ...state, records: [] }))).toEqual({ ...state, records: [] });
  });

  test.each([{}, { g: "5" }, { h: "5" }, { g: "5", h: "x" }, { g: "-5", h: "5" }, { g: "12345678901234567", h: "5" }])(
    "that cannot be read are lost: %j",
    (fields) => {
      expect(decodeEpoch(new Map(Object.entries(fields)))).toBeNull();
    },
  );

  test.each(["x", "\nhs/1\t05", "\nxs/1\t5", "\nhs/1\t5\n"])("whose records cannot be read have none: %j", (r) => {
    expect(decodeEpoch(new Map(Object.entries({ g: "7", h: "5", r })))).toEqual({ generation: 7, hardGeneration: 5, records: [] });
  });
});
