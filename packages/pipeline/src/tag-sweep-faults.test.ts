import { createRng, faultyStore } from "@freshet/testkit";
import { afterEach, expect, test } from "@jest/globals";
import { createSweepScene, TAG } from "../tests/sweep-scene.js";

const COUNT = 1_200;
const key = (at: number): string => `listing:acme:${at}`;
let scene: ReturnType<typeof createSweepScene>;
afterEach(() => scene.stop());

/** Calls that can fail without having been done, and those that can be done without being answered, all the time. */
const chances = [{ before: 0.15, after: 0.15, partly: 0.1 }, { before: 0.3 }, { after: 0.3 }, { partly: 0.4, before: 0.1, after: 0.1 }];

async function left(): Promise<readonly string[]> {
  const there: string[] = [];
  for (let at = 0; at < COUNT; at++) if (await scene.store.seed.has(key(at))) there.push(key(at));
  return there;
}

test.each(chances)("two workers walk all of an index although every call fails now and then: %j", async (chance) => {
  const seeds = createRng();
  scene = createSweepScene();
  const faults = new Set<string>();
  const open = () => {
    const rng = createRng(seeds.integer(0, 2 ** 31));
    const store = faultyStore(scene.store, { rng, ...chance, onFault: (what) => faults.add(what) });
    return scene.sweeper({ store, settings: { trimEveryMs: 5_000 } });
  };
  for (let at = 0; at < COUNT; at++) await scene.put(key(at), { "p/a": 1, "p/b": 1 });
  await scene.put(key(7), { "p/a": 9, "p/b": 9 });
  await scene.bust("p/a", 5);
  const [one, other] = [open(), open()];
  await scene.clock.advance(500);
  await scene.put(key(8), { "p/a": 9, "p/b": 1 });
  await scene.bust("p/b", 7);
  await scene.clock.advance(180_000);
  expect(await left()).toEqual([key(7)]);
  expect(await scene.members()).toMatchObject([{ key: key(7) }]);
  expect(await scene.store.pendingSweeps()).toEqual([]);
  expect(await scene.store.inspectTag(TAG)).toMatchObject({ sweep: null, next: [] });
  expect([...one.told.troubles, ...other.told.troubles].every(({ code }) => code === "FR2001")).toBe(true);
  expect(faults.size).toBeGreaterThan(3);
});
