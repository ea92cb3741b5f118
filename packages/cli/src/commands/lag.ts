import { type LagReport, type PartitionReport, readLag, readSweeps, type SweepReport } from "@freshet/invalidator";
import { asFreshetError, FreshetError } from "@freshet/protocol";
import { redisPeer, useBounded } from "../bounded.js";
import type { Deployment, Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodeOf, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { usePatiently } from "../patient.js";
import { readDeployedRules } from "../rules-file.js";
import { number, plural, wrap } from "./dlq-text.js";

export interface LagOptions {
  /** Older records than this are stale, in milliseconds. */
  readonly staleAfter: number;
  readonly flags: Flags;
  readonly json: boolean;
}

/** How long brokers may be silent before they count as unreachable. */
const SILENCE_MS = 10_000;

/**
 * How far behind the deployment's group is, by what brokers and Redis say: a service need not run. Joins no group and changes
 * nothing. Exit code 3 when something is stale or does not move, 5 when Kafka or Redis cannot be reached.
 */
export async function lag(io: Io, deps: Deps, options: LagOptions): Promise<ExitCode> {
  const config = deps.readConfig(options.flags);
  const deployment = deps.deploymentOf(config);
  const { topics } = await readDeployedRules(deployment, deps);
  const asked = await askSweeps(io, deps, { deployment, isNamed: config.redis.url !== null });
  const report = await usePatiently(deployment, { stop: deps.stop, silenceMs: SILENCE_MS }, (kafka) =>
    readLag({
      kafka,
      group: config.kafka.group,
      topics,
      staleAfterMs: options.staleAfter,
      sweeps: asked.sweeps,
      clock: deps.clock,
      pause: deps.pause,
    }).catch((error: unknown) => {
      throw withRights(asFreshetError(error), config.kafka.group, topics);
    }),
  );
  if (report === null) return exitCodes.interrupted;
  if (options.json) outJson(io, report);
  else print(io, report);
  if (asked.code !== exitCodes.done) return asked.code;
  return report.attention ? exitCodes.findings : exitCodes.done;
}

/** Where the broker refuses for lack of rights, the error names all that are needed. */
function withRights(error: FreshetError, group: string, topics: readonly string[]): FreshetError {
  if (error.code !== "FR3006") return error;
  const fix = `Grant the client's user Read on the topics ${topics.join(", ")}, and Describe on group ${group}.`;
  return new FreshetError(error.code, error.disposition, error.message, fix, error);
}

interface AskedSweeps {
  readonly sweeps: SweepReport | null;
  readonly code: ExitCode;
}

/** Partitions are told whether Redis is there or not. */
async function askSweeps(io: Io, deps: Deps, { deployment, isNamed }: { deployment: Deployment; isNamed: boolean }): Promise<AskedSweeps> {
  if (!isNamed) {
    io.talk("FRESHET_REDIS_URL is not set: nothing is known of busted tags that wait for a walk");
    return { sweeps: null, code: exitCodes.done };
  }
  try {
    const sweeps = await useBounded(
      redisPeer,
      () => deployment.connectStore(),
      (store) => readSweeps(store, deps.clock),
    );
    return { sweeps, code: exitCodes.done };
  } catch (error) {
    const trouble = asFreshetError(error);
    io.talk(`${trouble.code} ${trouble.message}: nothing is known of busted tags that wait for a walk`);
    io.talk(`  fix: ${trouble.fix}`);
    return { sweeps: null, code: exitCodeOf(trouble) };
  }
}

function print(io: Io, report: LagReport): void {
  const { group, partitions, missingTopics, sweeps } = report;
  const rows = partitions.map((entry) => [`${entry.topic}/${entry.partition}`, ...numbersOf(entry), entry.state] as const);
  const head = ["PARTITION", "RECORDS", "SECONDS", "STATE"] as const;
  const widths = [0, 1, 2].map((at) => Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)));
  const line = ([name, records, seconds, state]: readonly [string, string, string, string]): string =>
    `${name.padEnd(widths[0] ?? 0)}  ${records.padStart(widths[1] ?? 0)}  ${seconds.padStart(widths[2] ?? 0)}  ${state}`;
  io.out(`group ${group.group}: ${group.state}, ${plural(group.members, "member")}`);
  io.out(line(head));
  for (const [at, row] of rows.entries()) {
    io.out(line(row));
    const entry = partitions[at];
    if (entry !== undefined && entry.state !== "caught_up") for (const text of wrap(`  ${entry.reason}`, "  ")) io.out(text);
  }
  for (const topic of missingTopics) io.out(`${topic}: the rules name this topic, and it does not exist`);
  if (sweeps !== null) io.out(sweepLine(sweeps));
}

function numbersOf({ records, openRecords, seconds }: PartitionReport): readonly [string, string] {
  const open = openRecords > 0 ? ` +${number(openRecords)} open` : "";
  return [`${records === null ? "?" : number(records)}${open}`, seconds === null ? "?" : seconds.toFixed(1)];
}

function sweepLine({ pending, oldestSeconds }: SweepReport): string {
  return pending === 0
    ? "no busted tag waits for its walk"
    : `${plural(pending, "busted tag")} to walk, the oldest for ${oldestSeconds.toFixed(1)} s`;
}
