import { FreshetError } from "@freshet/protocol";

/** What is read with which group, and what for. */
export interface NeededRights {
  readonly topic: string;
  readonly group: string;
  readonly what: string;
}

/** Errors that name their rights: whatever passes them on, they keep them. */
const named = new WeakSet<FreshetError>();

/** The same promise; where the broker refuses for lack of rights, the error names those that are needed to read. */
export async function withRights<T>(needed: NeededRights, work: Promise<T>): Promise<T> {
  return await told(needed.what, (error) => fixOf(error, needed), work);
}

/** The same for those that are needed to write. */
export async function withWriteRights<T>({ topic, what }: Pick<NeededRights, "topic" | "what">, work: Promise<T>): Promise<T> {
  return await told(what, ({ code }) => (code === "FR3006" ? `Grant the client's user Write and Describe on topic ${topic}.` : null), work);
}

async function told<T>(what: string, fixOfError: (error: FreshetError) => string | null, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof FreshetError) || named.has(error)) throw error;
    const fix = fixOfError(error);
    if (fix === null) throw error;
    const naming = new FreshetError(error.code, error.disposition, `${error.message} (${what})`, fix, error);
    named.add(naming);
    throw naming;
  }
}

function fixOf({ code, message, fix }: FreshetError, { topic, group }: NeededRights): string | null {
  if (code === "FR3006") return `Grant the client's user Read on topic ${topic}, and Read, Describe and Delete on ${groupsOf(group)}.`;
  // Without Describe on a group nobody is told where it is, and it looks as if no broker had it.
  return message.includes("GroupCoordinatorNotFound")
    ? `${fix} If they are, the client's user lacks Describe on ${groupsOf(group)}.`
    : null;
}

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/** What ends the name of a group that is there for one command, or for one job. */
const fresh = new RegExp(`(?:${UUID}|(?:status-)?[0-9a-f]{8})(?:-(?:plan|resolved|(?:claim|abort|watch)-${UUID}))?$`);

/** A group that is named anew each time gets its rights by its prefix. */
export function groupsOf(group: string): string {
  const prefix = group.replace(fresh, "");
  return prefix === group || prefix === "" ? `group ${group}` : `groups that begin with ${prefix}`;
}
