import { readFileSync } from "node:fs";
import * as protocol from "@freshet/protocol";
import { createRng, freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { compileModule } from "../tests/compile.js";
import { replaceOnce } from "../tests/edits.js";
import { type EntryCase, EntryCases } from "../tests/entry-cases.js";
import { type EntrySeen, entryServer, runInMemory, textOf } from "../tests/entry-differential.js";
import { entryDecisionMutants, entryScriptMutants } from "../tests/entry-mutants.js";
import { scripts } from "./generated/scripts.js";
import type { EntrySteps } from "./memory-entries.js";
import type { ScriptName } from "./redis-link.js";

/** The same cases for each mutant: the question is whether they tell it from the original, not what is found today. */
const SEED = 20_251_121;
const CASES = 12_000;
const AT_ONCE = 200;
// An hour ahead of the server's clock, so that nothing expires between the step and the look at what it left.
const nowUs = (Date.now() + 3_600_000) * 1000;
const maker = new EntryCases(createRng(SEED), { nowUs, prefix: `${freshPrefix("entry-mutants")}:` });
const cases = Array.from({ length: CASES }, (_, i) => maker.next(i));
const decided: string[] = [];
let client: Redis;
beforeAll(async () => {
  client = new Redis(testRedisUrl());
  for (const item of cases) decided.push(textOf(await runInMemory(item, nowUs)));
}, 180_000);
afterAll(async () => {
  await client.quit();
});

/** Steps that an edit of a script can change. */
function concerns(script: ScriptName, { step }: EntryCase): boolean {
  if (script === "lease-gated") return step.startsWith("lease ");
  return script === "set-if-newer" ? step.startsWith("set ") : step === script;
}

async function isNoticedByRedis(edited: Partial<Record<ScriptName, string>>, takes: (item: EntryCase) => boolean): Promise<boolean> {
  const run = await entryServer(client, nowUs, edited);
  const chosen = cases.flatMap((item, at) => (takes(item) ? [{ item, due: decided[at] }] : []));
  for (let at = 0; at < chosen.length; at += AT_ONCE) {
    const part = chosen.slice(at, at + AT_ONCE);
    const seen = await Promise.all(part.map(async ({ item, due }) => (await run(item).then(textOf, () => "failed")) === due));
    if (seen.includes(false)) return true;
  }
  return false;
}

describe("scripts of readers and loaders, edited", () => {
  test("as shipped they agree", async () => {
    expect(await isNoticedByRedis({}, () => true)).toBe(false);
  }, 180_000);

  test.each(entryScriptMutants)(
    "$script, $name: noticed",
    async ({ script, from, to }) => {
      const edited = { [script]: replaceOnce(scripts[script].text, from, to) };
      expect(await isNoticedByRedis(edited, (item) => concerns(script, item))).toBe(true);
    },
    180_000,
  );
});

const source = (file: string) => readFileSync(new URL(`../../protocol/src/${file}.ts`, import.meta.url), "utf8");
const names = {
  floors: ["liveFloors", "meetsFloors", "harder"],
  "decide-epoch": ["validity"],
  "decide-fill": ["readable", "lease", "fill", "promote", "drop", "setIfNewer"],
} as const;

/** The steps compiled from texts of which one is edited. */
function stepsWith(edited: Readonly<Record<string, string>>): EntrySteps {
  const given: Record<string, unknown> = { ...protocol };
  for (const file of ["floors", "decide-epoch", "decide-fill"] as const) {
    Object.assign(given, compileModule(edited[file] ?? source(file), names[file], given));
  }
  const { readable, lease, fill, promote, drop, setIfNewer } = given;
  return { readable, lease, fill, promote, drop, setIfNewer } as EntrySteps;
}

async function isNoticedInMemory(steps: EntrySteps): Promise<boolean> {
  for (const [at, item] of cases.entries()) {
    const seen: EntrySeen | null = await runInMemory(item, nowUs, steps).catch(() => null);
    if (seen === null || textOf(seen) !== decided[at]) return true;
  }
  return false;
}

describe("decisions of readers and loaders, edited", () => {
  test("as shipped they agree", async () => {
    expect(await isNoticedInMemory(stepsWith({}))).toBe(false);
  }, 180_000);

  test.each(entryDecisionMutants)(
    "$file, $name: noticed",
    async ({ file, from, to }) => {
      expect(await isNoticedInMemory(stepsWith({ [file]: replaceOnce(source(file), from, to) }))).toBe(true);
    },
    180_000,
  );
});
