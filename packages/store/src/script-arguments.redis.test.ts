import { freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { scripts } from "./generated/scripts.js";

type Name = "lease" | "lease-gated" | "fill" | "set-if-newer" | "promote" | "drop" | "keep-marks" | "index-add" | "epoch-get";
/** Arguments by position, counted from 1 as in the headers. */
type Edits = Readonly<Record<number, string>>;

const prefix = `${freshPrefix("arguments")}:`;
const good: Readonly<Record<Name, readonly string[]>> = {
  lease: ["t", "", "5000000", "20000000"],
  "lease-gated": ["hash", "ver", "t", "5000000", "20000000"],
  fill: ["t", "new", "", "\np/1\t2", "", "", "", "replica", "", "", "60000000", "1000000", "20000000"],
  "set-if-newer": ["hash", "ver", "", "p/1", "2", "replica", "60000000", "1000000", "20000000", "name", "new"],
  promote: ["t"],
  drop: ["t", "20000000"],
  "keep-marks": ["0000000000000002hp/1\t2", "20000000"],
  "index-add": ["page:1", String(Date.now() * 1000), "60000", "60000", "600000"],
  "epoch-get": ["5"],
};
const keysOf: Readonly<Partial<Record<Name, number>>> = { "lease-gated": 2, "set-if-newer": 2, "index-add": 2 };
/** Lines, each led by a line break. */
const lines = (size: number, lineOf: (at: number) => string) => Array.from({ length: size }, (_, at) => `\n${lineOf(at)}`).join("");
const json: Edits = { 1: "json", 10: '{"ver":2}' };
let client: Redis;
let count = 0;
beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.quit();
});

function edited(name: Name, edits: Edits, size = good[name].length): readonly string[] {
  return Array.from({ length: size }, (_, i) => edits[i + 1] ?? good[name][i] ?? "");
}

/** What the key holds, byte by byte, and until when. */
async function stateOf(keys: readonly string[]): Promise<unknown> {
  return await Promise.all(keys.map(async (key) => [await client.dumpBuffer(key), await client.pexpiretime(key)]));
}

async function seed(name: Name, key: string, args: readonly string[]): Promise<void> {
  if (name === "fill") await client.eval(scripts.lease.text, 1, key, ...good.lease);
  else if (name === "lease") await client.set(key, "0000000000000001hp/1\t1");
  else if (name === "promote" || name === "drop") await client.hset(key, { v: "new", d: "\np/1\t1", p: "t\t9999999999999999" });
  else if (args[0] === "hash") await client.hset(key, { ver: "1", name: "old" });
  else if (name === "lease-gated" || name === "set-if-newer") await client.set(key, '{"ver":1}');
}

/** The script on keys where an older value and, for a fill, its lease lie. */
async function run(name: Name, args: readonly string[], keysCount?: number) {
  const key = `${prefix}${count++}`;
  const all = [key, `${key}:g`, `${key}:v`];
  if (name === "index-add") all.splice(0, 2, `${key}:i`, `${key}:f`);
  const keys = all.slice(0, keysCount ?? keysOf[name] ?? 1);
  await seed(name, key, args);
  const before = await stateOf(all);
  const reply: unknown = await client.eval(scripts[name].text, keys.length, ...keys, ...args).catch(({ message }: Error) => message);
  const after = await stateOf(all);
  await client.unlink(...all);
  return { reply, isUntouched: JSON.stringify(before) === JSON.stringify(after) };
}

/** How many arguments, and how many keys, if not as many as in `good`. */
interface Counts {
  readonly size?: number;
  readonly keysCount?: number;
}

const cases: readonly (readonly [Name, string, Edits, number?, number?])[] = [
  ["set-if-newer", "a field without a value", {}, 10],
  ["set-if-newer", "a last field without a value", { 12: "mail" }, 12],
  ["set-if-newer", "the version's own field", { 10: "ver", 11: "9" }],
  ["set-if-newer", "the field of the marks", { 10: "fr:f", 11: "" }],
  ["set-if-newer", "JSON with another version", { ...json, 10: '{"ver":3}' }, 10],
  ["set-if-newer", "JSON without a version", { ...json, 10: '{"name":"new"}' }, 10],
  ["set-if-newer", "what is no JSON", { ...json, 10: '{"ver":2' }, 10],
  ["set-if-newer", "JSON in two parts", json, 11],
  ["set-if-newer", "JSON without content", json, 9],
  ["set-if-newer", "another kind", { 1: "opaque", 10: "new" }, 10],
  ["set-if-newer", "companion without its version key", { 1: "companion", 10: "new" }, 10],
  ["set-if-newer", "a version key of another kind", {}, 11, 3],
  ["set-if-newer", "no field for the version", { 2: "" }],
  ["set-if-newer", "the field of the marks for the version", { 2: "fr:f" }],
  ["set-if-newer", "a token with control characters", { 3: "a\tb" }],
  ["set-if-newer", "a long token", { 3: "t".repeat(65) }],
  ["set-if-newer", "no subject", { 4: "" }],
  ["set-if-newer", "a version with a leading zero", { 5: "02" }],
  ["set-if-newer", "another source", { 6: "Primary" }],
  ["set-if-newer", "keep with a sign", { 7: "-1" }],
  ["set-if-newer", "R in another notation", { 8: "1e6" }],
  ["set-if-newer", "no F", { 9: "" }],
  ["set-if-newer", "F below R", { 8: "20000001" }],
  ["set-if-newer", "missing arguments", {}, 8],
  ["fill", "swept tags without P", { 7: "\nshop" }],
  ["fill", "tags without a line break before", { 7: "shop", 9: "2000000" }],
  ["fill", "an empty tag", { 7: "\nshop\n", 9: "2000000" }],
  ["fill", "P that is no number", { 7: "\nshop", 9: "soon" }],
  ["fill", "deps without a line break before", { 4: "p/1\t2" }],
  ["fill", "garbage before deps", { 4: "x\np/1\t2" }],
  ["fill", "garbage after deps", { 4: "\np/1\t2x" }],
  ["fill", "a dep without a version", { 4: "\np/1" }],
  ["fill", "a dep of a version that is not canonical", { 4: "\np/1\t02" }],
  ["fill", "a subject with a tab", { 4: "\np/1\t1\t2" }],
  ["fill", "deps with marks", { 4: "\np/1\t2\n\fl" }],
  ["fill", "epochs without their age", { 5: "\nshop\t1\t1" }],
  ["fill", "an age that is no number", { 5: "\nshop\t1\t1", 6: "old" }],
  ["fill", "an encoding with control characters", { 3: "a\nb" }],
  ["fill", "no token", { 1: "" }],
  ["fill", "another source", { 8: "" }],
  ["fill", "fresh in hexadecimal", { 10: "0x10" }],
  ["fill", "keep of 0", { 11: "0" }],
  ["fill", "keep of more than a hundred years", { 11: "3153600000000001" }],
  ["fill", "keep of too many digits", { 11: "00000000000000001" }],
  ["fill", "a fraction for R", { 12: "0.5" }],
  ["fill", "F below R", { 12: "20000001" }],
  ["fill", "a missing argument", {}, 12],
  ["fill", "257 deps", { 4: lines(257, (at) => `p/${at}\t2`) }],
  ["fill", "a subject of 513 bytes", { 4: `\n${"s".repeat(513)}\t2` }],
  ["fill", "a dep that is given twice", { 4: "\na/1\t9\na/1\t1" }],
  ["fill", "300,000 deps", { 4: lines(300_000, (at) => `p/${at}\t2`) }],
  ["fill", "65 tags", { 7: lines(65, (at) => `t${at}`), 9: "2000000" }],
  ["fill", "a tag of 513 bytes", { 7: `\n${"t".repeat(513)}`, 9: "2000000" }],
  ["fill", "a tag that is no hash tag", { 7: "\n}x", 9: "2000000" }],
  ["fill", "a tag that is given twice", { 7: "\nshop\nshop", 9: "2000000" }],
  ["fill", "65 epochs", { 5: lines(65, (at) => `t${at}\t1\t1`), 6: "1" }],
  ["fill", "an epoch that is given twice", { 5: "\nshop\t1\t1\nshop\t2\t2", 6: "1" }],
  ["fill", "a generation of 18 digits", { 5: `\nshop\t${"1".repeat(18)}\t${"1".repeat(18)}`, 6: "1" }],
  ["fill", "an age without epochs", { 6: "1" }],
  ["fill", "two keys", {}, 13, 2],
  ["lease", "65 epochs", { 2: lines(65, (at) => `t${at}\t1\t1`) }],
  ["lease", "an epoch of a tag of 513 bytes", { 2: `\n${"t".repeat(513)}\t1\t1` }],
  ["lease", "two keys", {}, 4, 2],
  ["set-if-newer", "a subject of 513 bytes", { 4: "s".repeat(513) }],
  ["set-if-newer", "1,001 fields", Object.fromEntries(Array.from({ length: 2_002 }, (_, at) => [10 + at, `f${at}`])), 2_011],
  ["keep-marks", "marks of more than 16 KiB", { 1: `0000000000000002h${"p".repeat(16_384)}\t2` }],
  ["lease", "no token", { 1: "" }],
  ["lease", "a token with a line break", { 1: "a\nb" }],
  ["lease", "a token of 65 bytes", { 1: "t".repeat(65) }],
  ["lease", "epochs that cannot be read", { 2: "shop" }],
  ["lease", "L of 0", { 3: "0" }],
  ["lease", "L in another notation", { 3: "5e6" }],
  ["lease", "F below L", { 3: "20000001" }],
  ["lease", "a missing argument", {}, 3],
  ["lease-gated", "another kind", { 1: "managed" }],
  ["lease-gated", "companion without its version key", { 1: "companion" }],
  ["lease-gated", "a token with a tab", { 3: "a\tb" }],
  ["lease-gated", "F below L", { 4: "20000001" }],
  ["lease-gated", "a missing argument", {}, 4],
  ["promote", "no token", { 1: "" }],
  ["promote", "a second argument", {}, 2],
  ["drop", "a token with a line break", { 1: "t\n" }],
  ["drop", "F with a sign", { 2: "-20000000" }],
  ["drop", "a missing argument", {}, 1],
  ["keep-marks", "F of 0", { 2: "0" }],
  ["keep-marks", "a missing argument", {}, 1],
  ["index-add", "a missing argument", {}, 4],
  ["index-add", "an index without its state", {}, 5, 1],
  ["index-add", "no member", { 1: "" }],
  ["index-add", "a long member", { 1: "k".repeat(513) }],
  ["index-add", "a fill time of 17 digits", { 2: "17637168000000000" }],
  ["index-add", "a fill time in another notation", { 2: "1e15" }],
  ["index-add", "a fill time in milliseconds", { 2: String(Date.now()) }],
  ["index-add", "a fill time of 0", { 2: "0" }],
  ["index-add", "a fill time of tomorrow", { 2: String((Date.now() + 86_400_000) * 1000) }],
  ["index-add", "a fill time of 16 nines", { 2: "9999999999999999" }],
  ["index-add", "a fill time of an entry that is gone", { 2: String((Date.now() - 60_001) * 1000), 5: "1" }],
  ["index-add", "keep with a fraction", { 3: "0.5" }],
  ["index-add", "F that is no number", { 4: "soon" }],
  ["index-add", "no C", { 5: "" }],
  ["index-add", "a C of 0", { 5: "0" }],
  ["epoch-get", "C with a sign", { 1: "-5" }],
  ["epoch-get", "no C", {}, 0],
  ["epoch-get", "a C of 0", { 1: "0" }],
  ["epoch-get", "another run", { 2: "maybe" }, 2],
];

const takes: readonly (readonly [Name, string, Edits, number?, number?])[] = [
  ["set-if-newer", "stored", {}],
  ["set-if-newer", "stored", {}, 9],
  ["set-if-newer", "stored", json, 10],
  ["set-if-newer", "stored", { 1: "prefix", 10: "new" }, 10],
  ["set-if-newer", "stored", { 1: "companion", 10: "" }, 10, 3],
  ["set-if-newer", "stored", { 8: "20000000" }],
  ["fill", "filled", { 1: "t", 12: "15000000" }],
  ["fill", "filled", { 4: "", 7: "\nshop\nhome", 9: "1", 10: "1", 11: "3153600000000000" }],
  ["fill", "filled", { 5: "\nshop\t1\t1", 6: "9000000" }],
  ["fill", "filled", { 4: lines(256, (at) => `p/${at}\t2`), 7: lines(64, (at) => `t${at}`), 9: "2000000" }],
  ["fill", "filled", { 4: `\n${"s".repeat(512)}\t${"9".repeat(20)}`, 7: `\n${"t".repeat(512)}`, 9: "2000000" }],
  ["fill", "filled", { 5: lines(64, (at) => `t${at}\t${"9".repeat(16)}\t${"9".repeat(16)}`), 6: "9000000" }],
  ["lease", "leased", { 1: "t".repeat(64), 3: "20000000" }],
  ["lease-gated", "leased", { 1: "companion", 2: "" }, 5, 3],
  ["promote", "promoted", {}],
  ["drop", "dropped", {}],
];

/** Rows of full length: a shorter one would be given a callback to wait for. */
function rowsOf(rows: typeof cases): readonly (readonly [Name, string, Edits, Counts])[] {
  return rows.map(([name, what, edits, size, keysCount]) => [
    name,
    what,
    edits,
    { ...(size === undefined ? {} : { size }), ...(keysCount === undefined ? {} : { keysCount }) },
  ]);
}

/** F is the least that any lease allows, and not the least that this one, of 5 s, does. */
const brief: readonly (readonly [Name, Edits])[] = [
  ["fill", { 12: "15000001" }],
  ["fill", { 13: "5999999" }],
  ["fill", { 8: "primary", 12: "15000001" }],
];

describe("scripts that other languages call", () => {
  test.each(brief)("%s answers bounds for F < L + R, and writes nothing, with %j", async (name, edits) => {
    const { reply, isUntouched } = await run(name, edited(name, edits));
    expect({ reply, isUntouched }).toEqual({ reply: [expect.stringMatching(/^\d{16}$/), "bounds", ""], isUntouched: true });
  });

  test.each(rowsOf(cases))("%s refuses %s, and writes nothing", async (name, _what, edits, { size, keysCount }) => {
    const { reply, isUntouched } = await run(name, edited(name, edits, size), keysCount);
    expect({ reply, isUntouched }).toEqual({ reply: expect.stringMatching(/^ERR freshet: /), isUntouched: true });
  });

  test.each(rowsOf(takes))("%s with right arguments is %s, with %j", async (name, outcome, edits, { size, keysCount }) => {
    const { reply, isUntouched } = await run(name, edited(name, edits, size), keysCount);
    expect({ reply: Array.isArray(reply) ? reply[1] : reply, isUntouched }).toEqual({ reply: outcome, isUntouched: false });
  });

  test.each(["lease", "lease-gated", "fill", "set-if-newer"] as const)(
    "%s refuses an entry without a key, and one of 513 bytes",
    async (name) => {
      const long = "k".repeat(513 - prefix.length);
      for (const key of ["", prefix + long]) {
        const keys = [key, `${prefix}g`].slice(0, keysOf[name] ?? 1);
        const call = client.eval(scripts[name].text, keys.length, ...keys, ...good[name]);
        await expect(call).rejects.toThrow(/^ERR freshet: a key has 1 to 512 bytes/);
        expect(await client.exists(...keys)).toBe(0);
      }
      const key = prefix + long.slice(1);
      const keys = [key, key].slice(0, keysOf[name] ?? 1);
      expect(await client.eval(scripts[name].text, keys.length, ...keys, ...good[name])).toBeInstanceOf(Array);
      await client.unlink(key);
    },
  );

  test.each(["json", "prefix", "companion"])("a gate of %s is not the key of the entry, nor that of its version", async (kind) => {
    const [key, gate, version] = ["k", "g", "v"].map((end) => `${prefix}${count}${end}`);
    const wrong =
      kind === "companion"
        ? [
            [key, key, version],
            [key, gate, gate],
            [key, gate, key],
          ]
        : [[key, key]];
    for (const keys of wrong.map((some) => some.map(String))) {
      const lease = client.eval(scripts["lease-gated"].text, keys.length, ...keys, kind, "ver", "t", "5000000", "20000000");
      await expect(lease).rejects.toThrow(/^ERR freshet: entry, gate and version have keys of their own/);
      expect(await client.exists(...keys)).toBe(0);
    }
  });

  // Whoever reads members as text would look for another key, and bust that one.
  test.each([
    ["80"],
    ["c3"],
    ["c3c3a9a9"],
    ["c080"],
    ["e08080"],
    ["eda080"],
    ["e282"],
    ["e1c3a98080"],
    ["f0808080"],
    ["f4908080"],
    ["f5808080"],
    ["ff"],
  ])("index-add refuses a member of the bytes %s, which is no UTF-8", async (hex) => {
    const key = `${prefix}${count++}`;
    const [, ...rest] = good["index-add"];
    const call = client.eval(scripts["index-add"].text, 2, `${key}:i`, `${key}:f`, Buffer.from(hex, "hex"), ...rest);
    await expect(call).rejects.toThrow(/^ERR freshet: a member is a key/);
  });

  test.each(["é", "ࠀ", "퟿", "", "€", "😀", "\u{10ffff}", "\u0080"])("index-add takes the member %s", async (member) => {
    const key = `${prefix}${count++}`;
    const [, ...rest] = good["index-add"];
    expect(await client.eval(scripts["index-add"].text, 2, `${key}:i`, `${key}:f`, `a${member}b`, ...rest)).toHaveLength(3);
    await client.unlink(`${key}:i`, `${key}:f`);
  });

  test.each([
    ["swapped", (tag: string) => [`${tag}:f`, `${tag}:i`]],
    ["of two tags", (tag: string) => [`${tag}:i`, `${tag}x:f`]],
    ["that are one", (tag: string) => [`${tag}:i`, `${tag}:i`]],
    ["of an epoch", (tag: string) => [tag, `${tag}:f`]],
  ])("index-add refuses keys %s, and writes nothing", async (_what, keysOfTag) => {
    const keys = keysOfTag(`${prefix}${count++}`);
    const call = client.eval(scripts["index-add"].text, 2, ...keys, ...good["index-add"]);
    await expect(call).rejects.toThrow(/^ERR freshet: the keys are index and state of one tag/);
    expect(await client.exists(...keys)).toBe(0);
  });
});
