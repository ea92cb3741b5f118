import { FreshetError } from "@freshet/protocol";
import { createMemoryStore } from "@freshet/store";
import { expect, test } from "@jest/globals";
import { keepPublishing } from "./bounds-publishing.js";

const bounds = { leaseMs: 5000, lagMs: 2000, skewMs: 250, fillMs: 2000, floorMs: 7250, tagFloorMs: 9250 };

/** Runs so many turns, each of them `turn`, and stops in the sleep behind the last one. */
async function run(turns: number, turn: (number: number) => Promise<void>) {
  const stopping = new AbortController();
  const slept: number[] = [];
  const troubles: (readonly [string, number])[] = [];
  let published = 0;
  await keepPublishing({
    publish: () => turn(++published),
    everyMs: 60_000,
    sleep: async (ms) => {
      slept.push(ms);
      if (slept.length > turns) stopping.abort();
    },
    signal: stopping.signal,
    onTrouble: (error, attempts) => void troubles.push([error.code, attempts]),
  });
  return { slept, published, troubles };
}

test("a store that has forgotten the bounds is told them within a minute", async () => {
  const store = createMemoryStore({ nowUs: () => 0 });
  expect(await run(1, () => store.publishBounds(bounds))).toEqual({ slept: [60_000, 60_000], published: 1, troubles: [] });
  expect(await store.readBounds()).toMatchObject(bounds);
});

test("a turn that fails is told, and the next one tries again", async () => {
  const gone = new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
  const failing = new Set([1, 2, 4]);
  const { published, troubles } = await run(5, (number) => (failing.has(number) ? Promise.reject(gone) : Promise.resolve()));
  expect(published).toBe(5);
  expect(troubles).toEqual([
    ["FR2001", 1],
    ["FR2001", 2],
    ["FR2001", 1],
  ]);
});

test("nothing is published, and nothing told, once the service stops", async () => {
  const stopping = new AbortController();
  const told: string[] = [];
  let published = 0;
  await keepPublishing({
    publish: () => {
      published += 1;
      stopping.abort();
      return Promise.reject(new Error("closed"));
    },
    everyMs: 60_000,
    sleep: () => Promise.resolve(),
    signal: stopping.signal,
    onTrouble: ({ code }) => void told.push(code),
  });
  expect([published, told]).toEqual([1, []]);
});
