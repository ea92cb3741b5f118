import { type Config, connectKafka, connectRegistryLate, connectStore } from "@freshet/invalidator";
import type { Deployment } from "./deps.js";

/**
 * A command gives up where the service waits: so it waits longer for its first connection than for one that was there a moment ago. Who
 * probes asks again by itself.
 */
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
      connectStore(config, probed === undefined ? { timeouts: { readyMs: READY_MS } } : { ...probed, role: "invalidator" }),
    connectFrames: (clock) => connectRegistryLate(config, { clock }),
  };
}
