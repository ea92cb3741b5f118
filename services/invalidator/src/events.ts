import type { LogHole, TopicPartition } from "@freshet/kafka/port";
import type { LoopEvents, SettledSlice, SliceReport, SweepEvents, WaitingPartition } from "@freshet/pipeline";
import { type Bust, FreshetError } from "@freshet/protocol";
import type { Logger } from "pino";
import type { EventsContext } from "./events-context.js";
import { createSweepEvents } from "./sweep-events.js";
import { type Tally, tally } from "./tally.js";
import { isTold, shortHash } from "./telling.js";
import { createVersionRegressions } from "./version-regressions.js";

/** Everything that happens to the service and is worth a number and a line: one function each. */
export interface ServiceEvents extends LoopEvents, SweepEvents {
  assigned(partitions: readonly TopicPartition[]): void;
  redisTrouble(error: FreshetError): void;
  kafkaTrouble(error: FreshetError): void;
  /** Records were gone before they were read. */
  kafkaHole(hole: LogHole): void;
  /** The start waits for something. */
  startWaiting(on: string, error: FreshetError, attempts: number): void;
  /** The time bounds could not be published again. */
  boundsTrouble(error: FreshetError, attempts: number): void;
  /** Dead letters could not be looked through. */
  lettersTrouble(error: FreshetError, attempts: number): void;
}

/** The client tells of each attempt to connect again, which is more than a log wants. */
const REDIS_TELL_MS = 10_000;

export function createEvents(context: EventsContext): ServiceEvents {
  const { logger, metrics, clock } = context;
  const regressions = createVersionRegressions();
  let redisToldMs = Number.NEGATIVE_INFINITY;
  return {
    ...createSweepEvents(context),
    sliceSettled(report, slice) {
      sliceSettled(report, slice, context);
      const { topic, partition } = slice;
      const backwards = regressions.count(report, `${topic}/${partition}`);
      if (backwards > 0) metrics.versionRegressions.inc({ topic }, backwards);
      metrics.canary?.partitions.sliceSettled(slice, report);
    },
    partitionWaiting: (waiting) => partitionWaiting(waiting, context),
    partitionResumed: (at) => logger.info(at, "partition goes on"),
    assigned(partitions) {
      metrics.rebalances.inc();
      metrics.canary?.partitions.assigned(partitions);
      const names = partitions.map(({ topic, partition }) => `${topic}/${partition}`);
      logger.info({ partitions: names }, "joined the group");
    },
    redisTrouble(error) {
      metrics.redisErrors.inc({ code: error.code });
      if (clock.nowMs() - redisToldMs < REDIS_TELL_MS) return;
      redisToldMs = clock.nowMs();
      logger.warn(wordsOf(error), "trouble with Redis");
    },
    kafkaTrouble(error) {
      metrics.kafkaErrors.inc({ code: error.code });
      logger.warn(wordsOf(error), "trouble with Kafka");
    },
    kafkaHole(hole) {
      const { topic, partition, askedOffset, resumedAt, cause } = hole;
      const error = holeError(hole);
      metrics.holes.inc({ topic, cause });
      metrics.kafkaErrors.inc({ code: error.code });
      logger.error({ topic, partition, askedOffset, resumedAt, cause, ...wordsOf(error) }, "records are lost, and somebody must act");
    },
    startWaiting(on, error, attempts) {
      const counter = on === "redis" ? metrics.redisErrors : metrics.kafkaErrors;
      counter.inc({ code: error.code });
      if (isTold(attempts)) logger.warn({ on, attempts, ...wordsOf(error) }, "the start waits");
    },
    boundsTrouble(error, attempts) {
      metrics.redisErrors.inc({ code: error.code });
      if (isTold(attempts)) logger.warn({ attempts, ...wordsOf(error) }, "the time bounds were not published again");
    },
    lettersTrouble(error, attempts) {
      metrics.kafkaErrors.inc({ code: error.code });
      if (isTold(attempts)) logger.warn({ attempts, ...wordsOf(error) }, "dead letters could not be looked through");
    },
  };
}

function sliceSettled(report: SliceReport, slice: SettledSlice, context: EventsContext): void {
  const { logger, metrics, clock } = context;
  const counted = tally(report);
  const { topic, partition, durationMs, trace } = slice;
  for (const [outcome, count] of Object.entries(counted.ended)) if (count > 0) metrics.events.inc({ topic, outcome }, count);
  for (const [reason, count] of counted.dead) metrics.deadLetters.inc({ reason }, count);
  for (const [rule, count] of counted.rules) {
    metrics.ruleMatches.inc({ rule }, count);
    metrics.ruleLastMatch.set({ rule }, clock.nowMs() / 1000);
  }
  countFamilies(counted, context);
  for (const [outcome, count] of Object.entries(counted.tags)) if (count > 0) metrics.tagBusts.inc({ outcome }, count);
  metrics.applySeconds.series(topic)(Math.max(0, durationMs) / 1000, trace);
  observeAges(report, slice, context);
  const last = report.records.at(-1);
  const range = { from: report.records[0]?.offset, to: last?.undecodable?.lastOffset ?? last?.offset };
  if (logger.isLevelEnabled("info")) {
    logger.info(
      {
        topic,
        partition,
        ...range,
        ...counted.ended,
        busts: report.busts.length,
        ...tagCount(report),
        ms: Math.round(durationMs),
        ...placeInTrace(slice),
      },
      "slice",
    );
  }
  if (counted.firstDead !== null) tellDead(counted, slice, logger);
  if (logger.isLevelEnabled("debug")) tellDecisions(report, slice, logger);
}

/** By the names under which log collectors look for them. */
function placeInTrace({ trace }: SettledSlice): object {
  return trace === null ? {} : { trace_id: trace.traceId, span_id: trace.spanId };
}

function tagCount({ tagBusts }: SliceReport): { readonly tagBusts?: number } {
  return tagBusts.length === 0 ? {} : { tagBusts: tagBusts.length };
}

/** In observe mode nothing was unlinked. */
function countFamilies({ families }: Tally, { metrics, mode }: EventsContext): void {
  for (const [family, { outcomes, unlinked }] of families) {
    for (const [outcome, count] of Object.entries(outcomes)) if (count > 0) metrics.busts.inc({ family, outcome }, count);
    if (mode === "observe") continue;
    for (const [bustMode, count] of Object.entries(unlinked)) if (count > 0) metrics.keysUnlinked.inc({ family, mode: bustMode }, count);
  }
}

function observeAges({ records, ended }: SliceReport, { topic, trace }: SettledSlice, { metrics, clock }: EventsContext): void {
  const nowMs = clock.nowMs();
  const observe = metrics.eventAge.series(topic);
  for (let at = 0; at < ended.length; at++) {
    const outcome = ended[at];
    if (outcome !== "applied" && outcome !== "covered") continue;
    const timestampMs = records[at]?.timestampMs ?? -1;
    if (timestampMs > 0) observe(Math.max(0, nowMs - timestampMs) / 1000, trace);
  }
}

/** One line a slice, however many there are: a poison flood must not become a log flood. */
function tellDead(counted: Tally, { topic, partition }: SettledSlice, logger: Logger): void {
  if (counted.firstDead === null) return;
  const { offset, rejection } = counted.firstDead;
  const { reason, rule, message, fix } = rejection;
  logger.warn(
    { topic, partition, dead: Object.fromEntries(counted.dead), first: { offset, reason, rule, problem: message, fix } },
    "dead letters",
  );
}

/** One line a record. Keys may hold ids of people, so only their hash is told. */
function tellDecisions({ records, mapped, ended }: SliceReport, { topic, partition }: SettledSlice, logger: Logger): void {
  for (const [at, outcome] of ended.entries()) {
    const record = mapped[at];
    const where = { topic, partition, offset: records[at]?.offset, outcome };
    if (record?.kind === "rejected") {
      const { reason, rule, message, fix } = record.rejection;
      logger.debug({ ...where, reason, rule, problem: message, fix }, "decision");
    } else {
      const busts = record?.kind === "busts" ? record.busts : [];
      logger.debug({ ...where, busts: busts.map(toldOf) }, "decision");
    }
  }
}

function toldOf(bust: Bust): object {
  const { rule, mode, version } = bust;
  if (bust.target === "key") return { rule, family: bust.family, mode, version, keyHash: shortHash(bust.key) };
  return { rule, target: bust.target, mode, version, tagHash: shortHash(bust.tag) };
}

function partitionWaiting(waiting: WaitingPartition, { logger, metrics, clock }: EventsContext): void {
  const { topic, partition, code, problem, fix, disposition, attempts, offset, sinceMs } = waiting;
  if (code.startsWith("FR2")) metrics.redisErrors.inc({ code });
  if (code.startsWith("FR3")) metrics.kafkaErrors.inc({ code });
  if (code.startsWith("FR4")) metrics.schemaRegistryErrors.inc({ code });
  if (!isTold(attempts)) return;
  const fields = { topic, partition, offset, code, problem, fix, attempts, waitingMs: clock.nowMs() - sinceMs };
  if (disposition === "halt") logger.error(fields, "partition waits, and somebody must act");
  else logger.warn(fields, "partition waits");
}

function holeError({ topic, partition, askedOffset, resumedAt, cause }: LogHole): FreshetError {
  const at = `${topic}/${partition}`;
  const problem =
    cause === "expired"
      ? `records of ${at} from offset ${askedOffset} up to ${resumedAt} were deleted before they were read`
      : `the log of ${at} is not what it was: it has no offset ${askedOffset}, and is read from its beginning`;
  const fix = "Bust what the lost events may have changed (`freshet bust`), and give the topic a longer retention.";
  return new FreshetError("FR3008", "halt", problem, fix);
}

function wordsOf({ code, message, fix }: FreshetError) {
  return { code, problem: message, fix };
}
