import type { ErrorCode } from "@freshet/protocol";
import { type FindingKind, type FindingName, findingKinds, type Severity } from "./finding-kinds.js";

/** Something that is not as it must be. */
export interface DoctorFinding {
  readonly name: FindingName;
  readonly severity: Severity;
  /** The error the service would tell, where it has one. */
  readonly code: ErrorCode | null;
  /** What it is about: a topic, a server, a file. */
  readonly subject: string;
  readonly problem: string;
  readonly why: string;
  readonly fix: string;
}

export interface Found {
  readonly subject: string;
  readonly problem: string;
  readonly fix: string;
  readonly code?: ErrorCode;
  /** Where this one is less grave than its kind. */
  readonly severity?: Severity;
}

export function finding(name: FindingName, { subject, problem, fix, code, severity }: Found): DoctorFinding {
  const kind: FindingKind = findingKinds[name];
  return { name, severity: severity ?? kind.severity, code: code ?? null, subject, problem, why: kind.why, fix };
}
