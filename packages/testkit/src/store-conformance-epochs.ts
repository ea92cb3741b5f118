import { type Epoch, limits, type TagOutcome, validity } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { type TagBench, type TagBustOf, tagBustOf, tagSpec } from "./tag-bench.js";

/** Epoch tags: one generation that readers compare. */
export function epochTests(bench: TagBench): void {
  const steps = stepsOf(bench);
  generationTests(bench, steps);
  recordTests(steps);
  lossTests(bench, steps);
}

interface EpochSteps {
  get(): Promise<Epoch>;
  bump(change?: Partial<TagBustOf>): Promise<TagOutcome | undefined>;
  /** How a reader finds an entry of this generation. */
  valid(generation: number): Promise<"valid" | "stale" | "miss">;
}

function stepsOf({ store, tag }: TagBench): EpochSteps {
  const get = async (): Promise<Epoch> => {
    const epoch = (await store().epochs([{ tag: tag("e"), skewMs: tagSpec.skewMs }])).get(tag("e"));
    if (epoch === undefined) throw new Error("no epoch");
    return epoch;
  };
  return {
    get,
    bump: async (change = {}) => (await store().bustTags([tagBustOf({ tag: tag("e"), version: "5", target: "epoch", ...change })]))[0],
    valid: async (generation) => validity(new Map([[tag("e"), generation]]), new Map([[tag("e"), await get()]])),
  };
}

function generationTests({ store, tag }: TagBench, { get, bump, valid }: EpochSteps): void {
  test("one that is missing is made: hard as well, and of age 0", async () => {
    const made = await get();
    expect(made).toMatchObject({ hardGeneration: made.generation, ageUs: 0 });
    expect(made.generation).toBeGreaterThan(1_600_000_000_000_000);
    expect(await get()).toMatchObject({ generation: made.generation, hardGeneration: made.generation });
    expect((await store().inspectTag(tag("e"))).epoch).toMatchObject({ generation: made.generation });
    const both = await store().epochs(["e", "f"].map((id) => ({ tag: tag(id), skewMs: tagSpec.skewMs })));
    expect([...both.keys()]).toEqual([tag("e"), tag("f")]);
    expect(await store().epochs([])).toEqual(new Map());
  });

  test("a soft bust makes entries stale, a hard one makes them a miss", async () => {
    const { generation: first } = await get();
    expect(await valid(first)).toBe("valid");
    expect(await bump({ mode: "soft" })).toBe("bumped");
    const { generation: second, hardGeneration } = await get();
    expect(second).toBeGreaterThan(first);
    expect(hardGeneration).toBe(first);
    expect([await valid(first), await valid(second), await valid(second + 1)]).toEqual(["stale", "valid", "miss"]);
    expect(await bump({ version: "6" })).toBe("bumped");
    const third = await get();
    expect(third.hardGeneration).toBe(third.generation);
    expect([await valid(first), await valid(second), await valid(third.generation)]).toEqual(["miss", "miss", "valid"]);
  });

  test("an age is that of the newest generation", async () => {
    await bump();
    const before = await get();
    await bump({ version: "6", mode: "soft" });
    const after = await get();
    expect(after.generation).toBeGreaterThanOrEqual(before.generation + before.ageUs);
    expect(after.ageUs).toBeLessThan(10_000_000);
  });
}

function recordTests({ get, bump }: EpochSteps): void {
  test("a replay does nothing; its mode is that of the version it was busted with", async () => {
    expect(await bump({ mode: "soft" })).toBe("bumped");
    expect(await bump({ mode: "soft" })).toBe("covered");
    expect(await bump({ version: "4", mode: "soft" })).toBe("covered");
    expect(await bump({ version: "4", mode: "hard" })).toBe("bumped");
    expect(await bump({ version: "5", mode: "hard" })).toBe("bumped");
    expect(await bump({ version: "5", mode: "soft" })).toBe("covered");
    expect(await bump({ version: "6", mode: "soft" })).toBe("bumped");
    expect(await bump({ version: "6", mode: "hard" })).toBe("bumped");
  });

  test("timestamps and blind busts always bump", async () => {
    for (let i = 0; i < 2; i++) expect(await bump({ spaceKind: "timestamp" })).toBe("bumped");
    const before = await get();
    for (let i = 0; i < 2; i++) expect(await bump({ version: null, spaceKind: "none" })).toBe("bumped");
    expect((await get()).hardGeneration).toBeGreaterThan(before.hardGeneration);
  });

  test("the oldest subject is forgotten, which only costs a bump", async () => {
    const subjects = Array.from({ length: limits.recordsPerEpochMax + 1 }, (_, i) => `s/${i}`);
    for (const subject of subjects) expect(await bump({ subject })).toBe("bumped");
    expect(await bump({ subject: "s/1" })).toBe("covered");
    expect(await bump({ subject: "s/64" })).toBe("covered");
    expect(await bump({ subject: "s/0" })).toBe("bumped");
  });

  test("generations rise with every bust, also at the same time", async () => {
    const before = await get();
    const versions = Array.from({ length: 50 }, (_, i) => String(100 + i));
    await Promise.all(versions.map((version) => bump({ version, subject: `s/${version}` })));
    const after = await get();
    expect(after.generation).toBeGreaterThanOrEqual(before.generation + 50);
    expect(await bump({ version: "149", subject: "s/149" })).toBe("covered");
  });
}

function lossTests({ current, store, tag }: TagBench, { get, bump, valid }: EpochSteps): void {
  test("one that was lost is made above what entries hold from before, and remembers nothing", async () => {
    await bump();
    const { generation } = await get();
    await current().loseEpoch(tag("e"));
    expect((await store().inspectTag(tag("e"))).epoch).toBeNull();
    const made = await get();
    expect(made.hardGeneration).toBe(made.generation);
    expect(made.generation).toBeGreaterThan(generation);
    expect(made.ageUs).toBe(0);
    expect(await valid(generation)).toBe("miss");
    expect(await bump()).toBe("bumped");
    await current().loseEpoch(tag("e"));
    expect(await bump({ mode: "soft", version: "9" })).toBe("bumped");
    expect(await valid(made.generation)).toBe("miss");
  });
}
