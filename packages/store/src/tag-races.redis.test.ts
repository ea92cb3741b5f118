import { readFileSync } from "node:fs";
import * as protocol from "@freshet/protocol";
import { freshPrefix, patientTimeouts, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { compileModule } from "../tests/compile.js";
import { replaceOnce } from "../tests/edits.js";
import { interleaved } from "../tests/interleave.js";
import type { Mutant } from "../tests/mutants.js";
import * as members from "./bust-members.js";
import { scripts } from "./generated/scripts.js";
import * as own from "./own-keys.js";
import type { StorePort } from "./port.js";
import * as busts from "./redis-busts.js";
import * as epochs from "./redis-epochs.js";
import { type RedisLink, singleLink } from "./redis-link.js";
import * as sweeps from "./redis-sweeps.js";
import { redisTags } from "./redis-tags.js";
import * as keys from "./tag-keys.js";
import * as replies from "./tag-replies.js";
import * as requests from "./tag-requests.js";

type Tags = ReturnType<typeof redisTags>;
type MakeTags = typeof redisTags;

const spec = { floorTtlMs: 60_000, skewMs: 1 };
const bust = { target: "tag", subject: "p/1", version: null, spaceKind: "none", mode: "hard", rule: "r", spec } as const;
const prefix = `${freshPrefix("tag-races")}:`;
const given = { ...protocol, ...busts, ...members, ...own, ...epochs, ...sweeps, ...keys, ...replies, ...requests, scripts };
let link: RedisLink;
let count = 0;

beforeAll(() => {
  link = singleLink({ url: testRedisUrl(), timeouts: patientTimeouts });
});
afterAll(async () => {
  const own = Array.from({ length: count }, (_, i) => `${prefix}${i + 1}:`);
  const all = own.flatMap((each) => [keys.registryKey(each), keys.tagKeys(each, "a").state]);
  await link.run(all.map((key) => ({ run: { command: "unlink" }, keys: [key], args: [] })));
  link.close();
});

function fresh(): { tag: string; own: string } {
  count++;
  return { tag: "a", own: `${prefix}${count}:` };
}

/** `redis-tags.ts`, edited. */
function edited({ from, to }: Mutant): MakeTags {
  const text = readFileSync(new URL("redis-tags.ts", import.meta.url), "utf8");
  return compileModule(replaceOnce(text, from, to), ["redisTags"], given).redisTags as MakeTags;
}

/** A worker looks, finds the tag registered and nothing pending, and takes it off; it may be slow in between. */
async function look(worker: Tags) {
  const [registered] = await worker.pendingSweeps();
  const idle = registered !== undefined && (await worker.claimSweep(registered.tag, { id: "w", holdMs: 0 })).outcome === "idle";
  return async () => {
    if (registered !== undefined && idle) await worker.forgetSweep(registered);
  };
}

/** Whether a bust stays to be found, wherever a worker looks and takes off while it is written. */
async function isAlwaysFound(make: MakeTags): Promise<boolean> {
  for (let looksAt = 0; looksAt < 5; looksAt++) {
    for (let takesAt = looksAt; takesAt < 5; takesAt++) {
      const { tag, own } = fresh();
      const worker = redisTags(link, { prefix: own });
      let take = (): Promise<void> => Promise.resolve();
      const between = interleaved(link, async (run) => {
        if (run === looksAt) take = await look(worker);
        if (run === takesAt) await take();
      });
      await make(between.link, { prefix: own }).bustTags([{ ...bust, tag }]);
      if (takesAt >= between.runs()) await take();
      if ((await worker.pendingSweeps()).length === 0) return false;
    }
  }
  return true;
}

/** Whether what is pending is registered, wherever the process that busts ends. */
async function isNeverUnregistered(make: MakeTags): Promise<boolean> {
  for (let endsAt = 0; endsAt < 4; endsAt++) {
    const { tag, own } = fresh();
    const dying = interleaved(link, async (run) => {
      if (run >= endsAt) throw new Error("the process ends");
    });
    await make(dying.link, { prefix: own })
      .bustTags([{ ...bust, tag }])
      .catch(() => []);
    const store = redisTags(link, { prefix: own });
    const isPending = (await store.inspectTag(tag)).next.length > 0;
    if (isPending && (await store.pendingSweeps()).length === 0) return false;
  }
  return true;
}

/** Whether an entry meets a bust's floor or its walk, wherever bust and walk happen while it is indexed. */
async function isAlwaysMet(make: MakeTags): Promise<boolean> {
  for (let at = 0; at < 3; at++) {
    const { tag, own } = fresh();
    const other = redisTags(link, { prefix: own });
    let isWalked = false;
    const bustAndWalk = async () => {
      await other.bustTags([{ ...bust, tag }]);
      const claim = await other.claimSweep(tag, { id: "w", holdMs: 1_000 });
      const to = claim.outcome === "claimed" ? protocol.sweepBound(claim.busts, spec.skewMs) : 0;
      isWalked = (await other.readIndex(tag, { from: null, to, limit: 10 })).length > 0;
      await other.endSweep(tag, "w");
    };
    const between = interleaved(link, async (run) => (run === at ? await bustAndWalk() : undefined));
    const request = { tag, key: "k", fillTimeUs: Date.now() * 1000, keepMs: 60_000, ...spec };
    const { blindFloor } = await make(between.link, { prefix: own }).indexAdd(request);
    if (at >= between.runs()) await bustAndWalk();
    if (!isWalked && blindFloor === null) return false;
  }
  return true;
}

describe("a bust of a tag", () => {
  test("is found by the next worker, whatever others do meanwhile", async () => {
    expect(await isAlwaysFound(redisTags)).toBe(true);
    const from = 'if (run === "apply") await register(busts.filter((_, i) => outcomes[i] === "pending"));';
    expect(await isAlwaysFound(edited({ name: "not registered again", from, to: "" }))).toBe(false);
  });

  test("is registered before it is pending", async () => {
    expect(await isNeverUnregistered(redisTags)).toBe(true);
    const from = 'if (run === "apply") await register(busts.filter(isSwept));';
    expect(await isNeverUnregistered(edited({ name: "registered afterwards only", from, to: "" }))).toBe(false);
  });
});

test("an entry that is indexed meets the floor or the walk; floors read before the index is written: noticed", async () => {
  expect(await isAlwaysMet(redisTags)).toBe(true);
  const from = "const [reply] = await link.run([indexAddCall(prefix, request)]);\n      return parseIndexAdd(reply, request);";
  const to = `const { index, state, epoch } = tagKeys(prefix, checkTag(request.tag));
      const [before] = await link.run([{ run: { script: "tag-get" }, keys: [index, state, epoch], args: [] }]);
      const [reply] = await link.run([indexAddCall(prefix, request)]);
      const { blindFloor, floors } = parseTagGet(before);
      return { ...parseIndexAdd(reply, request), blindFloor, floors };`;
  expect(await isAlwaysMet(edited({ name: "floors first", from, to }))).toBe(false);
});

describe("texts nobody can read count strictly", () => {
  const put = async (own: string, tag: string, fields: Readonly<Record<string, string>>) => {
    const args = Object.entries(fields).flat();
    await link.run([{ run: { command: "hset" }, keys: [keys.tagKeys(own, tag).state], args }]);
  };

  test.each(["x", "\n17", "\n1700000000000000hcp/1\t5\nx"])("floors and lists of a tag: %j", async (text) => {
    const { tag, own } = fresh();
    const store: Pick<StorePort, keyof Tags> = redisTags(link, { prefix: own });
    await put(own, tag, { f: text, n: text, x: "y" });
    const version = protocol.parseVersion("5");
    expect(await store.bustTags([{ ...bust, tag, version, spaceKind: "counter" }])).toEqual(["pending"]);
    const { floors, blindFloor, next } = await store.inspectTag(tag);
    expect([floors.length, blindFloor?.mode]).toEqual([1, "hard"]);
    expect(next.map((pending) => [pending.subject, pending.version])).toEqual([
      ["*", null],
      ["p/1", "5"],
    ]);
  });

  test("a walk whose time and cursor are not known is free, and begins again", async () => {
    const { tag, own } = fresh();
    const store = redisTags(link, { prefix: own });
    await put(own, tag, { i: "w1", u: "soon", c: "x", b: "x" });
    const claim = await store.claimSweep(tag, { id: "w2", holdMs: 1_000 });
    expect(claim).toMatchObject({ outcome: "claimed", cursor: null, busts: [{ subject: "*", version: null, mode: "hard" }] });
  });
});

test("a walk whose list is lost, or cannot be read, is one of a hard blind bust", async () => {
  for (const fields of [
    ["i", "w", "u", "1"],
    ["i", "w", "u", "1", "b", "?"],
  ]) {
    const { tag, own } = fresh();
    await link.run([{ run: { command: "hset" }, keys: [keys.tagKeys(own, tag).state], args: fields }]);
    const claim = await redisTags(link, { prefix: own }).claimSweep(tag, { id: "v", holdMs: 1_000 });
    expect(claim).toMatchObject({ outcome: "claimed", busts: [{ version: null, mode: "hard" }] });
  }
});
