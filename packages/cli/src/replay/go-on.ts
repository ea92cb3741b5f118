import type { Job } from "@freshet/replay";
import type { Flags } from "../deps.js";

/** What no shell reads as anything else. */
const harmless = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** The command that goes on with a job, to be pasted: with the settings this one was given as flags. */
export function howToGoOn({ id, deployment }: Pick<Job, "id" | "deployment">, flags: Flags): string {
  const named = { ...flags, deployment: flags.deployment ?? (deployment === "default" ? undefined : deployment) };
  const given = Object.entries(named).flatMap(([name, value]) => {
    if (value === undefined || value === false || name === "rules") return []; // a job has its own
    return [value === true ? `--${name}` : `--${name} ${quoted(value)}`];
  });
  return `it can go on where it was: ${["freshet replay resume", id, ...given].join(" ")}`;
}

function quoted(value: string): string {
  return harmless.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
