import type { LogReading } from "@freshet/kafka/port";
import { asFreshetError, deadReasons, FreshetError } from "@freshet/protocol";
import { type DeadLetterQuery, type LetterChoice, UNKNOWN_REASON } from "@freshet/replay";
import { type CompiledRules, compileEventFilter } from "@freshet/rules";
import type { Deployment, Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import type { Io } from "../io.js";
import { readMoment } from "../moments.js";
import { usePatiently } from "../patient.js";
import { readDeployedRules } from "../rules-file.js";

/** The options that choose dead letters. */
export interface ChoiceOptions {
  readonly since?: string;
  readonly until?: string;
  readonly reason?: string;
  readonly rule?: string;
  readonly where?: string;
  readonly topic?: string;
  readonly flags: Flags;
  readonly json: boolean;
}

const TELL_EVERY_MS = 10_000;

/**
 * Reads the options, asks Kafka and prints what came of it. Nothing is changed anywhere, and Redis is not asked.
 *
 * @throws FreshetError `usage`, before anything is asked; as `usePatiently`.
 */
export async function askDeadLetters<T extends { readonly window: { readonly complete: boolean } }>(
  { io, deps, options }: Asking,
  ask: (reading: LogReading, query: DeadLetterQuery) => Promise<T>,
  print: (report: T) => void,
): Promise<ExitCode> {
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const frames = deployment.connectFrames(deps.clock);
  const query = { ...(await readQuery({ io, deps, options }, deployment)), frames };
  const report = await usePatiently(deployment, query, (reading) => ask(reading, query));
  frames.close();
  if (report === null) return exitCodes.interrupted;
  print(report);
  return deps.stop.aborted ? exitCodes.interrupted : exitCodes.done;
}

interface Asking {
  readonly io: Io;
  readonly deps: Deps;
  readonly options: ChoiceOptions;
}

async function readQuery({ io, deps, options }: Asking, deployment: Deployment): Promise<DeadLetterQuery> {
  const nowMs = deps.clock.nowMs();
  const sinceMs = options.since === undefined ? null : readMoment(options.since, "--since", nowMs);
  const untilMs = options.until === undefined ? null : readMoment(options.until, "--until", nowMs);
  if (sinceMs !== null && untilMs !== null && sinceMs >= untilMs) {
    throw new FreshetError("FR1001", "usage", "--since is not before --until", "Swap them, or leave one out.");
  }
  if (options.topic === undefined) requireReason(options.reason);
  const where = await readWhere(options.where, deployment, deps);
  return {
    deployment: deployment.name,
    topic: options.topic ?? null,
    group: readingGroup(deployment, deps),
    sinceMs,
    untilMs,
    choice: { reason: options.reason ?? null, rule: options.rule ?? null, where },
    rules: where?.rules ?? (await rulesIfAny(io, deployment, deps)),
    stop: AbortSignal.any([deps.stop, io.unread]),
    onProgress: progress(io, deps),
  };
}

/** A misspelt reason would find nothing, which looks like good news. Those of others are class names, and anything may be one. */
function requireReason(reason: string | undefined): void {
  const known: readonly string[] = [...deadReasons, UNKNOWN_REASON];
  if (reason === undefined || known.includes(reason)) return;
  throw new FreshetError("FR1001", "usage", "--reason is none that Freshet writes", `It is one of: ${known.join(", ")}.`);
}

/** A consumer group that nobody else has. */
export function readingGroup({ name }: Deployment, deps: Deps): string {
  return `freshet-dlq-${name}-${deps.newId()}`;
}

async function readWhere(text: string | undefined, deployment: Deployment, deps: Deps): Promise<LetterChoice["where"]> {
  if (text === undefined) return null;
  const filter = compileEventFilter(text);
  if ("problem" in filter) {
    throw new FreshetError("FR1001", "usage", `--where, character ${filter.offset + 1}: ${filter.problem}`, filter.fix);
  }
  return { filter, rules: await readDeployedRules(deployment, deps) };
}

/** Dead letters must be readable when the rules are what is broken: then only what needs them is not known. */
export async function rulesIfAny(io: Io, deployment: Deployment, deps: Deps): Promise<CompiledRules | null> {
  if (deployment.rulesFile === null) return null;
  try {
    return await readDeployedRules(deployment, deps);
  } catch (error) {
    io.talk(`going on without rules, so tenants and events are not known: ${asFreshetError(error).message}`);
    return null;
  }
}

function progress(io: Io, deps: Deps): (letters: number) => void {
  let toldMs = deps.clock.nowMs();
  return (letters) => {
    const nowMs = deps.clock.nowMs();
    if (nowMs - toldMs < TELL_EVERY_MS) return;
    toldMs = nowMs;
    io.talk(`${letters.toLocaleString("en")} letters read`);
  };
}
