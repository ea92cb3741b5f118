import { entryConformance } from "@freshet/testkit";
import { createMemoryStore } from "./memory-store.js";

/** The machine's clock, on which no two looks are at the same instant. */
function risingClock(): () => number {
  let lastUs = 0;
  return () => {
    lastUs = Math.max(lastUs + 1, Date.now() * 1000);
    return lastUs;
  };
}

entryConformance("in memory", () => {
  const store = createMemoryStore({ nowUs: risingClock() });
  return { store, seed: store.seed, close: () => store.close() };
});
