import { type EntrySpec, parseVersion, type Version } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { scripts } from "./generated/scripts.js";
import { redisEntries } from "./redis-entries.js";
import type { RedisLink } from "./redis-link.js";
import { redisTags } from "./redis-tags.js";

type Store = ReturnType<typeof redisEntries> & ReturnType<typeof redisTags>;
type Call = (store: Store) => Promise<unknown>;

const version = parseVersion("5") as Version;
const spec = { floorTtlMs: 60_000, skewMs: 1 };
const entry: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 0 };
const gated: EntrySpec = { ...entry, kind: "prefix" };
const lease = { key: "a", token: "t", epochs: new Map(), leaseTtlMs: 5_000 };
const load = { key: "a", token: "t", primaryRead: false, keepMs: 60_000, readLagMs: 1_000 };
const fill = { ...load, entry, value: Buffer.from("x"), encoding: "", deps: new Map(), tags: [], epochs: new Map(), freshMs: null };
const set = { ...load, entry: gated, content: Buffer.from("x"), subject: "p/1", version };
const tagBust = { tag: "a", subject: "p/1", version, spaceKind: "counter", mode: "hard", rule: "r", spec } as const;
const step = { id: "w", holdMs: 1_000, cursor: { score: 1, member: "k" }, gone: [] };
const T = "1700000000000000";

/** A script, a call that runs it, and each reply that its header lists, nothing else varied. */
const listed: readonly (readonly [keyof typeof scripts, Call, readonly (readonly unknown[])[]])[] = [
  ["read", (store) => store.read("a", entry, []), [[T, null, null, null, null, null, null]]],
  [
    "lease",
    (store) => store.lease({ ...lease, entry }),
    [
      [T, "hit", "", "x", "", null],
      [T, "leased", T, null, null, null, "p/1", "5"],
      [T, "busy", "5", null, null, null],
      [T, "stale_leased", T, "x", "", null],
      [T, "stale_busy", "5", "x", "", null],
    ],
  ],
  [
    "lease-gated",
    (store) => store.lease({ ...lease, entry: gated }),
    ["hit", "leased", "busy"].map((word) => [T, word, "5", null, null, null]),
  ],
  [
    "fill",
    (store) => store.fill({ ...fill, provisionalMs: 1_000 }),
    ["filled", "lease_lost", "floor", "epoch", "older"].map((word) => [T, word, T]),
  ],
  ["promote", (store) => store.promote("a", entry, "t"), ["promoted", "gone"].map((word) => [T, word])],
  ["drop", (store) => store.drop("a", entry, "t"), ["dropped", "gone"].map((word) => [T, word])],
  ["set-if-newer", (store) => store.setIfNewer(set), ["stored", "lease_lost", "floor", "older", "foreign"].map((word) => [T, word])],
  ["bust-tag", (store) => store.bustTags([{ ...tagBust, target: "tag" }]), ["p", "c"].map((letter) => [T, letter])],
  ["epoch-bump", (store) => store.bustTags([{ ...tagBust, target: "epoch" }]), ["b", "c"].map((letter) => [T, letter, T])],
  ["epoch-get", (store) => store.epochs([{ tag: "a", skewMs: 1 }]), [[T, T, T]]],
  ["index-add", (store) => store.indexAdd({ tag: "a", key: "k", fillTimeUs: 1, keepMs: 1, ...spec }), [[T, "1", ""]]],
  ["index-remove", (store) => store.indexRemove("a", [{ key: "k", score: 1 }]), [[T, "1"]]],
  ["index-trim", (store) => store.trimIndex("a", 1), [[T, "1"]]],
  ["sweep-claim", (store) => store.claimSweep("a", { id: "w", holdMs: 1_000 }), ["c", "h", "i"].map((letter) => [T, letter, "", ""])],
  ["sweep-move", (store) => store.moveSweep("a", step), ["m", "l"].map((letter) => [T, letter])],
  ["sweep-end", (store) => store.endSweep("a", "w"), ["e", "m", "l"].map((letter) => [T, letter])],
  ["registry-forget", (store) => store.forgetSweep({ tag: "a", seen: 1 }), [[T, "1"]]],
  ["tag-get", (store) => store.inspectTag("a"), [[T, "1", [], []]]],
];

/** A store whose Redis gives one script that reply, and puts tags on the list of those to be walked. */
function storeOn(script: string, reply: unknown): Store {
  const answer = (name: string) => (name === "registry-add" && script !== name ? [T] : reply);
  const asBytes = (part: unknown): unknown => (typeof part === "string" ? Buffer.from(part) : part);
  const link: RedisLink = {
    run: async (calls) =>
      calls.map(({ run, asBytes: wantsBytes }) => {
        const given = answer("script" in run ? run.script : "");
        return wantsBytes === true && Array.isArray(given) ? given.map(asBytes) : given;
      }),
    groupOf: () => "",
    readAt: () => Promise.reject(new Error("nothing is read")),
    eachMaster: async () => [],
    close: () => undefined,
  };
  return { ...redisEntries(link, "fr:"), ...redisTags(link, { prefix: "fr:" }) };
}

/** Replies that are none: of another shape, without a time, with a part too many or too few, with an outcome that nobody lists. */
function unlisted(script: string, good: readonly unknown[]): readonly unknown[] {
  const [, ...rest] = good;
  const hasOutcome = typeof good[1] === "string" && !/^\d+$/.test(good[1]);
  const times = ["", "x", "-1", "12345678901234567", 5, null].map((time) => [time, ...rest]);
  const outcomes = ["", "x", "FILLED", 1, null].map((outcome) => [good[0], outcome, ...good.slice(2)]);
  const counts =
    script === "read" || script === "tag-get" ? [] : [["x", null, 7].map((count) => [good[0], count, ...good.slice(2)])].flat();
  return [null, "OK", [], [[]], good.slice(0, -1), [...good, "more"], ...times, ...(hasOutcome ? outcomes : counts)];
}

test("every script whose reply is read has its line here", () => {
  // Busts have a test of their own; the others answer with nothing but their time.
  const others = ["bust", "bust-other", "keep-marks", "registry-add"];
  expect([...listed.map(([script]) => script), ...others].sort()).toEqual(Object.keys(scripts).sort());
});

describe("what a script answers", () => {
  test.each(listed)("%s: each reply that it lists is taken", async (script, call, replies) => {
    for (const reply of replies) await expect(call(storeOn(script, reply))).resolves.toBeDefined();
  });

  test.each(listed)("%s: any other is an error that halts, and nothing counts as done", async (script, call, replies) => {
    for (const reply of replies.flatMap((good) => unlisted(script, good))) {
      const settled = await call(storeOn(script, reply)).then(
        (done) => ({ reply, done }),
        ({ code, disposition }: { code?: string; disposition?: string }) => ({ reply, code, disposition }),
      );
      expect(settled).toEqual({ reply, code: "FR2005", disposition: "halt" });
    }
  });

  test("registry-add: a bust of a tag that is not surely registered is none", async () => {
    for (const reply of [null, [], ["x"], [T, "more"]]) {
      const done = storeOn("registry-add", reply).bustTags([{ ...tagBust, target: "tag" }]);
      await expect(done).rejects.toMatchObject({ code: "FR2005", disposition: "halt" });
    }
  });
});
