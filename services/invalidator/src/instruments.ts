import type { KafkaPort } from "@freshet/kafka/port";
import type { CompiledRules } from "@freshet/rules";
import type { Logger } from "pino";
import { placesOf } from "./canary-start.js";
import type { Config } from "./config.js";
import { createEvents, type ServiceEvents } from "./events.js";
import type { Lag } from "./lag.js";
import { createLagWatch, type LagWatch } from "./lag-watch.js";
import { watchLetters } from "./letter-watch.js";
import { createMetrics, type Metrics } from "./metrics.js";
import { createOpenLetters } from "./open-letters.js";
import { isStuck, type ServiceState, silenceMs } from "./service-state.js";
import { abortableSleep } from "./sweeping.js";
import { versionOfService } from "./version.js";

/** What counts and tells of what happens, and the look at the brokers that some of the figures need. */
export interface Instruments {
  readonly metrics: Pick<Metrics, "canary" | "contentType" | "text" | "openText">;
  readonly events: ServiceEvents;
  readonly lagWatch: Pick<LagWatch, "start" | "stop">;
  /** Looks through the dead letters until the signal aborts, where that is asked for. */
  readonly watchLetters: (signal: AbortSignal) => void;
}

export interface InstrumentNeeds {
  readonly config: Config;
  readonly rules: CompiledRules;
  readonly kafka: KafkaPort;
  readonly lag: Lag;
  readonly state: ServiceState;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
}

export function createInstruments({ config, rules, kafka, lag, state, logger, clock }: InstrumentNeeds): Instruments {
  const { waiting, sweeps } = state;
  const lagWatch = createLagWatch({ kafka, group: config.kafka.group, topics: rules.topics, lag, waiting, clock });
  const letters = createOpenLetters({ kafka, deployment: config.deployment });
  const metrics = createMetrics(
    {
      waiting,
      lag: lagWatch,
      sweeps,
      assignedCount: () => lag.assignedCount,
      silence: () => ({ ms: silenceMs(state), isStuck: isStuck(state) }),
      openLetters: letters.oldest,
      startWaits: () => [...state.startWaits.values()],
    },
    { version: versionOfService(), mode: config.mode, rules, canary: placesOf(config, rules), clock },
  );
  const events = createEvents({ logger, metrics, clock, mode: config.mode });
  const everyMs = config.dlqLookSeconds * 1000;
  const look = { letters, everyMs, sleep: abortableSleep, onTrouble: events.lettersTrouble };
  return { metrics, events, lagWatch, watchLetters: (signal) => void (everyMs > 0 && watchLetters(look, signal)) };
}
