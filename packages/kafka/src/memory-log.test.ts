import { kafkaConformance } from "@freshet/testkit";
import { createMemoryLog } from "./memory-log.js";

const log = createMemoryLog({ clock: { nowMs: () => Date.now() } });

kafkaConformance(
  "in memory",
  () => log.client(),
  (at, before) => log.trim(at, before),
);
