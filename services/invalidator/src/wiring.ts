import { setTimeout as sleep } from "node:timers/promises";
import type { Consumption, KafkaPort } from "@freshet/kafka/port";
import {
  createLoop,
  type Loop,
  type LoopEvents,
  type LoopSettings,
  type PipelinePoint,
  type Sweeper,
  type SweepSettings,
} from "@freshet/pipeline";
import { asFreshetError, type FramePort, type FreshetError } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { readOnly, type StorePort } from "@freshet/store/port";
import type { Logger } from "pino";
import { createAdminHttp, listen } from "./admin-http.js";
import { boundsOf, keepPublishing } from "./bounds-publishing.js";
import { canaryTopics, createCanary, withCanary } from "./canary-start.js";
import type { Config } from "./config.js";
import { configProblem, type Problem } from "./config-problem.js";
import { connectKafka, connectStore } from "./connect.js";
import { connectRegistry } from "./connect-registry.js";
import { connectTraces } from "./connect-traces.js";
import type { ServiceEvents } from "./events.js";
import { createInstruments, type Instruments } from "./instruments.js";
import { createLag, type Lag } from "./lag.js";
import { createLogger, quiet } from "./log.js";
import { readTextFile } from "./read-text.js";
import { readRules } from "./rules-file.js";
import { createServiceState, isStuck, liveness, noteTrouble, readiness, type ServiceState, startup } from "./service-state.js";
import { checkStore, checkTopics, isEvictionHarmless, publishBounds } from "./start-checks.js";
import { abortableSleep, createSweeping, nudging } from "./sweeping.js";
import { createWatchdog, type Watchdog } from "./watchdog.js";

/** What tests and dev mode put in the place of the real thing. */
export interface Overrides {
  readonly kafka?: KafkaPort;
  readonly store?: StorePort;
  readonly logger?: Logger;
  readonly clock?: { nowMs(): number };
  readonly readText?: (path: string) => string;
  readonly loop?: Partial<LoopSettings>;
  readonly sweep?: Partial<SweepSettings>;
  /** The first pause while the start waits; it doubles up to 5 s. */
  readonly retryFirstMs?: number;
  /** How often the time bounds are published again; a minute by default. */
  readonly publishEveryMs?: number;
  /** Called at each point between two effects. */
  readonly reached?: (point: PipelinePoint) => void;
  /** What counts and tells; the bench leaves it out to see what it costs. */
  readonly instruments?: typeof createInstruments;
}

/** A running service. */
export interface Invalidator {
  /** Where the admin port listens, e.g. `http://127.0.0.1:9464`. */
  readonly address: string;
  /** Resolves when it cannot go on, with the reason. */
  readonly failed: Promise<FreshetError>;
  /** Stops fetching, lets slices under way end, commits, leaves the group, closes everything. Safe to call twice. */
  stop(): Promise<void>;
}

const WATCH_EVERY_MS = 5000;
const PUBLISH_EVERY_MS = 60_000;
/** How long a stop waits for a consumer that is just being made, so that it leaves the group as others do. */
const BEGIN_GRACE_MS = 3000;

/** What is made once and used by everything. */
interface Parts {
  readonly config: Config;
  readonly rules: CompiledRules;
  readonly kafka: KafkaPort;
  readonly store: StorePort;
  readonly frames: FramePort | undefined;
  readonly logger: Logger;
  readonly events: ServiceEvents;
  readonly lag: Lag;
  readonly lagWatch: Instruments["lagWatch"];
  readonly watchLetters: Instruments["watchLetters"];
  readonly loop: Loop;
  /** `null` in observe mode. */
  readonly sweeper: Sweeper | null;
  readonly canary: (signal: AbortSignal) => void;
  readonly state: ServiceState;
  readonly watchdog: Watchdog;
  readonly failure: PromiseWithResolvers<FreshetError>;
  readonly retryFirstMs: number;
  readonly publishEveryMs: number;
  readonly stopping: AbortController;
}

/**
 * Starts the service: rules, admin port, then in the background Redis, Kafka and the group, each waited for until it is there.
 *
 * @throws FreshetError at once for what waiting does not mend: configuration, rules file, admin port.
 */
export async function startInvalidator(config: Config, overrides: Overrides = {}): Promise<Invalidator> {
  const rulesPath = requireSettings(config, overrides);
  const rules = withCanary(readRules(rulesPath, overrides.readText ?? readTextFile, config.redis), config);
  const { parts, admin } = await build(config, rules, overrides);
  const address = await listen(admin, config.http).catch(async (error: unknown) => {
    await Promise.all([parts.kafka.close(), parts.store.close(), admin.close()]);
    throw error;
  });
  tellStart(parts, address);
  const { failure, watchdog, lagWatch } = parts;
  lagWatch.start();
  const watching = setInterval(watchdog.look, WATCH_EVERY_MS);
  const beginning = begin(parts).catch((error: unknown) => {
    if (!parts.stopping.signal.aborted) failure.resolve(asFreshetError(error));
  });
  let stopped: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    parts.state.phase = "draining";
    parts.stopping.abort();
    clearInterval(watching);
    lagWatch.stop();
    await Promise.race([beginning, sleep(BEGIN_GRACE_MS, undefined, { ref: false })]);
    await Promise.all([parts.state.consumption?.stop(), parts.sweeper?.stop()]);
    await Promise.all([parts.kafka.close(), parts.store.close()]);
    parts.frames?.close();
    await admin.close();
  };
  return {
    address,
    failed: failure.promise,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Everything that `run` needs and the configuration lacks, in one go. */
function requireSettings(config: Config, overrides: Overrides): string {
  const problems: Problem[] = [];
  const need = (where: string, fix: string) => problems.push({ where, problem: "is not set", fix });
  if (config.rules === null) need("FRESHET_RULES", "Name the rules file.");
  if (config.kafka.brokers.length === 0 && overrides.kafka === undefined)
    need("FRESHET_KAFKA_BROKERS", "Name your brokers: host:port, with commas in between.");
  if (config.redis.url === null && overrides.store === undefined) need("FRESHET_REDIS_URL", "Say where Redis is: redis://host:6379.");
  if (problems.length > 0 || config.rules === null) throw configProblem(problems);
  return config.rules;
}

async function build(config: Config, rules: CompiledRules, overrides: Overrides) {
  const logger = overrides.logger ?? createLogger(config);
  const clock = overrides.clock ?? { nowMs: () => Date.now() };
  const tracer = await connectTraces(config, { rules, logger });
  const frames = await connectRegistry(config, rules, { clock });
  const lag = createLag(clock);
  const sweeps = () => sweeper?.status() ?? null;
  const state = createServiceState({ clock, waiting: () => loop.waiting(), sweeps });
  const kafka = overrides.kafka ?? (await connectKafka(config, { logger: quiet(logger) }));
  const instruments = overrides.instruments ?? createInstruments;
  const { metrics, events, lagWatch, watchLetters } = instruments({ config, rules, kafka, lag, state, logger, clock });
  const forProbe = { role: "invalidator", evictionIsHarmless: isEvictionHarmless(rules) } as const;
  const store = overrides.store ?? (await connectStore(config, { ...forProbe, onError: events.redisTrouble }));
  const sweeper = config.mode === "apply" ? createSweeping({ store, rules, clock, events, settings: overrides.sweep }) : null;
  const failure = Promise.withResolvers<FreshetError>();
  const watchdog = createWatchdog({ clock, hasWork: () => lag.hasWork(), isSilent: () => isStuck(state), onStall: failure.resolve });
  const loop: Loop = createLoop({
    ports: {
      rules,
      frames,
      kafka,
      store: sweeper === null ? readOnly(store) : nudging(store, sweeper),
      deadLetters: { topic: deadLetterTopic(config), group: config.kafka.group, rulesHash: rules.hash },
      now: () => new Date(clock.nowMs()).toISOString(),
      ...(overrides.reached === undefined ? {} : { reached: overrides.reached }),
    },
    events: withProgress({ events, lag, watchdog }),
    clock,
    tracer,
    settings: overrides.loop,
  });
  const admin = createAdminHttp({
    live: () => liveness(state),
    ready: () => readiness(state),
    started: () => startup(state),
    metrics: () => metrics.text(),
    metricsType: metrics.contentType,
    openMetrics: config.traces ? () => metrics.openText() : null,
  });
  const parts: Parts = {
    config,
    rules,
    kafka,
    store,
    frames,
    logger,
    events,
    lag,
    lagWatch,
    watchLetters,
    loop,
    sweeper,
    canary: createCanary({ config, rules, kafka, store, metrics, logger, clock }),
    state,
    watchdog,
    failure,
    retryFirstMs: overrides.retryFirstMs ?? 200,
    publishEveryMs: overrides.publishEveryMs ?? PUBLISH_EVERY_MS,
    stopping: new AbortController(),
  };
  return { parts, admin };
}

/** What happens to slices, told to the lag and the watchdog as well. */
function withProgress({ events, lag, watchdog }: Pick<Parts, "events" | "lag" | "watchdog">): LoopEvents {
  return {
    sliceSettled(report, slice) {
      watchdog.moved();
      lag.sliceSettled(slice, report.records);
      events.sliceSettled(report, slice);
    },
    partitionWaiting(waiting) {
      watchdog.moved();
      events.partitionWaiting(waiting);
    },
    partitionResumed: events.partitionResumed,
  };
}

/** Redis and Kafka are looked at side by side, and consuming begins when both are as they must be. */
async function begin(parts: Parts): Promise<void> {
  const { config, rules, kafka, store, state, events, logger, sweeper } = parts;
  const { signal } = parts.stopping;
  const context = { clock: state.clock, signal, waits: state.startWaits, onWaiting: events.startWaiting, retryFirstMs: parts.retryFirstMs };
  const storeReady = checkStore(store, context).then(async (findings) => {
    for (const { problem, fix } of findings) logger.warn({ problem, fix }, "Redis could be better");
    if (config.mode === "apply") {
      await publishBounds(rules, store, context);
      void keepPublished(parts);
    }
    state.storeChecked = true;
    if (!signal.aborted) sweeper?.start(); // sweeps of others are taken over whether Kafka is there or not
  });
  const used = {
    sources: rules.topics,
    deadLetters: deadLetterTopic(config),
    group: config.kafka.group,
    canaries: canaryTopics(config, rules),
  };
  await Promise.all([storeReady, checkTopics(used, kafka, context)]);
  signal.throwIfAborted();
  state.consumption = await consume(parts);
  parts.canary(signal);
  parts.watchLetters(signal);
  state.phase = signal.aborted ? "draining" : "consuming";
}

function keepPublished({ rules, store, events, publishEveryMs, stopping: { signal } }: Parts): Promise<void> {
  const publish = () => store.publishBounds(boundsOf(rules));
  return keepPublishing({ publish, everyMs: publishEveryMs, sleep: abortableSleep, signal, onTrouble: events.boundsTrouble });
}

async function consume({ config, rules, kafka, loop, lag, events, state, watchdog, failure }: Parts): Promise<Consumption> {
  return await kafka.consume({
    group: config.kafka.group,
    topics: rules.topics,
    onBatch: async (batch, control) => {
      lag.batchArrived(batch);
      try {
        return await loop.onBatch(batch, control);
      } finally {
        lag.batchEnded(batch);
      }
    },
    onAssigned: (assigned) => {
      watchdog.moved();
      lag.assigned(assigned);
      loop.onAssigned(assigned);
      events.assigned(assigned);
    },
    onTrouble: (error) => {
      noteTrouble(state, error);
      events.kafkaTrouble(error);
    },
    onHole: events.kafkaHole,
    onFatal: failure.resolve,
  });
}

function deadLetterTopic({ deployment }: Config): string {
  return `freshet.dlq.${deployment}`;
}

function tellStart({ config, rules, logger }: Parts, address: string): void {
  const { mode, kafka } = config;
  logger.info({ mode, group: kafka.group, topics: rules.topics, rulesHash: rules.hash, admin: address }, "started");
  if (mode !== "observe") return;
  const fix = "Give the service that applies another FRESHET_KAFKA_GROUP or FRESHET_DEPLOYMENT.";
  logger.warn({ group: kafka.group, fix }, "observing: nothing is busted, and what this group has read it does not read again");
}
