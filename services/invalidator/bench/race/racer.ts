// What all processes of a race have in common: they work until they are told to stop, then tell what they counted.
import process from "node:process";
import { asFreshetError } from "@freshet/protocol";
import type { RaceMessage, Tally } from "./tally.ts";

export interface Racer {
  readonly tally: Tally;
  readonly stop: AbortSignal;
  send(message: RaceMessage): void;
}

/** Runs until the parent says so or is gone. An error that no caller of a store could wait out ends the race. */
export async function race(work: (racer: Racer) => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  const send = (message: RaceMessage): void => void (process.connected && process.send?.(message));
  process.on("message", () => stopping.abort());
  process.on("disconnect", () => stopping.abort());
  const tally: Tally = {};
  try {
    await work({ tally, stop: stopping.signal, send });
    send({ kind: "done", tally });
  } catch (error) {
    send({ kind: "failed", problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  if (process.connected) process.disconnect();
}

/**
 * What a failure that the caller of a store may simply try again counts as: `late` for a deadline, which a busy machine or a process that
 * stood still runs into; `errors` for all others. What may not be tried again is thrown on.
 */
export function failureOf(error: unknown): "late" | "errors" {
  if (asFreshetError(error).disposition !== "wait") throw error;
  return isLate(error) ? "late" : "errors";
}

function isLate(error: unknown): boolean {
  return error instanceof Error && (/command timed out|did not answer within/i.test(error.message) || isLate(error.cause));
}
