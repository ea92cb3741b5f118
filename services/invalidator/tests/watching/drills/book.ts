import { expect } from "@jest/globals";
import type { Ended } from "./platform.js";
import type { Runbook } from "./runbook.js";

/** A runbook that is followed: only commands that stand in it are run, and in the end all of them were. */
export interface Book {
  /**
   * Runs a command of the page.
   *
   * @returns what it printed.
   */
  run(command: string, options?: RunOptions): Promise<string>;
  /** Fails when the page has commands that were not run. */
  close(): void;
}

export interface RunOptions {
  /** What the page's examples stand for here, e.g. a process id in place of `PID`; appended, e.g. `--apply`. */
  readonly in?: Readonly<Record<string, string>>;
  readonly and?: string;
  /** The exit code expected; 0 by default. */
  readonly code?: number;
}

const LINES_MAX = 20;

export function openBook(options: {
  readonly runbook: Runbook;
  readonly run: (line: string) => Promise<Ended>;
  readonly tell: (text: string) => void;
}): Book {
  const { runbook, run, tell } = options;
  const left = new Set(runbook.commands);
  return {
    run: async (command, { in: values = {}, and = "", code = 0 } = {}) => {
      if (!runbook.commands.includes(command)) {
        throw new Error(`the runbook of ${runbook.alert} has no command "${command}", but: ${runbook.commands.join("; ")}`);
      }
      left.delete(command);
      const filled = Object.entries(values).reduce((line, [name, value]) => line.replaceAll(name, value), command);
      const line = and === "" ? filled : `${filled} ${and}`;
      tell(`RUNBOOK $ ${line}${filled === command ? "" : `   (on the page: ${command})`}`);
      const ended = await run(line);
      const lines = ended.output.split("\n").filter((text) => text.trim() !== "");
      for (const text of lines.slice(0, LINES_MAX)) tell(`        | ${text}`);
      if (lines.length > LINES_MAX) tell(`        | … ${lines.length - LINES_MAX} lines more`);
      expect({ line, code: ended.code, output: ended.output }).toEqual({ line, code, output: ended.output });
      return ended.output;
    },
    close: () => expect([...left]).toEqual([]),
  };
}
