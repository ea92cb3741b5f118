import { storeConformance } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { createMemoryStore } from "./memory-store.js";

/** A clock that moves on by itself: two steps are never at the same instant, as on a server. */
function tickingClock(): () => number {
  let nowUs = 1_700_000_000_000_000;
  return () => {
    nowUs += 10;
    return nowUs;
  };
}

storeConformance("in memory", () => {
  const store = createMemoryStore({ nowUs: tickingClock() });
  return { store, seed: store.seed, close: () => store.close() };
});

test("keys are gone when their time is over, and not a moment earlier", async () => {
  let nowUs = 1_700_000_000_000_000;
  const store = createMemoryStore({ nowUs: () => nowUs });
  await store.seed.putOpaque("a", { value: "page", ttlMs: 1_000 });
  nowUs += 1_000_999;
  expect(await store.seed.has("a")).toBe(true);
  nowUs += 1;
  expect(await store.seed.has("a")).toBe(false);
});
