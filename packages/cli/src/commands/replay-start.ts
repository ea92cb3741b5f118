import process from "node:process";
import { asFreshetError, FreshetError } from "@freshet/protocol";
import {
  checkTopics,
  groupOfJob,
  type IsResolved,
  type Order,
  planReplay,
  type ReplayPlan,
  readResolved,
  reportPlan,
  type Selection,
  startJob,
} from "@freshet/replay";
import type { CompiledRules } from "@freshet/rules";
import type { Deployment, Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { plain } from "../plain.js";
import { confirm, needsConfirmation } from "../replay/confirm.js";
import { planLines } from "../replay/plan-text.js";
import { createProgress } from "../replay/progress.js";
import {
  type ReplayDlqOptions,
  type ReplayHistoryOptions,
  type ReplayOptions,
  readBecause,
  readConfirmAbove,
  readDlqSelection,
  readHistorySelection,
  readLimit,
  readRates,
} from "../replay/read-options.js";
import { type Session, withSession } from "../replay/session.js";
import { tellExitCode, tellWorkOnJob } from "../replay/work-on-job.js";
import { deployedRulesFile, readRules, readRulesText } from "../rules-file.js";

/** Plans a replay of the deployment's dead letters, and with `apply` does it. */
export async function replayDlq(io: Io, deps: Deps, options: ReplayDlqOptions): Promise<ExitCode> {
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const selection = readDlqSelection(options, deployment.name, deps.clock.nowMs());
  const order = options.newestFirst ? "newest" : "oldest";
  return await replay(io, deps, { deployment, options, selection, order, because: readBecause(options.because) });
}

/** Plans a replay of what a topic holds of a time, and with `apply` does it. */
export async function replayHistory(io: Io, deps: Deps, options: ReplayHistoryOptions): Promise<ExitCode> {
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const selection = readHistorySelection(options, deps.clock.nowMs());
  return await replay(io, deps, {
    deployment,
    options,
    selection,
    order: "oldest",
    because: readBecause(options.because, options.reason),
  });
}

interface Request {
  readonly deployment: Deployment;
  readonly options: ReplayOptions;
  readonly selection: Selection;
  readonly order: Order;
  readonly because: string;
}

interface ReplayRules {
  readonly rules: CompiledRules;
  readonly rulesText: string;
  /** Those that run, where others are wanted. */
  readonly running: CompiledRules | null;
}

async function replay(io: Io, deps: Deps, request: Request): Promise<ExitCode> {
  const { deployment, options, selection } = request;
  const above = readConfirmAbove(options);
  const numbers = { limit: readLimit(options), rates: readRates(options) }; // before anybody is asked for anything
  if (options.apply && deployment.mode === "observe") throw observing();
  const known = await readReplayRules(io, request, deps);
  if (selection.kind === "history" && known.rules.sourcesOf(selection.topic).length === 0) throw undeclared(selection.topic, known.rules);
  return await withSession(deployment, deps, async (session) => {
    if (options.apply) await checkTopics(session.kafka, deployment.name);
    const id = deps.newId().slice(0, 8);
    const resolved = selection.kind === "dlq" && !selection.resolved ? await readResolvedOf(session, request, { id, deps }) : null;
    const isResolved: IsResolved = (partition, offset, writtenAtMs) => resolved?.has(partition, offset, writtenAtMs) ?? false;
    const plan = await planOf(io, deps, { session, request, known, id, isResolved, ...numbers });
    if (plan === null) return exitCodes.interrupted;
    const touched = plan.counts.keys.touched + plan.counts.tags.touched + plan.closer.tags.members;
    tellPlan(io, plan, { options, deployment, confirm: needsConfirmation({ touched, above }) });
    if (!options.apply) {
      io.talk("nothing was changed: add --apply to do it");
      return tellExitCode(io, plan.counts, "would");
    }
    if (!(await confirm({ deployment: deployment.name, touched, above, yes: options.yes }, deps))) return stoppedBefore(io);
    const { rules, rulesText } = known;
    const { because } = request;
    const made = await startJob(session.kafka, plan, {
      id,
      deployment: deployment.name,
      rulesText,
      by: deps.who(),
      because,
      clock: deps.clock,
    });
    const runner = { host: deps.who().host, pid: process.pid, token: deps.newId() };
    const { flags, json } = options;
    return await tellWorkOnJob(io, deps, { session, work: { ...made, rules, isResolved, runner, flags, json } });
  });
}

async function readReplayRules(io: Io, { deployment, options }: Request, deps: Deps): Promise<ReplayRules> {
  const { prefix } = deployment;
  if (options.rules === undefined) {
    const { rules, text } = await readRulesText(deployedRulesFile(deployment), deps, prefix);
    return { rules, rulesText: text, running: null };
  }
  const { rules, text } = await readRulesText(options.rules, deps, prefix);
  return { rules, rulesText: text, running: await readRunning(io, deployment, deps) };
}

/** A replay is needed most when the rules that run are what is broken: then there is nothing to compare with. */
async function readRunning(io: Io, { rulesFile, prefix }: Deployment, deps: Deps): Promise<CompiledRules | null> {
  if (rulesFile === null) return null;
  try {
    return await readRules(rulesFile, deps, prefix);
  } catch (error) {
    io.talk(plain(`going on without a comparison with the rules that run: ${asFreshetError(error).message}`));
    return null;
  }
}

async function readResolvedOf(session: Session, { deployment }: Request, { id, deps }: { readonly id: string; readonly deps: Deps }) {
  const group = `${groupOfJob(deployment.name, id)}-resolved`;
  return await readResolved(session.kafka, { deployment: deployment.name, group, stop: deps.stop, onProgress: () => {} });
}

interface PlanRequest {
  readonly session: Session;
  readonly request: Request;
  readonly known: ReplayRules;
  readonly id: string;
  readonly isResolved: IsResolved;
  readonly limit: number | null;
  readonly rates: ReturnType<typeof readRates>;
}

/** `null` when it was stopped before it knew everything. */
async function planOf(io: Io, deps: Deps, asked: PlanRequest): Promise<ReplayPlan | null> {
  const { session, request, known, id, isResolved, limit, rates } = asked;
  const { deployment, options, selection, order } = request;
  const progress = createProgress(io, deps, "plan");
  const planning = planReplay(session, {
    selection,
    order,
    rules: known.rules,
    running: known.running,
    force: options.force,
    limit,
    rates,
    isResolved,
    group: `${groupOfJob(deployment.name, id)}-plan`,
    stop: deps.stop,
    onProgress: progress.tell,
  });
  const plan = await planning.finally(progress.end);
  if (plan === null) io.talk("stopped before the plan was complete; nothing was changed");
  return plan;
}

interface Told {
  readonly options: ReplayOptions;
  readonly deployment: Deployment;
  readonly confirm: boolean;
}

/** With `apply` and `json` the job is the one object that is printed: it holds the plan's numbers. */
function tellPlan(io: Io, plan: ReplayPlan, { options, deployment, confirm: asks }: Told): void {
  const report = reportPlan(plan, { deployment: deployment.name, confirm: asks });
  if (!options.json) for (const line of planLines(report)) io.out(plain(line));
  else if (!options.apply) outJson(io, report);
}

function stoppedBefore(io: Io): ExitCode {
  io.talk("stopped; nothing was changed");
  return exitCodes.interrupted;
}

function observing(): FreshetError {
  const fix = "Leave --apply out to see what it would do, or set FRESHET_MODE=apply.";
  return new FreshetError("FR1005", "usage", "FRESHET_MODE=observe allows no writes", fix);
}

function undeclared(topic: string, rules: CompiledRules): FreshetError {
  const problem = `the rules file has no source of the topic ${topic}`;
  return new FreshetError("FR1001", "usage", problem, `It has sources of: ${rules.topics.join(", ")}.`);
}
