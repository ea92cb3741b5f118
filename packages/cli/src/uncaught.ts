import { framesOf } from "@freshet/invalidator";
import { type ExitCode, exitCodes } from "./exit-codes.js";

type UncaughtEvent = "uncaughtException" | "unhandledRejection";

export interface UncaughtSource {
  on(event: UncaughtEvent, listener: (error: unknown) => void): unknown;
  listenerCount(event: UncaughtEvent): number;
}

interface Watch {
  /** This process. */
  readonly source: UncaughtSource;
  readonly talk: (line: string) => void;
  readonly end: (code: ExitCode) => void;
}

/**
 * Ends the command after an error that nobody caught, with its name and frames. Node itself would print all there is of it: its
 * text, and what clients hang on their errors, such as a command with the password in it.
 */
export function watchUncaught({ source, talk, end }: Watch): void {
  let isEnding = false;
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    source.on(event, (error) => {
      if (isEnding || source.listenerCount(event) > 1) return; // the service that runs here has an end of its own
      isEnding = true;
      const { name, frames } = framesOf(error);
      talk(`FR9001 uncaught ${name}`);
      for (const frame of frames) talk(`    ${frame}`);
      talk("  fix: Report it with these lines.");
      end(exitCodes.failed);
    });
  }
}
