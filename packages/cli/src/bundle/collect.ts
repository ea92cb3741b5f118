import { type Config, describeConfig, type LagReport } from "@freshet/invalidator";
import { asFreshetError } from "@freshet/protocol";
import { type DeadLetterStats, statDeadLetters } from "@freshet/replay";
import type { ServerView } from "@freshet/store/port";
import { within } from "../bounded.js";
import type { Deployment, Deps } from "../deps.js";
import { type Answer, type Facts, knownOf } from "../doctor/facts.js";
import { type DoctorTerms, gather } from "../doctor/gather.js";
import { type DoctorReport, judge } from "../doctor/report.js";
import { usePatiently } from "../patient.js";

/** A part of the bundle, or why it is not there. */
type Part<T> = T | { readonly missing: string };

/** What support asks for first, in one document. Not redacted yet. */
export interface SupportBundle {
  readonly v: 1;
  readonly at: string;
  readonly deployment: string;
  readonly versions: Readonly<Record<string, string>> & { readonly kafka: string; readonly redis: string };
  readonly config: readonly { readonly variable: string; readonly value: string; readonly origin: string }[];
  readonly rules: Part<{ readonly hash: string | null; readonly topics: readonly string[]; readonly findings: readonly unknown[] }>;
  readonly doctor: DoctorReport;
  readonly servers: Part<readonly ServerView[]>;
  readonly lag: Part<LagReport>;
  readonly deadLetters: Part<DeadLetterStats>;
  /** What the service's own port answers, by path. */
  readonly service: Readonly<Record<string, Part<{ readonly status: number; readonly body: string }>>>;
}

export interface Subject {
  readonly config: Config;
  readonly deployment: Deployment;
  readonly terms: DoctorTerms;
}

const PATHS = ["/livez", "/readyz", "/startupz", "/metrics"] as const;
const FETCH_MS = 4000;
const STATS_MS = 20_000;
/** More of a page than this helps nobody. */
const BODY_CHARACTERS_MAX = 500_000;
/** Dead letters of the last days. */
const LETTERS_MS = 7 * 86_400_000;

/** Collects what can be had; what cannot is named with its reason. Changes nothing, ends in bounded time. */
export async function collect(subject: Subject, deps: Deps): Promise<SupportBundle> {
  const { config, deployment } = subject;
  const at = new Date(deps.clock.nowMs()).toISOString();
  const service = await askService(config, deps);
  const facts = await gather(subject, deps);
  const doctor = withoutQuotes(judge(facts, { at, deployment: deployment.name }));
  const cluster = knownOf(facts.cluster);
  const deadLetters = cluster === null ? { missing: "brokers could not be asked" } : await countLetters(deployment, deps);
  const servers = knownOf(facts.servers) ?? [];
  const redis = servers.map(({ product, version }) => `${product} ${version}`).join(", ");
  return {
    v: 1,
    at,
    deployment: deployment.name,
    versions: { ...deps.versions, kafka: cluster?.release ?? "", redis },
    config: describeConfig(config).map(({ variable, value, origin }) => ({ variable, value, origin })),
    rules: rulesPart(facts),
    doctor,
    servers: partOf(facts.servers),
    lag: partOf(facts.lag),
    deadLetters,
    service,
  };
}

function partOf<T>(answer: Answer<T>): Part<T> {
  if (answer.kind === "known") return answer.value;
  return { missing: answer.kind === "skipped" ? answer.because : `${answer.error.code} ${answer.error.message}` };
}

/** Of the file itself only what it means: comments, conditions and what findings quote of it stay where they are. */
function rulesPart({ rules }: Facts): SupportBundle["rules"] {
  if (rules.kind !== "known") return partOf(rules) as { readonly missing: string };
  const { rules: compiled, findings } = rules.value;
  return { hash: compiled?.hash ?? null, topics: compiled?.topics ?? [], findings: findings.map(unquoted) };
}

function withoutQuotes(report: DoctorReport): DoctorReport {
  return { ...report, findings: report.findings.map((found) => (found.name === "rules-lint" ? unquoted(found) : found)) };
}

/** Somebody may have named the wrong file, or written into the right one what does not belong there. Place and code say enough. */
function unquoted<T extends { readonly problem: string; readonly fix: string }>(found: T): T {
  const hide = (text: string): string => text.replaceAll(/`[^`]*`|"[^"]*"|'[^']*'/g, "`…`");
  return { ...found, problem: hide(found.problem), fix: hide(found.fix) };
}

/** Numbers alone: no key, no payload, no tenant. */
async function countLetters(deployment: Deployment, deps: Deps): Promise<SupportBundle["deadLetters"]> {
  const stop = AbortSignal.any([deps.stop, AbortSignal.timeout(STATS_MS)]);
  const query = {
    deployment: deployment.name,
    topic: null,
    group: `freshet-bundle-${deployment.name}-${deps.newId()}`,
    sinceMs: deps.clock.nowMs() - LETTERS_MS,
    untilMs: null,
    choice: { reason: null, rule: null, where: null },
    rules: null,
    stop,
    onProgress: () => {},
  };
  try {
    const stats = await usePatiently(deployment, { stop }, (reading) => statDeadLetters(reading, query));
    return stats ?? { missing: "it took too long" };
  } catch (error) {
    const { code, message } = asFreshetError(error);
    return { missing: `${code} ${message}` };
  }
}

async function askService({ http }: Config, deps: Deps): Promise<SupportBundle["service"]> {
  const host = http.host === "0.0.0.0" || http.host === "::" ? "127.0.0.1" : http.host;
  const base = `http://${host.includes(":") ? `[${host}]` : host}:${http.port}`;
  const answers = await Promise.all(PATHS.map(async (path) => [path, await askPage(`${base}${path}`, deps)] as const));
  return Object.fromEntries(answers);
}

async function askPage(url: string, deps: Deps): Promise<SupportBundle["service"][string]> {
  try {
    const { status, body } = await within(FETCH_MS, deps.fetchText(url), () => new Error("no answer in time"));
    return { status, body: body.slice(0, BODY_CHARACTERS_MAX) };
  } catch {
    return { missing: `nothing answers at ${url}` };
  }
}
