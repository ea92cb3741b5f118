import { randomUUID } from "node:crypto";
import type { KafkaPort } from "@freshet/kafka/port";
import type { FreshetError } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { StorePort } from "@freshet/store/port";
import type { Logger } from "pino";
import { keepFlying } from "./canary.js";
import { flyThroughPartitions } from "./canary-partitions.js";
import { addCanary, CANARY, type CanaryPlaces, canaryTopic } from "./canary-rules.js";
import type { Config } from "./config.js";
import type { Metrics } from "./metrics.js";
import { abortableSleep } from "./sweeping.js";
import { isTold } from "./telling.js";

/** Observing busts nothing, so no canary comes back. */
function hasCanary({ canarySeconds, mode }: Pick<Config, "canarySeconds" | "mode">): boolean {
  return canarySeconds > 0 && mode === "apply";
}

/** The topic of the canary, `null` where it is off. */
export function canaryOf(config: Config): string | null {
  return hasCanary(config) ? canaryTopic(config.deployment) : null;
}

/** `null` where the canary is off. */
export function placesOf(config: Config, rules: Pick<CompiledRules, "topics" | "sourcesOf">): CanaryPlaces | null {
  if (!hasCanary(config)) return null;
  const asking = rules.topics.filter((topic) => rules.sourcesOf(topic).some(({ canary }) => canary === true));
  return { deployment: config.deployment, topics: new Set(asking) };
}

/** The topics that canaries are written to; none where they are off. */
export function canaryTopics(config: Config, rules: Pick<CompiledRules, "topics" | "sourcesOf">): readonly string[] {
  const places = placesOf(config, rules);
  return places === null ? [] : [canaryTopic(config.deployment), ...places.topics];
}

/** What the service runs: the rules of the file, and the canary's where it is on. Errors as `addCanary`. */
export function withCanary(rules: CompiledRules, config: Config): CompiledRules {
  return hasCanary(config) ? addCanary(rules, { deployment: config.deployment, prefix: config.redis.prefix }).rules : rules;
}

export interface CanaryContext {
  readonly config: Config;
  /** What `withCanary` made. */
  readonly rules: CompiledRules;
  readonly kafka: KafkaPort;
  readonly store: StorePort;
  readonly metrics: Pick<Metrics, "canary">;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
}

/**
 * Lets the canary fly until the signal aborts, each process its own, and one through each of its partitions whose source asks for it;
 * nothing where it is off.
 */
export function createCanary({ config, rules, metrics: { canary }, logger, ...ports }: CanaryContext): (signal: AbortSignal) => void {
  const family = rules.families.get(CANARY);
  if (config.canarySeconds > 0 && !hasCanary(config)) logger.info("the canary is off: observing busts nothing");
  if (canary === null || family === undefined) return () => undefined;
  const topic = canaryTopic(config.deployment);
  const options = {
    ...ports,
    family,
    topic,
    id: randomUUID().replaceAll("-", ""),
    sleep: abortableSleep,
    everyMs: config.canarySeconds * 1000,
    onSuccess: canary.succeeded,
    onFailure: (failure: object, failures: number): void => {
      canary.failed();
      if (isTold(failures)) logger.warn({ topic, ...failure, failures }, "the canary failed");
    },
  };
  const through = {
    kafka: ports.kafka,
    deployment: config.deployment,
    partitions: canary.partitions.seen,
    sleep: abortableSleep,
    everyMs: options.everyMs,
    onFailure: ({ code, message: problem, fix }: FreshetError, failures: number): void => {
      canary.failed();
      if (isTold(failures)) logger.warn({ code, problem, fix, failures }, "canaries could not be sent to source partitions");
    },
  };
  return (signal) => {
    void keepFlying(options, signal);
    void flyThroughPartitions(through, signal);
  };
}
