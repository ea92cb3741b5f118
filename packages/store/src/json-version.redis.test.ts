import { jsonVersion } from "@freshet/protocol";
import { createRng, type Rng, testRedisUrl } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { execOrThrow } from "./exec.js";
import { scripts } from "./generated/scripts.js";

/** The functions of the shipped script, without its steps. */
const text = scripts["bust-other"].text;
const functions = text.slice(0, text.indexOf("local kind, field"));
const scanner = `${functions}
local found = {}
for i = 1, #ARGV do found[i] = jsonVersion(ARGV[i], "version") or "none" end
return found`;

const PIECES: readonly [string, ...string[]] = [
  '"version"',
  ":",
  ",",
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  '\\"',
  "5",
  '"7"',
  "10",
  " ",
  "\n",
  "null",
  '"a"',
  "1.5",
  "-",
  "é",
  "x",
  "0",
  '"version":"12"',
];
const WELL_FORMED: readonly [string, ...string[]] = [
  '{"version":"12","a":[1,{"version":3}],"b":"x\\"y"}',
  '{ "a" : {"b":"}"} , "version" : 18446744073709551615 }',
];

/** Texts around the border between well-formed and not: random pieces, and well-formed ones with a random edit. */
function randomText(rng: Rng): string {
  if (rng.chance(0.3)) return Array.from({ length: rng.integer(0, 14) }, () => rng.pick(PIECES)).join("");
  if (rng.chance(0.4)) return `{${Array.from({ length: rng.integer(1, 9) }, () => rng.pick(PIECES)).join("")}}`;
  const text = rng.pick(WELL_FORMED);
  const at = rng.integer(0, text.length);
  return text.slice(0, at) + (rng.chance(0.5) ? rng.pick(PIECES) : "") + text.slice(at + rng.integer(0, 3));
}

const LONG = 'x\\"{'.repeat(250_000);
const known: readonly (readonly [string, string, string])[] = [
  ["a member of the same name deeper in the document", '{"a":{"version":"1","b":[{"version":2}]},"version":"5","z":{"version":9}}', "5"],
  ["a member of the same name, and only there", '{"a":{"version":"1"},"b":[{"version":2}]}', "none"],
  ["escaped quotes, and the name within a text", '{"a":"\\"version\\":\\"1\\",","b":"\\\\","version":"5"}', "5"],
  ["a number of 19 digits", '{"version":9223372036854775807}', "9223372036854775807"],
  ["a number of 19 digits above 2^63", '{"version":9999999999999999999}', "9999999999999999999"],
  ["20 digits in quotes", '{"version":"99999999999999999999"}', "99999999999999999999"],
  ["21 digits", '{"version":100000000000000000000}', "none"],
  ["a version after a string of 1 MB", `{"a":"${LONG}","version":5}`, "5"],
  ["a version before a string of 1 MB that never ends", `{"version":5,"a":"${LONG}}`, "none"],
  ["a version after deep lists", `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)},"version":5}`, "5"],
];

test.each(known)("%s", async (_what, json, version) => {
  const client = new Redis(testRedisUrl());
  const found = await client.eval(scanner, 0, json);
  await client.quit();
  expect([found, jsonVersion(json, "version") ?? "none"]).toEqual([[version], version]);
});

test("50,000 random texts hold the same version for Lua and for TypeScript", async () => {
  const rng = createRng();
  const client = new Redis(testRedisUrl());
  let readable = 0;
  for (let round = 0; round < 50; round++) {
    const texts = Array.from({ length: 1_000 }, () => randomText(rng));
    const [reply] = await execOrThrow(client.pipeline().eval(scanner, 0, ...texts));
    const expected = texts.map((text) => jsonVersion(text, "version") ?? "none");
    const found = reply as string[];
    expect(texts.filter((_, i) => found[i] !== expected[i])).toEqual([]);
    readable += expected.filter((version) => version !== "none").length;
  }
  await client.quit();
  expect(readable).toBeGreaterThan(5_000);
});
