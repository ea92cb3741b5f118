import { type ExitCode, exitCodes } from "../exit-codes.js";
import type { Check, Judged } from "./check.js";
import type { Facts } from "./facts.js";
import type { DoctorFinding } from "./finding.js";
import type { Severity } from "./finding-kinds.js";
import { judgeBrokers } from "./judge-brokers.js";
import { judgeLag, judgeSamples } from "./judge-flow.js";
import { judgeBounds, judgeClocks, judgeRedis } from "./judge-redis.js";
import { judgeRights } from "./judge-rights.js";
import { judgeRules } from "./judge-rules.js";
import { judgeTopics } from "./judge-topics.js";

/** What `freshet doctor --json` prints. */
export interface DoctorReport {
  readonly at: string;
  readonly deployment: string;
  readonly group: string;
  /** `unreachable`: Kafka or Redis did not answer, so something could not be looked at. */
  readonly verdict: "ok" | "findings" | "unreachable";
  readonly checks: readonly Check[];
  /** Errors first. */
  readonly findings: readonly DoctorFinding[];
}

const ranks: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

/** Judges what was gathered. Pure. */
export function judge(facts: Facts, { at, deployment }: { readonly at: string; readonly deployment: string }): DoctorReport {
  const judged: readonly Judged[] = [
    judgeRules(facts),
    judgeBrokers(facts),
    judgeTopics(facts),
    judgeRights(facts),
    judgeSamples(facts),
    judgeLag(facts),
    judgeRedis(facts),
    judgeClocks(facts),
    judgeBounds(facts),
  ];
  const findings = judged.flatMap((check) => check.findings).sort((a, b) => ranks[a.severity] - ranks[b.severity]);
  const told = findings.map((found) => ({ ...found, fix: withBrokers(found.fix, facts.brokersNamed) }));
  const checks = judged.map(({ name, outcome, seen }) => ({ name, outcome, seen }));
  return { at, deployment, group: facts.group, verdict: verdictOf(findings), checks, findings: told };
}

/** Kafka's own commands, ready to be run. */
function withBrokers(fix: string, brokers: readonly string[]): string {
  if (brokers.length === 0) return fix;
  return fix.replaceAll(/\b(kafka-[a-z-]+\.sh) /g, `$1 --bootstrap-server ${brokers.join(",")} `);
}

function verdictOf(findings: readonly DoctorFinding[]): DoctorReport["verdict"] {
  if (findings.some(({ name }) => name === "kafka-unreachable" || name === "redis-unreachable")) return "unreachable";
  return findings.some(({ severity }) => severity !== "note") ? "findings" : "ok";
}

export function exitCodeOfReport({ verdict }: DoctorReport): ExitCode {
  return { ok: exitCodes.done, findings: exitCodes.findings, unreachable: exitCodes.unreachable }[verdict];
}
