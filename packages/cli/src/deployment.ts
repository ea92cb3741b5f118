import type { Config } from "@freshet/invalidator";
import { createKafkajsPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { createRedisStore } from "@freshet/store";
import type { Deployment } from "./deps.js";

/** What a configuration leads to. */
export function deploymentOf(config: Config): Deployment {
  return {
    name: config.deployment,
    mode: config.mode,
    rulesFile: config.rules,
    connectKafka: async () =>
      createKafkajsPort({ brokers: config.kafka.brokers, clientId: "freshet-cli", clock: { nowMs: () => Date.now() } }),
    connectStore: async () => {
      if (config.redis.url === null) throw new FreshetError("FR1002", "usage", "FRESHET_REDIS_URL is missing", "Set it.");
      return createRedisStore({ url: config.redis.url.reveal(), prefix: config.redis.prefix });
    },
  };
}
