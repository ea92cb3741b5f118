import { freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { scripts } from "./generated/scripts.js";

type Name = "bust" | "bust-other" | "bust-tag" | "epoch-bump" | "sweep-claim" | "sweep-move" | "sweep-end";
/** Arguments by position, counted from 1 as in the headers. */
type Edits = Readonly<Record<number, string>>;

const prefix = `${freshPrefix("bust-arguments")}:`;
const good: Readonly<Record<Name, readonly string[]>> = {
  bust: ["counter", "hard", "bust", "20000000", "0", "leave", "apply", "p/1", "5"],
  "bust-other": ["hash", "ver", "counter", "bust", "20000000", "gate", "apply", "p/1", "5"],
  "bust-tag": ["p/1", "5", "counter", "hard", "20000", "64", "64", "apply"],
  "epoch-bump": ["p/1", "5", "counter", "hard", "5", "64", "apply"],
  "sweep-claim": ["w", "2000", ""],
  "sweep-move": ["w", "2000", "5\tpage:1", "page:1", "5"],
  "sweep-end": ["w"],
};
const longest: Readonly<Partial<Record<Name, number>>> = { "sweep-move": 1_004 };

const words: readonly (readonly [Name, string, Edits])[] = [
  ...(["x", "count", "", "Counter"] as const).flatMap((word) => [
    ["bust", `the space ${word}`, { 1: word }] as const,
    ["bust-other", `the space ${word}`, { 3: word }] as const,
    ["bust-tag", `the space ${word}`, { 3: word }] as const,
    ["epoch-bump", `the space ${word}`, { 3: word }] as const,
  ]),
  ...(["HARD", "h", ""] as const).flatMap((word) => [
    ["bust", `the mode ${word}`, { 2: word }] as const,
    ["bust-tag", `the mode ${word}`, { 4: word }] as const,
    ["epoch-bump", `the mode ${word}`, { 4: word }] as const,
  ]),
  ...(["previw", "", "APPLY"] as const).flatMap((word) => [
    ["bust", `the run ${word}`, { 7: word }] as const,
    ["bust-other", `the run ${word}`, { 7: word }] as const,
    ["bust-tag", `the run ${word}`, { 8: word }] as const,
    ["epoch-bump", `the run ${word}`, { 7: word }] as const,
  ]),
  ...(["-1", "", "1e6", "0x10", "1.5", "00000000000000001"] as const).flatMap((number) => [
    ["bust", `F ${number}`, { 4: number }] as const,
    ["bust", `a stale time of ${number}`, { 5: number }] as const,
    ["bust-other", `F ${number}`, { 5: number }] as const,
    ["bust-tag", `F ${number}`, { 5: number }] as const,
    ["bust-tag", `at most ${number} floors`, { 6: number }] as const,
    ["bust-tag", `at most ${number} busts`, { 7: number }] as const,
    ["epoch-bump", `C ${number}`, { 5: number }] as const,
    ["epoch-bump", `at most ${number} records`, { 6: number }] as const,
    ["sweep-claim", `a hold of ${number}`, { 2: number }] as const,
    ["sweep-move", `a hold of ${number}`, { 2: number }] as const,
  ]),
  ...(["05", "-5", "1e3", "100000000000000000000"] as const).flatMap((version) => [
    ["bust-tag", `the version ${version}`, { 2: version }] as const,
    ["epoch-bump", `the version ${version}`, { 2: version }] as const,
  ]),
  ...(["", "p\t1", "p\n1", "s".repeat(513)] as const).flatMap((subject) => [
    ["bust-tag", `a subject of ${subject.length} bytes`, { 1: subject }] as const,
    ["epoch-bump", `a subject of ${subject.length} bytes`, { 1: subject }] as const,
  ]),
  ...(["", "a\tb", "w".repeat(65)] as const).flatMap((id) => [
    ["sweep-claim", `an id of ${id.length} bytes`, { 1: id }] as const,
    ["sweep-move", `an id of ${id.length} bytes`, { 1: id }] as const,
    ["sweep-end", `an id of ${id.length} bytes`, { 1: id }] as const,
  ]),
  ["bust", "another word for what has no version", { 3: "drop" }],
  ["bust", "another word for the floor", { 6: "gate" }],
  ["bust-other", "another kind", { 1: "managed" }],
  ["bust-other", "no field", { 2: "" }],
  ["bust-other", "no member", { 1: "json", 2: "" }],
  ["bust-other", "another word for what has no version", { 4: "drop" }],
  ["bust-other", "another word for the gate", { 6: "leave" }],
  ["sweep-claim", "a last id with control characters", { 3: "a\nb" }],
  ["sweep-move", "a cursor without a member", { 3: "5" }],
  ["sweep-move", "a cursor without a score", { 3: "\tpage:1" }],
  ["epoch-bump", "a C of 0", { 5: "0" }],
];

let client: Redis;
let count = 0;
beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.quit();
});

/** What lies at the key, byte by byte, and until when. */
async function stateOf(keys: readonly string[]): Promise<string> {
  return JSON.stringify(await Promise.all(keys.map(async (key) => [await client.dumpBuffer(key), await client.pexpiretime(key)])));
}

async function seed(name: Name, keys: readonly string[]): Promise<void> {
  const [first = "", second = ""] = keys;
  if (name === "bust") await client.hset(first, { v: "old", d: "\np/1\t1" });
  else if (name === "bust-other") await client.hset(first, { ver: "1", name: "old" });
  else if (name === "epoch-bump") await client.hset(first, { g: "5", h: "5" });
  else
    await client.hset(name === "sweep-move" ? second : first, {
      i: "w",
      u: "1",
      b: "\n0000000000000001hcp/1\t1",
      n: "\n0000000000000001hcp/1\t1",
    });
  if (name === "sweep-move") await client.zadd(first, 5, "page:1");
}

async function run(name: Name, args: readonly string[], keysCount = name === "sweep-move" ? 2 : 1) {
  const all = ["a", "b", "c"].map((end) => `${prefix}${count}${end}`);
  count++;
  await seed(name, all);
  const before = await stateOf(all);
  const keys = all.slice(0, keysCount);
  const reply: unknown = await client.eval(scripts[name].text, keys.length, ...keys, ...args).catch(({ message }: Error) => message);
  const isUntouched = before === (await stateOf(all));
  await client.unlink(...all);
  return { reply, isUntouched };
}

const refused = { reply: expect.stringMatching(/^ERR freshet: /), isUntouched: true };

describe("scripts that bust and walk", () => {
  test.each(Object.keys(good) as Name[])("%s with right arguments writes", async (name) => {
    const { reply, isUntouched } = await run(name, good[name]);
    expect({ reply, isUntouched }).toEqual({ reply: expect.any(Array), isUntouched: false });
  });

  test.each(words)("%s refuses %s, and writes nothing", async (name, _what, edits) => {
    const args = good[name].map((arg, at) => edits[at + 1] ?? arg);
    expect(await run(name, args)).toEqual(refused);
  });

  test.each(Object.keys(good) as Name[])("%s refuses every other number of arguments, and writes nothing", async (name) => {
    const due = good[name];
    for (let size = 0; size < due.length; size++) {
      if (name === "sweep-move" && size === 3) continue;
      expect([size, await run(name, due.slice(0, size))]).toEqual([size, refused]);
    }
    expect(await run(name, [...due, "1"])).toEqual(refused);
    const far = Array.from({ length: (longest[name] ?? 400) + 1 }, (_, at) => due[at] ?? "5");
    expect(await run(name, far)).toEqual(refused);
  });

  test.each(Object.keys(good) as Name[])("%s refuses another number of keys, and writes nothing", async (name) => {
    expect(await run(name, good[name], 0)).toEqual(refused);
    expect(await run(name, good[name], 3)).toEqual(refused);
  });

  test("bust takes 200 keys, and no more", async () => {
    const keys = Array.from({ length: 201 }, (_, at) => `${prefix}many:${at}`);
    const argsOf = (size: number) => [...good.bust.slice(0, 7), ...Array.from({ length: size }, () => ["p/1", "5"]).flat()];
    const call = client.eval(scripts.bust.text, 201, ...keys, ...argsOf(201));
    await expect(call).rejects.toThrow(/^ERR freshet: bust has 1 to 200 keys/);
    expect(await client.exists(...keys)).toBe(0);
    expect(await client.eval(scripts.bust.text, 200, ...keys.slice(0, 200), ...argsOf(200))).toEqual([expect.any(String), "a".repeat(200)]);
    await client.unlink(...keys);
  });
});

describe("scripts that keep indexes and the registry", () => {
  test.each([
    ["index-remove", 2, ["page:1", "5"]],
    ["index-remove", 1, ["page:1"]],
    ["index-remove", 1, ["page:1", "5", "page:2"]],
    ["index-remove", 1, Array.from({ length: 1_002 }, () => "5")],
    ["index-trim", 1, ["1", "5"]],
    ["index-trim", 2, ["1"]],
    ["index-trim", 2, ["0", "5"]],
    ["index-trim", 2, ["", "5"]],
    ["index-trim", 2, ["1e3", "5"]],
    ["index-trim", 2, ["1", "0"]],
    ["index-trim", 2, ["1", "-5"]],
    ["index-trim", 2, ["1", "5", "5"]],
    ["registry-add", 2, ["shop"]],
    ["registry-add", 1, []],
    ["registry-add", 1, ["shop", ""]],
    ["registry-add", 1, ["t".repeat(513)]],
    ["registry-add", 1, Array.from({ length: 501 }, (_, at) => `t${at}`)],
    ["registry-forget", 2, ["page:1", "5"]],
    ["registry-forget", 1, ["page:1"]],
    ["registry-forget", 1, ["page:1", "5", "5"]],
    ["tag-get", 2, []],
    ["tag-get", 3, ["shop"]],
  ] as const)("%s refuses %d keys with %j, and writes nothing", async (name, keysCount, args) => {
    const keys = ["a", "b", "c"].map((end) => `${prefix}list:${end}`).slice(0, keysCount);
    const [list = "", state = ""] = keys;
    await client.zadd(list, 5, "page:1");
    if (state !== "") await client.hset(state, { k: "1" });
    const before = await stateOf(keys);
    await expect(client.eval(scripts[name].text, keysCount, ...keys, ...args)).rejects.toThrow(/^ERR freshet: [a-z -]+ has /);
    expect(await stateOf(keys)).toBe(before);
    await client.unlink(...keys);
  });
});
