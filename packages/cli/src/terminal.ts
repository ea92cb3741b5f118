import type { Readable, Writable } from "node:stream";

/** Whoever sits at a terminal, if anybody does. */
export interface Terminal {
  /**
   * Asks, and answers with the line that was typed, what there is of it when it is ended by Ctrl-D. `null` when it is not a
   * terminal, and at `stop`.
   */
  ask(question: string, stop: AbortSignal): Promise<string | null>;
  /** Draws one line over the one before; `null` takes it away. Missing where nobody would see it. */
  readonly draw?: ((line: string | null) => void) | undefined;
  /** Characters a line. */
  readonly columns: number;
}

type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Over the streams of a process. What is drawn is talk, so it goes to stderr. */
export function createTerminal(stdin: Readable & { readonly isTTY?: boolean }, stderr: Screen): Terminal {
  const isScreen = stderr.isTTY === true;
  return {
    columns: stderr.columns ?? 80,
    draw: isScreen ? (line) => void stderr.write(`\r\u001b[K${line ?? ""}`) : undefined,
    ask: async (question, stop) => {
      if (!isScreen || stdin.isTTY !== true || stop.aborted) return null;
      stderr.write(question);
      const { line, isEnded } = await readLine(stdin, stop);
      if (!isEnded) stderr.write("\n"); // what is told next does not stand behind the question
      return line;
    },
  };
}

interface ReadLine {
  readonly line: string | null;
  /** Whether somebody pressed return. */
  readonly isEnded: boolean;
}

function readLine(stdin: Readable, stop: AbortSignal): Promise<ReadLine> {
  return new Promise((resolve) => {
    let text = "";
    const end = (line: string | null, isEnded = false): void => {
      stdin.off("data", take).off("end", last);
      stop.removeEventListener("abort", none);
      stdin.pause();
      resolve({ line, isEnded });
    };
    const none = (): void => end(null);
    const last = (): void => end(text.trim());
    const take = (chunk: Buffer | string): void => {
      text += String(chunk);
      const at = text.indexOf("\n");
      if (at >= 0) end(text.slice(0, at).trim(), true);
    };
    stop.addEventListener("abort", none, { once: true });
    stdin.on("data", take).on("end", last);
  });
}
