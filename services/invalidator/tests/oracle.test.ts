import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { testSeed } from "./config.js";
import { makeEntries } from "./entries.js";
import { foretell, type InitialEntry, type SentRecord } from "./oracle.js";
import { poisonReasons } from "./poison.js";
import { makeWorkload } from "./workload.js";

const keyPrefix = "t:";

function sent(event: Record<string, unknown>): SentRecord {
  const base = { specversion: "1.0", id: "1", source: "/shop", type: "product.created", subject: "p1" };
  return { partition: 0, key: null, value: Buffer.from(JSON.stringify({ ...base, ...event })), headers: [] };
}

function managed(deps: Record<string, string>): InitialEntry {
  return { kind: "managed", key: "t:product:p1", managed: { value: "v", deps: new Map(Object.entries(deps)), floors: new Map() } };
}

function hash(rev: string): InitialEntry {
  return { kind: "hash", key: "t:hash:p1", raw: { type: "hash", fields: new Map([["rev", rev]]) } };
}

function bytesOf(record: SentRecord): string {
  const headers = record.headers.map(([name, value]) => `${name}=${value?.toString("latin1") ?? null}`);
  return [record.key?.toString("latin1") ?? null, record.value?.toString("latin1"), ...headers].join("\n");
}

describe("the oracle", () => {
  test("imports nothing but itself: no package, no client library", () => {
    for (const file of ["oracle.ts", "oracle-records.ts"]) {
      const text = readFileSync(join(import.meta.dirname, file), "utf8");
      const imported = [...text.matchAll(/(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1]);
      expect(imported.length).toBeGreaterThan(0);
      expect(imported.filter((name) => !/^\.\/oracle(-records)?\.js$/.test(name ?? ""))).toEqual([]);
      expect(text).not.toMatch(/@freshet|packages\/[a-z]+\/src/);
    }
  });

  test("keeps what is new enough, drops what is not, and knows the highest floor", () => {
    const initial = [managed({ "catalog.product/p1": "10" }), hash("9")];
    const events = [sent({ freshetversion: "9" }), sent({ freshetversion: "10" })];
    const expected = foretell({ keyPrefix, initial, sent: events });
    expect(expected.entries.get("t:product:p1")).toEqual({ value: "unchanged", floors: new Map([["catalog.product/p1", "10"]]) });
    expect(expected.entries.get("t:hash:p1")).toEqual({ value: "gone", floors: new Map() });
    expect(expected.counts).toEqual({ noMatch: 0, ignored: 0, dead: 0, appliedOrCovered: 2, appliedAtLeast: 1, coveredAtLeast: 0 });
  });

  test.each([
    ["9007199254740992", "9007199254740993", "gone"],
    ["9007199254740993", "9007199254740992", "unchanged"],
    ["9", "10", "gone"],
    ["10", "9", "unchanged"],
    ["5", "5", "unchanged"],
  ])("an entry of version %s after an event of version %s is %s", (held, version, value) => {
    const expected = foretell({ keyPrefix, initial: [hash(held)], sent: [sent({ freshetversion: version })] });
    expect(expected.entries.get("t:hash:p1")?.value).toBe(value);
  });

  test("a poison record changes nothing", () => {
    const initial = [managed({}), hash("1")];
    const expected = foretell({ keyPrefix, initial, sent: [sent({ freshetversion: "9".repeat(21) }), sent({})] });
    expect([...expected.entries.values()].map(({ value }) => value)).toEqual(["unchanged", "unchanged"]);
    expect([...expected.poison]).toEqual([
      [0, "version_invalid"],
      [1, "version_missing"],
    ]);
  });
});

describe("the workload", () => {
  const seed = testSeed();
  const size = { events: 20_000, products: 4_000, partitions: 6 };
  const workload = makeWorkload(seed, size);
  const initial = makeEntries({ seed, keyPrefix, products: workload.products, count: 4_000 });
  const expected = foretell({ keyPrefix, initial, sent: workload.sent });

  test(`is read by the oracle as the generator meant it (seed ${seed})`, () => {
    workload.meant.forEach((meant, at) => {
      if ((expected.poison.get(at) ?? "good") !== meant) {
        throw new Error(`record ${at}: meant ${meant}, read ${expected.poison.get(at)}: ${workload.sent[at]?.value?.toString()}`);
      }
    });
  });

  test(`has 2 % poison of every reason, 10 % duplicates, and the same seed gives the same bytes (seed ${seed})`, () => {
    const reasons = Map.groupBy(expected.poison.values(), (reason) => reason);
    expect(expected.poison.size).toBe(400);
    for (const reason of poisonReasons) expect(reasons.get(reason)?.length ?? 0).toBeGreaterThan(20);
    const events = workload.sent.filter((record) => record.value !== null);
    expect(events.length).toBe(20_000);
    const distinct = new Set(events.map(bytesOf));
    expect(distinct.size).toBeLessThanOrEqual(18_000);
    expect(distinct.size).toBeGreaterThan(17_900);
    expect(makeWorkload(seed, size).sent.map(bytesOf).join()).toBe(workload.sent.map(bytesOf).join());
  });

  test(`leaves enough of each end to tell a wrong product from a right one (seed ${seed})`, () => {
    for (const kind of ["managed", "hash", "json", "opaque"]) {
      const ends = initial.filter((entry) => entry.kind === kind).map((entry) => expected.entries.get(entry.key)?.value);
      expect(ends.length).toBe(4_000);
      expect(ends.filter((end) => end === "gone").length).toBeGreaterThan(400);
      expect(ends.filter((end) => end === "unchanged").length).toBeGreaterThan(400);
    }
    const { noMatch, appliedAtLeast, coveredAtLeast, appliedOrCovered } = expected.counts;
    expect(Math.min(noMatch, appliedAtLeast, coveredAtLeast)).toBeGreaterThan(100);
    expect(appliedAtLeast + coveredAtLeast).toBeLessThanOrEqual(appliedOrCovered);
  });
});
