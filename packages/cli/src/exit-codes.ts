import type { FreshetError } from "@freshet/protocol";

/** What the process ends with (contract section 2). Scripts rely on them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  findings: 3,
  refused: 4,
  unreachable: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code that an error asks for. `unreachable` is the one after which trying again makes sense. */
export function exitCodeOf(error: FreshetError): ExitCode {
  if (error.code === "FR1005") return exitCodes.refused;
  if (error.disposition === "usage") return exitCodes.usage;
  return error.disposition === "wait" ? exitCodes.unreachable : exitCodes.failed;
}
