import { PassThrough } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { createTerminal } from "./terminal.js";

function seat(isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stop = new AbortController();
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const terminal = createTerminal(stdin, stderr);
  const shown = (): string => String(stderr.read() ?? "");
  return { stdin, stop, terminal, shown, asked: terminal.ask("name? ", stop.signal) };
}

describe("a question at a terminal", () => {
  test("is answered with the line typed", async () => {
    const { stdin, asked, shown } = seat(true);
    stdin.write("bl");
    stdin.write("ue\n");
    expect(await asked).toBe("blue");
    expect(shown()).toBe("name? ");
  });

  test("is answered with nothing at Ctrl-D, which is not the same as nobody", async () => {
    const { stdin, asked } = seat(true);
    stdin.end();
    expect(await asked).toBe("");
    expect(await seat(false).asked).toBeNull();
  });

  test("ends at Ctrl-C, in a line of its own, and is not asked after it", async () => {
    const { stop, asked, terminal, shown } = seat(true);
    stop.abort();
    expect(await asked).toBeNull();
    expect(await terminal.ask("again? ", stop.signal)).toBeNull();
    expect(shown()).toBe("name? \n");
  });
});
