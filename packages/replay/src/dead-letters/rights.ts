import { FreshetError } from "@freshet/protocol";

/** What is read with which group, and what for. */
export interface NeededRights {
  readonly topic: string;
  readonly group: string;
  readonly what: string;
}

/** The same promise; where the broker refuses for lack of rights, the error names those that are needed. */
export async function withRights<T>({ topic, group, what }: NeededRights, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof FreshetError) || error.code !== "FR3006") throw error;
    const fix = `Grant the client's user Read on topic ${topic}, and Read, Describe and Delete on group ${group}.`;
    throw new FreshetError("FR3006", error.disposition, `${error.message} (${what})`, fix, error);
  }
}
