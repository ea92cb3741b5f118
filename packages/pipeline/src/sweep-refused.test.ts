import type { SweepPort } from "@freshet/store/port";
import { afterEach, expect, test } from "@jest/globals";
import { createSweepScene, TAG } from "../tests/sweep-scene.js";

const COUNT = 1_200;
const key = (at: number): string => `listing:acme:${at}`;
/** In the middle of the second step. */
const BAD = key(777);
let scene: ReturnType<typeof createSweepScene>;
afterEach(() => scene.stop());

/** A store whose Redis lets this user not touch one key, for as long as `until` says. */
function refusing(isOver: () => boolean): Pick<SweepPort, "bustMembers"> {
  return {
    bustMembers: async (busts) => {
      const allowed = busts.filter((bust) => isOver() || bust.key !== BAD);
      const outcomes = [...(await scene.store.bustMembers(allowed))];
      return busts.map((bust) => (isOver() || bust.key !== BAD ? (outcomes.shift() ?? "refused") : "refused"));
    },
  };
}

async function left(): Promise<readonly string[]> {
  const there: string[] = [];
  for (let at = 0; at < COUNT; at++) if (await scene.store.seed.has(key(at))) there.push(key(at));
  return there;
}

async function fill(digits: number): Promise<void> {
  for (let at = 0; at < COUNT; at++) await scene.put(key(at), { "p/a": digits });
}

test("a member that is refused holds up no other, and its bust stays pending until it is done", async () => {
  scene = createSweepScene();
  let isOver = false;
  const { told } = scene.sweeper({ store: refusing(() => isOver) });
  await fill(1);
  await scene.bust("p/a", 5);
  await scene.clock.advance(10_000);
  expect(await left()).toEqual([BAD]);
  expect(told.ends).toEqual([]);
  expect(told.troubles.length).toBeGreaterThan(1);
  expect(told.troubles[0]).toMatchObject({ tag: TAG, code: "FR2003", disposition: "halt" });
  expect(await scene.store.inspectTag(TAG)).toMatchObject({ sweep: { busts: [{ subject: "p/a", version: "5" }] } });
  isOver = true;
  await scene.clock.advance(10_000);
  expect(await left()).toEqual([]);
  expect(told.ends).toHaveLength(1);
  expect(await scene.store.pendingSweeps()).toEqual([]);
});

test("busts that come later reach the other members meanwhile, and stay pending for the one that is refused", async () => {
  scene = createSweepScene();
  let isOver = false;
  const { told } = scene.sweeper({ store: refusing(() => isOver) });
  await fill(1);
  await scene.bust("p/a", 5);
  await scene.clock.advance(5_000);
  for (let at = 0; at < COUNT; at++) if (key(at) !== BAD) await scene.put(key(at), { "p/a": 6 });
  await scene.clock.advance(5_000);
  expect(await left()).toHaveLength(COUNT); // newer than the bust
  await scene.bust("p/a", 7);
  await scene.clock.advance(10_000);
  expect(await left()).toEqual([BAD]);
  isOver = true;
  await scene.clock.advance(20_000);
  expect(await left()).toEqual([]);
  expect(told.ends.map(({ busts }) => busts.map(({ version }) => version))).toEqual([["5"], ["7"]]);
  expect(await scene.store.pendingSweeps()).toEqual([]);
});

test("whoever takes such a walk over comes upon the member again", async () => {
  scene = createSweepScene();
  const one = scene.sweeper({ store: refusing(() => false) });
  await fill(1);
  await scene.bust("p/a", 5);
  await scene.clock.advance(5_000);
  await one.sweeper.stop();
  expect(await left()).toEqual([BAD]);
  const other = scene.sweeper({ store: refusing(() => false) });
  await scene.clock.advance(20_000);
  expect(other.told.troubles.length).toBeGreaterThan(0);
  expect(await scene.store.pendingSweeps()).toMatchObject([{ tag: TAG }]);
  await other.sweeper.stop();
  const { told } = scene.sweeper();
  await scene.clock.advance(15_000);
  expect(told.ends).toHaveLength(1);
  expect(await left()).toEqual([]);
});

test("a member that is gone from the index is no longer waited for", async () => {
  scene = createSweepScene();
  const { told } = scene.sweeper({ store: refusing(() => false) });
  await fill(1);
  await scene.bust("p/a", 5);
  await scene.clock.advance(5_000);
  await scene.store.indexRemove(TAG, await scene.members());
  await scene.clock.advance(5_000);
  expect(told.ends).toHaveLength(1);
  expect(await scene.store.pendingSweeps()).toEqual([]);
});
