/**
 * What the caller must do with an error. `wait`: infrastructure, try again until it works and say so; it never ends a
 * record. `halt`: nothing here can mend it (rights, configuration, a bug); wait just the same, and page somebody.
 * `usage`: the command line, configuration or rules file is wrong.
 */
export type Disposition = "wait" | "halt" | "usage";

/** Every error code, with what it means. Codes are also the anchors in `docs/reference/errors.md`. */
export const errorCodes = {
  FR1001: "wrong usage of the command line",
  FR1002: "configuration is not valid",
  FR1003: "the rules file has findings",
  FR1004: "the rules file uses something this release does not run",
  FR1005: "refused for safety",
  FR1006: "a request breaks a limit, or a bound, of the protocol",
  FR1007: "an optional package is not installed",
  FR2001: "Redis is unreachable or did not answer in time",
  FR2002: "Redis refuses writes for now",
  FR2003: "Redis refuses the command for lack of rights",
  FR2004: "Redis is not one Freshet can work with",
  FR2005: "a script answered something it never should",
  FR3001: "Kafka is unreachable or did not answer in time",
  FR3002: "a topic is missing",
  FR3003: "the broker refused a record",
  FR3004: "the batch was not finished within its deadline",
  FR3005: "the consumer stopped and could not be brought back",
  FR3006: "Kafka refuses the operation for lack of rights",
  FR3007: "the broker and Freshet have no protocol version in common",
  FR3008: "records were gone before they were read",
  FR3009: "a partition stands still for no reason that is known",
  FR3010: "a compression codec does not work on this machine",
  FR3011: "the consumer group is shared with another program",
  FR4001: "the schema registry is unreachable or did not answer in time",
  FR4002: "the schema registry refuses access",
  FR4003: "the schema registry is not one Freshet can work with",
  FR4004: "a record names a schema that the registry does not have yet",
  FR9001: "a bug in Freshet",
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** An error of Freshet: code, cause and fix, and what the caller must do. Texts never hold payloads or secrets. */
export class FreshetError extends Error {
  readonly code: ErrorCode;
  readonly disposition: Disposition;
  readonly fix: string;

  constructor(code: ErrorCode, disposition: Disposition, problem: string, fix: string, cause?: unknown) {
    super(problem, cause === undefined ? undefined : { cause });
    this.name = "FreshetError";
    this.code = code;
    this.disposition = disposition;
    this.fix = fix;
  }
}

/** Any thrown thing as a `FreshetError`; what nobody knows counts as a bug that halts. */
export function asFreshetError(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new FreshetError("FR9001", "halt", `unexpected ${name}`, "Report it with the log around this line.", error);
}
