import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { bust, compareVersions, limits } from "@freshet/protocol";
import { createRng, freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import type { Case } from "../tests/cases.js";
import { type Decide, disagreement, type Observed, observe, randomBatch } from "../tests/differential.js";
import { fixedTimeArgs, replaceOnce, withFixedTime } from "../tests/edits.js";
import { decideMutants, luaMutants } from "../tests/mutants.js";
import { scripts } from "./generated/scripts.js";

/** The same states for each mutant: the question is whether they tell it from the original, not what is found today. */
const SEED = 20_251_121;
const BATCH = 200;
const BATCHES = 60;
const shipped = scripts.bust.text;
const decideText = readFileSync(new URL("../../protocol/src/decide.ts", import.meta.url), "utf8");
const versionText = readFileSync(new URL("../../protocol/src/version.ts", import.meta.url), "utf8");
// A minute ahead of the server's clock, so that nothing expires between the step and the look at what it left.
const nowUs = (Date.now() + 60_000) * 1000;
let client: Redis;

beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.unlink(Array.from({ length: BATCH }, (_, i) => `${prefix}${i}`));
  await client.quit();
});

type Seen = { readonly item: Case; readonly seen: Observed };

const prefix = `${freshPrefix("mutants")}:`;
const rng = createRng(SEED);
const batches = Array.from({ length: BATCHES }, () => randomBatch(rng, { nowUs, onEdges: true }, { prefix, size: BATCH }));

async function* observed(script: string): AsyncGenerator<readonly Seen[]> {
  const text = withFixedTime(script);
  for (const batch of batches) {
    const seen = await observe(client, { text, more: fixedTimeArgs(nowUs) }, batch);
    yield batch.flatMap((item, i) => (seen[i] === undefined ? [] : [{ item, seen: seen[i] }]));
  }
}

async function firstDisagreement(script: string): Promise<string | null> {
  for await (const batch of observed(script)) {
    for (const { item, seen } of batch) {
      const why = disagreement(item, seen, bust);
      if (why !== null) return why;
    }
  }
  return null;
}

/** An edited text, compiled: types stripped, imports given as arguments. */
function compile(text: string, name: string, given: Readonly<Record<string, unknown>> = {}): unknown {
  const body = stripTypeScriptTypes(text)
    .replace(/^import .*$/gm, "")
    .replace(/^export /gm, "");
  return new Function(...Object.keys(given), `${body}; return ${name};`)(...Object.values(given));
}

function compileDecide(text: string, compare: unknown = compareVersions): Decide {
  return compile(text, "bust", { limits, compareVersions: compare }) as Decide;
}

describe("bust.lua, edited", () => {
  test("as shipped it agrees", async () => {
    expect(await firstDisagreement(shipped)).toBeNull();
  });

  test.each(luaMutants)("$name: noticed", async ({ from, to }) => {
    expect(await firstDisagreement(replaceOnce(shipped, from, to))).not.toBeNull();
  });
});

describe("decide.ts, edited", () => {
  const seenByAll: Seen[] = [];
  beforeAll(async () => {
    for await (const batch of observed(shipped)) seenByAll.push(...batch);
  });
  const disagrees = (decide: Decide) => seenByAll.some(({ item, seen }) => disagreement(item, seen, decide) !== null);

  test("as shipped it agrees", () => {
    expect(disagrees(compileDecide(decideText))).toBe(false);
  });

  test.each(decideMutants)("$name: noticed", ({ from, to }) => {
    expect(disagrees(compileDecide(replaceOnce(decideText, from, to)))).toBe(true);
  });

  test("versions compared by bytes only: noticed", () => {
    const edited = replaceOnce(versionText, "if (a.length !== b.length) return a.length - b.length;", "");
    expect(disagrees(compileDecide(decideText, compile(edited, "compareVersions")))).toBe(true);
  });
});
