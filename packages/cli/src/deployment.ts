import { type Config, connectKafka, connectRegistryLate, connectStore } from "@freshet/invalidator";
import type { Deployment } from "./deps.js";

/** A command's first connection is its only one: it is waited for longer than one that was there a moment ago, and may fail once. */
const READY_MS = 4000;

/** What a configuration leads to. */
export function deploymentOf(config: Config): Deployment {
  return {
    name: config.deployment,
    mode: config.mode,
    rulesFile: config.rules,
    prefix: config.redis.prefix,
    connectKafka: () => connectKafka(config),
    connectStore: (probed) =>
      connectStore(config, { timeouts: { readyMs: READY_MS }, ...(probed === undefined ? {} : { ...probed, role: "invalidator" }) }),
    connectFrames: (clock) => connectRegistryLate(config, { clock }),
  };
}
