import { judgeLag, type LagObservation, type LagState, needsAttention, observeLag, type PartitionLag } from "@freshet/kafka";
import type { GroupDescription, LogReading } from "@freshet/kafka/port";
import type { StorePort } from "@freshet/store/port";

/** How far behind a group is, partition by partition, and the busts of tags that wait for a walk. As `schemas/lag.v1.json`. */
export interface LagReport {
  readonly at: string;
  readonly group: GroupDescription;
  /** Whether somebody should look: something is older than `staleAfterSeconds`, or does not move. */
  readonly attention: boolean;
  readonly staleAfterSeconds: number;
  /** Of all partitions and sweeps; `null` where one that lags could not be asked. */
  readonly oldestSeconds: number | null;
  readonly partitions: readonly PartitionReport[];
  /** Topics of the rules that do not exist. */
  readonly missingTopics: readonly string[];
  /** `null` where the store was not asked, or did not answer. */
  readonly sweeps: SweepReport | null;
}

export interface PartitionReport {
  readonly topic: string;
  readonly partition: number;
  readonly state: LagState;
  readonly reason: string;
  readonly records: number | null;
  readonly openRecords: number;
  readonly seconds: number | null;
  readonly committed: number | null;
  readonly earliest: number;
  readonly stable: number;
  readonly latest: number;
}

/** Tags that were busted and are not walked to the end. */
export interface SweepReport {
  readonly pending: number;
  readonly oldestSeconds: number;
}

export interface LagReportOptions {
  readonly kafka: Pick<LogReading, "offsets" | "committed" | "describeGroup" | "peek">;
  readonly group: string;
  readonly topics: readonly string[];
  readonly staleAfterMs: number;
  readonly sweeps: SweepReport | null;
  readonly clock: { nowMs(): number };
  /** Waits so long. */
  readonly pause: (ms: number) => Promise<void>;
}

/** In a backlog offsets are committed once a second: what has not moved after this does not move. */
const SECOND_LOOK_MS = 2500;
const TAGS_MAX = 500;
const TAGS_AT_ONCE = 20;

/**
 * Asks the brokers, whether a service runs or not, and joins no group. Where old records are behind, it looks a second time
 * after a moment: those of a backlog move, those of a stuck partition do not.
 *
 * @throws FreshetError of the port.
 */
export async function readLag(options: LagReportOptions): Promise<LagReport> {
  const { clock, pause, staleAfterMs } = options;
  const first = await observeLag(options.kafka, options, clock);
  const lags = judgeLag(first, { nowMs: clock.nowMs(), staleAfterMs });
  if (!lags.some(({ state }) => state === "stuck" || state === "waiting")) return reportOf(lags, first, options);
  await pause(SECOND_LOOK_MS);
  const second = await observeLag(options.kafka, options, clock);
  return reportOf(judgeLag(second, { nowMs: clock.nowMs(), staleAfterMs, before: first }), second, options);
}

function reportOf(lags: readonly PartitionLag[], observation: LagObservation, options: LagReportOptions): LagReport {
  const { staleAfterMs, sweeps } = options;
  const ages = lags.map(({ ageMs }) => ageMs);
  const oldestMs = Math.max(0, ...ages.map((ageMs) => ageMs ?? 0), (sweeps?.oldestSeconds ?? 0) * 1000);
  const isSweepStale = (sweeps?.oldestSeconds ?? 0) * 1000 >= staleAfterMs;
  return {
    at: new Date(observation.atMs).toISOString(),
    group: observation.group,
    attention: isSweepStale || observation.missing.length > 0 || lags.some((lag) => needsAttention(lag, staleAfterMs)),
    staleAfterSeconds: staleAfterMs / 1000,
    oldestSeconds: ages.includes(null) ? null : oldestMs / 1000,
    partitions: lags.map(({ ageMs, ...lag }) => ({ ...lag, seconds: ageMs === null ? null : ageMs / 1000 })),
    missingTopics: observation.missing,
    sweeps,
  };
}

/** What the registry of sweeps says; of very many tags some are looked at. Errors are those of the port. */
export async function readSweeps(store: Pick<StorePort, "pendingSweeps" | "inspectTag">, clock: { nowMs(): number }): Promise<SweepReport> {
  const registered = await store.pendingSweeps();
  let pending = 0;
  let oldestMs = 0;
  for (let at = 0; at < Math.min(registered.length, TAGS_MAX); at += TAGS_AT_ONCE) {
    const views = await Promise.all(registered.slice(at, Math.min(at + TAGS_AT_ONCE, TAGS_MAX)).map(({ tag }) => store.inspectTag(tag)));
    for (const { next, sweep } of views) {
      const raised = [...next, ...(sweep?.busts ?? [])].map(({ raisedAtUs }) => raisedAtUs / 1000);
      if (raised.length === 0) continue; // it was about to be busted, or its walk has just ended
      pending++;
      oldestMs = Math.max(oldestMs, clock.nowMs() - Math.min(...raised));
    }
  }
  return { pending: pending + Math.max(0, registered.length - TAGS_MAX), oldestSeconds: Math.round(oldestMs) / 1000 };
}
