import { PassThrough } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { createTerminal } from "../terminal.js";
import { createProgress, duration } from "./progress.js";

const never = new AbortController().signal;

function tellingIo() {
  const talk: string[] = [];
  return { talk, io: { out: () => {}, talk: (line: string) => void talk.push(line), colour: false, unread: never } };
}

function screen(isTTY: boolean, columns = 80) {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns });
  const stdin = Object.assign(new PassThrough(), { isTTY });
  return { stdin, terminal: createTerminal(stdin, stderr), shown: () => String(stderr.read() ?? "") };
}

describe("how far a replay came", () => {
  test("away from a terminal: one line each ten seconds", () => {
    const { io, talk } = tellingIo();
    const clock = { nowMs: () => nowMs };
    let nowMs = 0;
    const progress = createProgress(io, { clock, terminal: screen(false).terminal }, "replay j1");
    for (; nowMs <= 25_000; nowMs += 500) progress.tell({ done: nowMs / 10, total: 10_000, records: nowMs / 20 });
    progress.end();
    expect(talk).toEqual(["replay j1 10 %, 500 records, 50/s, 90 s left", "replay j1 20 %, 1000 records, 50/s, 80 s left"]);
  });

  test("at a terminal: a bar that is drawn over itself and taken away, never wider than the line", () => {
    const { io, talk } = tellingIo();
    const { terminal, shown } = screen(true, 60);
    let nowMs = 0;
    const progress = createProgress(io, { clock: { nowMs: () => nowMs }, terminal }, "replay j1");
    nowMs = 1000;
    progress.tell({ done: 50, total: 100, records: 50 });
    progress.tell({ done: 60, total: 100, records: 60 }); // too soon to be drawn
    const [, line = ""] = shown().split("\r\u001b[K");
    expect(line).toMatch(/^\[#{12}\.{12}\] replay j1 50 %/);
    expect(line.length).toBeLessThan(60);
    progress.end();
    expect({ left: shown(), talk }).toEqual({ left: "\r\u001b[K", talk: [] });
  });

  test("a resumed one tells the speed of this run", () => {
    const { io, talk } = tellingIo();
    let nowMs = 0;
    const progress = createProgress(io, { clock: { nowMs: () => nowMs }, terminal: screen(false).terminal }, "replay j1");
    progress.tell({ done: 8000, total: 10_000, records: 8000 });
    nowMs = 10_000;
    progress.tell({ done: 9000, total: 10_000, records: 9000 });
    expect(talk).toEqual(["replay j1 90 %, 9000 records, 100/s, 10 s left"]);
  });

  test.each([
    [0, "0 s"],
    [119_000, "119 s"],
    [121_000, "3 min"],
    [7_260_000, "2 h 1 min"],
  ])("%d ms are %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe("a question at a terminal", () => {
  test("is answered by a line", async () => {
    const { stdin, terminal, shown } = screen(true);
    const answer = terminal.ask("Name? ", never);
    stdin.write("blue\n");
    expect(await answer).toBe("blue");
    expect(shown()).toBe("Name? ");
  });

  test("is not asked where nobody is, and ends with what stops it", async () => {
    expect(await screen(false).terminal.ask("Name? ", never)).toBeNull();
    const stop = new AbortController();
    const answer = screen(true).terminal.ask("Name? ", stop.signal);
    stop.abort();
    expect(await answer).toBeNull();
  });
});
