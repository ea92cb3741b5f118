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

/** Whether the caller of a store may simply try again; anything else is thrown on. */
export function mayRetry(error: unknown): boolean {
  if (asFreshetError(error).disposition !== "wait") throw error;
  return true;
}
