import { type Config, connectKafka, connectRegistryLate, connectStore } from "@freshet/invalidator";
import type { Deployment } from "./deps.js";

/** What a configuration leads to. */
export function deploymentOf(config: Config): Deployment {
  return {
    name: config.deployment,
    mode: config.mode,
    rulesFile: config.rules,
    prefix: config.redis.prefix,
    connectKafka: () => connectKafka(config),
    connectStore: (probed) => connectStore(config, probed === undefined ? {} : { ...probed, role: "invalidator" }),
    connectFrames: (clock) => connectRegistryLate(config, { clock }),
  };
}
