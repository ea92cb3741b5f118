import { type KeyBust, limits, type Version } from "@freshet/protocol";
import type { FillRequest, LeaseRequest, SetRequest } from "@freshet/store";
import { describe, expect, test } from "@jest/globals";
import { fillOf, gated, leaseOf, managed, setOf } from "./entry-bench.js";
import { bustOf, depsOf, entries } from "./store-bench.js";
import type { Bench } from "./store-conformance-floors.js";

const long = (bytes: number) => "é".repeat(Math.floor(bytes / 2) + 1);
const many = (count: number) => Array.from({ length: count }, (_, i) => `s/${i}`);
const raw = (digits: string) => digits as Version;
const epoch = { generation: 1, hardGeneration: 1, ageUs: 1 };
const noBrace = "x}y";
const half = "\ud83d";

const fills: readonly (readonly [string, Partial<FillRequest>, RegExp])[] = [
  ["257 deps", { deps: depsOf(...many(limits.depsPerEntryMax + 1).map((s) => [s, "1"] as const)) }, /^257 deps/],
  ["65 tags", { tags: many(limits.tagsPerEntryMax + 1) }, /^65 tags/],
  ["a tag twice", { tags: ["a", "a"] }, /twice/],
  ["65 epochs", { epochs: new Map(many(65).map((tag) => [tag, epoch])) }, /^65 epoch tags/],
  ["a long key", { key: long(512) }, /key has 514 bytes/],
  ["no key", { key: "" }, /key has 0 bytes/],
  ["a long subject", { deps: new Map([[long(512), raw("1")]]) }, /subject has 514 bytes/],
  ["no subject", { deps: new Map([["", raw("1")]]) }, /subject has 0 bytes/],
  ["a long tag", { tags: [long(512)] }, /tag/],
  ["no tag", { tags: [""] }, /tag/],
  ["a tag in no slot", { tags: ["}a"] }, /tag/],
  ["a long token", { token: long(64) }, /token has 66 bytes/],
  ["no token", { token: "" }, /token has 0 bytes/],
  ["a long encoding", { encoding: long(64) }, /encoding has 66 bytes/],
  ["a line break in a token", { token: "a\nb" }, /token holds control characters/],
  ["a tab in a subject", { deps: new Map([["a\tb", raw("1")]]) }, /subject holds control characters/],
  ["a form feed in a subject", { deps: new Map([["\fa", raw("1")]]) }, /subject holds control characters/],
  ["a line break in a tag", { tags: ["a\nb"] }, /tag holds control characters/],
  ["a tab in the encoding", { encoding: "a\tb" }, /encoding holds control characters/],
  ...["", "007", "-1", "1.0", "1e3", " 1", "123456789012345678901"].map(
    (digits) => [`the version ${JSON.stringify(digits)}`, { deps: new Map([["a", raw(digits)]]) }, /not canonical/] as const,
  ),
  ...[0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53].flatMap((ms) => [
    [`keepMs ${ms}`, { keepMs: ms }, /^keepMs is/] as const,
    [`freshMs ${ms}`, { freshMs: ms }, /^freshMs is/] as const,
    [`provisionalMs ${ms}`, { tags: ["a"], provisionalMs: ms }, /^provisionalMs is/] as const,
  ]),
  ["a negative R", { readLagMs: -1 }, /^readLagMs is -1/],
  ["an R as long as F", { readLagMs: managed.floorTtlMs }, /read lag/],
  ["no F", { entry: { ...managed, floorTtlMs: 0 } }, /^floorTtlMs is 0/],
  ["another kind", { entry: entries.gatedHash }, /managed/],
  ["half a surrogate pair in a key", { key: half }, /key holds half a surrogate pair/],
  ["half a surrogate pair in a subject", { deps: new Map([[half, raw("1")]]) }, /subject holds half/],
  ["half a surrogate pair in a tag", { tags: [half] }, /tag holds half/],
  ["half a surrogate pair in an epoch tag", { epochs: new Map([[half, epoch]]) }, /tag holds half/],
  ["half a surrogate pair in a token", { token: half }, /token holds half/],
  ["half a surrogate pair in the encoding", { encoding: half }, /encoding holds half/],
];

const leases: readonly (readonly [string, Partial<LeaseRequest>, RegExp])[] = [
  ["no token", { token: "" }, /token has 0 bytes/],
  ["a lease of no time", { leaseTtlMs: 0 }, /^leaseTtlMs is 0/],
  ["a lease longer than F", { leaseTtlMs: managed.floorTtlMs + 1 }, /outlives/],
  ["an epoch that is none", { epochs: new Map([["a", { ...epoch, generation: 0.5 }]]) }, /epoch/],
  ["an opaque entry", { entry: entries.opaque }, /opaque/],
  ["no gate", { entry: entries.hash }, /gate/],
  ["no version key", { entry: gated.companion }, /version key/],
  ["a version key for others", { entry: gated.json, versionKey: "a" }, /version key/],
  ["no slot for a companion", { entry: gated.json, key: noBrace }, /companion in its slot/],
  ["half a surrogate pair in a key", { key: `a${half}` }, /key holds half/],
  ["half a surrogate pair in a version key", { entry: gated.companion, versionKey: half }, /key holds half/],
  ["a version key that is the entry's", { entry: gated.companion, key: "same", versionKey: "same" }, /key of the entry/],
];

const sets: readonly (readonly [string, "hash" | "json", Partial<SetRequest>, RegExp])[] = [
  ["fields for json", "json", { content: new Map() }, /content/],
  ["bytes for a hash", "hash", { content: Buffer.from("x") }, /content/],
  ["json without its version", "json", { content: Buffer.from("{}") }, /does not hold the version/],
  ["the version's own field", "hash", { content: new Map([["ver", "5"]]) }, /version's own/],
  ["a field of ours", "hash", { content: new Map([["fr:f", "x"]]) }, /begins with fr:/],
  ["1,001 fields", "hash", { content: new Map(many(1_001).map((name) => [name, "1"])) }, /^1001 fields/],
  ["a version that is none", "hash", { version: raw("05") }, /not canonical/],
  ["keepMs 0", "hash", { keepMs: 0 }, /^keepMs is 0/],
  ["half a surrogate pair in a subject", "json", { subject: half }, /subject holds half/],
  ["half a surrogate pair in a field", "hash", { content: new Map([[half, "1"]]) }, /field holds half/],
  ["half a surrogate pair in the text of a field", "hash", { content: new Map([["a", half]]) }, /text of a field holds half/],
];

const busts: readonly (readonly [string, Partial<KeyBust>, RegExp])[] = [
  ["no key", { key: "" }, /key has 0 bytes/],
  ["a long key", { key: long(512) }, /key has 514 bytes/],
  ["half a surrogate pair in a key", { key: `a${half}b` }, /key holds half/],
  ["half a surrogate pair in a version key", { entry: entries.companion, versionKey: half }, /key holds half/],
  ["no subject", { subject: "" }, /subject has 0 bytes/],
  ["a long subject", { subject: long(512) }, /subject has 514 bytes/],
  ["half a surrogate pair in a subject", { subject: half }, /subject holds half/],
  ["a version that is not canonical", { version: raw("05") }, /not canonical/],
  ["an F that is none", { entry: { ...managed, floorTtlMs: Number.NaN } }, /^floorTtlMs is NaN/],
];

/** Requests that break a limit: refused with what and how much, before anything is sent. */
export function requestTests({ store, key }: Bench): void {
  const refusal = (message: RegExp) => ({ code: "FR1006", disposition: "usage", message: expect.stringMatching(message) });

  describe("a request that breaks a limit is refused, and nothing is sent", () => {
    test.each(fills)("fill: %s", async (_what, change, message) => {
      await store().lease(leaseOf(key("a")));
      await expect(store().fill(fillOf(key("a"), change))).rejects.toMatchObject(refusal(message));
      expect(await store().inspect(key("a"), managed)).toMatchObject({ value: null, lease: { token: "t1" } });
    });

    test.each(leases)("lease: %s", async (_what, change, message) => {
      await expect(store().lease(leaseOf(key("a"), change))).rejects.toMatchObject(refusal(message));
      expect((await store().inspect(key("a"), managed)).redisType).toBe("none");
    });

    test.each(sets)("setIfNewer: %s", async (_what, kind, change, message) => {
      await expect(store().setIfNewer(setOf(kind, key("a"), change))).rejects.toMatchObject(refusal(message));
      expect((await store().inspect(key("a"), gated[kind])).redisType).toBe("none");
    });

    test.each(busts)("bust: %s", async (_what, change, message) => {
      const fine = bustOf({ key: key("a"), entry: managed, version: "5" });
      await expect(store().bust([fine, { ...fine, ...change }])).rejects.toMatchObject(refusal(message));
      await expect(store().preview([fine, { ...fine, ...change }])).rejects.toMatchObject(refusal(message));
      expect((await store().inspect(key("a"), managed)).redisType).toBe("none");
    });

    test("read, promote and drop", async () => {
      const epochTags = many(65).map((tag) => ({ tag, skewMs: 1 }));
      await expect(store().read(key("a"), managed, epochTags)).rejects.toMatchObject(refusal(/^65 epoch tags/));
      await expect(store().read(key("a"), entries.json, [])).rejects.toMatchObject(refusal(/managed/));
      await expect(store().read("", managed, [])).rejects.toMatchObject(refusal(/key has 0 bytes/));
      await expect(store().read(half, managed, [])).rejects.toMatchObject(refusal(/key holds half/));
      await expect(store().read(key("a"), managed, [{ tag: half, skewMs: 1 }])).rejects.toMatchObject(refusal(/tag holds half/));
      await expect(store().inspect(half, managed)).rejects.toMatchObject(refusal(/key holds half/));
      await expect(store().promote(key("a"), managed, "")).rejects.toMatchObject(refusal(/token has 0 bytes/));
      await expect(store().drop(key("a"), managed, "\n")).rejects.toMatchObject(refusal(/control characters/));
    });
  });
}
