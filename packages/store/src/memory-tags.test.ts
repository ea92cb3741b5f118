import { epochTtlMs } from "@freshet/protocol";
import { tagConformance } from "@freshet/testkit";
import { createMemoryStore } from "./memory-store.js";

tagConformance("in memory", () => {
  let aheadMs = 0;
  let lastUs = 0;
  const nowUs = () => {
    lastUs = Math.max(lastUs + 1, Math.floor((performance.timeOrigin + performance.now() + aheadMs) * 1000));
    return lastUs;
  };
  const store = createMemoryStore({ nowUs });
  const loseEpoch = async () => {
    aheadMs += epochTtlMs + 1;
  };
  return { store, seed: store.seed, loseEpoch, close: () => store.close() };
});
