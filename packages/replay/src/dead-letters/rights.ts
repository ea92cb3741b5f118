import { FreshetError } from "@freshet/protocol";

/** What is read with which group, and what for. */
export interface NeededRights {
  readonly topic: string;
  readonly group: string;
  readonly what: string;
}

/** Errors that name their rights: whatever passes them on, they keep them. */
const named = new WeakSet<FreshetError>();

/** The same promise; where the broker refuses for lack of rights, the error names those that are needed. */
export async function withRights<T>(needed: NeededRights, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof FreshetError) || named.has(error)) throw error;
    const fix = fixOf(error, needed);
    if (fix === null) throw error;
    const told = new FreshetError(error.code, error.disposition, `${error.message} (${needed.what})`, fix, error);
    named.add(told);
    throw told;
  }
}

function fixOf({ code, message, fix }: FreshetError, { topic, group }: NeededRights): string | null {
  if (code === "FR3006") return `Grant the client's user Read on topic ${topic}, and Read, Describe and Delete on ${groups(group)}.`;
  // Without Describe on a group nobody is told where it is, and it looks as if no broker had it.
  return message.includes("GroupCoordinatorNotFound") ? `${fix} If they are, the client's user lacks Describe on ${groups(group)}.` : null;
}

/** A group that is named anew each time gets its rights by its prefix. */
function groups(group: string): string {
  const prefix = group.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-resolved)?$/, "");
  return prefix === group || prefix === "" ? `group ${group}` : `groups that begin with ${prefix}`;
}
