import type { FreshetError } from "@freshet/protocol";
import { connectionFaultOf } from "@freshet/store";
import { type DoctorFinding, finding } from "./finding.js";
import type { FindingName } from "./finding-kinds.js";

export type CheckName = "rules" | "brokers" | "topics" | "rights" | "samples" | "lag" | "redis" | "clocks" | "bounds";

/** One area that was looked at. */
export interface Check {
  readonly name: CheckName;
  /** `skipped`: it could not be looked at; `seen` says why. Notes alone leave it `ok`. */
  readonly outcome: "ok" | "findings" | "skipped";
  /** What there was to see, in a few words. */
  readonly seen: string;
}

export interface Judged extends Check {
  readonly findings: readonly DoctorFinding[];
}

export function looked(name: CheckName, seen: string, findings: readonly DoctorFinding[]): Judged {
  const isFine = findings.every(({ severity }) => severity === "note");
  return { name, outcome: isFine ? "ok" : "findings", seen, findings };
}

export function skipped(name: CheckName, because: string, findings: readonly DoctorFinding[] = []): Judged {
  return { name, outcome: "skipped", seen: because, findings };
}

/** An error of a port as a finding; `wait` is what does not answer. */
export function troubleWith(peer: "kafka" | "redis", error: FreshetError): DoctorFinding {
  const { code, disposition, message: problem, fix } = error;
  const fault = connectionFaultOf(error);
  return finding(fault === null ? troubleName(peer, code, disposition) : `redis-${fault}`, {
    subject: peer === "kafka" ? "Kafka" : "Redis",
    problem,
    fix,
    code,
  });
}

function troubleName(peer: "kafka" | "redis", code: string, disposition: string): FindingName {
  if (disposition === "wait") return `${peer}-unreachable`;
  if (code === "FR1002") return disposition === "usage" ? `${peer}-unconfigured` : `${peer}-untrusted`;
  if (code === "FR3007") return "kafka-protocol";
  if (code === "FR3010") return "codec-broken";
  if (code === "FR2003") return "redis-rights";
  return `${peer}-refused`;
}
