import { PassThrough } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { createTerminal } from "./terminal.js";

function seat(isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stop = new AbortController();
  const terminal = createTerminal(stdin, Object.assign(new PassThrough(), { isTTY }));
  return { stdin, stop, asked: terminal.ask("name? ", stop.signal) };
}

describe("a question at a terminal", () => {
  test("is answered with the line typed", async () => {
    const { stdin, asked } = seat(true);
    stdin.write("bl");
    stdin.write("ue\n");
    expect(await asked).toBe("blue");
  });

  test("is answered with nothing at Ctrl-D, which is not the same as nobody", async () => {
    const { stdin, asked } = seat(true);
    stdin.end();
    expect(await asked).toBe("");
    expect(await seat(false).asked).toBeNull();
  });

  test("ends at Ctrl-C", async () => {
    const { stop, asked } = seat(true);
    stop.abort();
    expect(await asked).toBeNull();
  });
});
