import { readFileSync } from "node:fs";
import * as protocol from "@freshet/protocol";
import { createRng, freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { compileModule } from "../tests/compile.js";
import { replaceOnce } from "../tests/edits.js";
import { type DecisionMutant, tagDecisionMutants, tagScriptMutants } from "../tests/tag-mutants.js";
import { randomSequence, type Sequence } from "../tests/tag-ops.js";
import { type Seen, type TagServer, tagServer } from "../tests/tag-redis.js";
import { type Decisions, decideOp, decisions, worldText } from "../tests/tag-world.js";
import { scripts } from "./generated/scripts.js";

/** The same sequences for each mutant: the question is whether they tell it from the original, not what is found today. */
const SEED = 20_251_121;
const SEQUENCES = 400;
const prefix = `${freshPrefix("tag-mutants")}:`;
const nowUs = (Date.now() + 3_600_000) * 1000;
const rng = createRng(SEED);
const sequences = Array.from({ length: SEQUENCES }, () => randomSequence(rng, { nowUs, length: 25, by: decisions }));
let client: Redis;
beforeAll(() => {
  client = new Redis(testRedisUrl());
});
afterAll(async () => {
  await client.unlink(`${prefix}clock`);
  await client.quit();
});

function isAlike({ before, ops }: Sequence, seen: readonly Seen[], by: Decisions): boolean {
  let world = before;
  return ops.every((op, at) => {
    const due = decideOp(world, op, by);
    world = due.world;
    return JSON.stringify(seen[at]) === JSON.stringify({ reply: due.reply, text: worldText(world) });
  });
}

/** Whether any sequence shows a difference; a script that fails is one. */
async function isNoticed(server: TagServer): Promise<boolean> {
  for (const sequence of sequences) {
    const seen = await server.run("a", sequence.before, sequence.ops).catch(() => []);
    if (!isAlike(sequence, seen, decisions)) return true;
  }
  return false;
}

describe("scripts of tags, edited", () => {
  test("as shipped they agree", async () => {
    expect(await isNoticed(await tagServer(client, prefix))).toBe(false);
  }, 180_000);

  test.each(tagScriptMutants)(
    "$step, $name: noticed",
    async ({ step, from, to }) => {
      const server = await tagServer(client, prefix, { [step]: replaceOnce(scripts[step].text, from, to) });
      expect(await isNoticed(server)).toBe(true);
    },
    180_000,
  );
});

describe("decisions on tags, edited", () => {
  const recorded: (readonly [Sequence, readonly Seen[]])[] = [];
  beforeAll(async () => {
    const server = await tagServer(client, prefix);
    for (const sequence of sequences) recorded.push([sequence, await server.run("a", sequence.before, sequence.ops)]);
  }, 180_000);
  const agrees = (by: Decisions) => recorded.every(([sequence, seen]) => isAlike(sequence, seen, by));

  test("as shipped they agree", () => {
    expect(agrees(edited(null))).toBe(true);
  }, 180_000);

  test.each(tagDecisionMutants)(
    "$file, $name: noticed",
    (mutant) => {
      expect(agrees(edited(mutant))).toBe(false);
    },
    180_000,
  );
});

/** The decisions with one file of them edited. */
function edited(mutant: DecisionMutant | null): Decisions {
  const textOf = (file: DecisionMutant["file"]) => {
    const text = readFileSync(new URL(`../../protocol/src/${file}.ts`, import.meta.url), "utf8");
    return mutant?.file === file ? replaceOnce(text, mutant.from, mutant.to) : text;
  };
  const floors = compileModule(textOf("floors"), ["harder", "liveFloors", "raiseFloor", "standsUnderFloor"], protocol);
  const given = { compareVersions: protocol.compareVersions, limits: protocol.limits, ...floors };
  const tagSteps = ["raiseTag", "fillTimeFault", "indexAdd", "indexRemove", "trimBefore", "claimSweep", "moveSweep", "endSweep"];
  const tags = compileModule(textOf("decide-tag"), tagSteps, given);
  const epochs = compileModule(textOf("decide-epoch"), ["getEpoch", "bumpEpoch"], given);
  return { ...decisions, ...tags, ...epochs };
}
