import { EventEmitter } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { watchUncaught } from "./uncaught.js";

const SECRET = "hunter2-of-uncaught";

function watched() {
  const [source, lines, codes] = [new EventEmitter(), [] as string[], [] as number[]];
  watchUncaught({ source, talk: (line) => void lines.push(line), end: (code) => void codes.push(code) });
  return { source, lines, codes };
}

describe("an error that nobody caught", () => {
  test.each(["uncaughtException", "unhandledRejection"])("%s is told by name and frames, without its text or what hangs on it", (event) => {
    const { source, lines, codes } = watched();
    const error = Object.assign(new TypeError(`no ${SECRET}\n    at ${SECRET}`), { command: { name: "auth", args: [SECRET] } });
    source.emit(event, error);
    source.emit(event, error);
    expect(lines[0]).toBe("FR9001 uncaught TypeError");
    expect(lines.filter((line) => /^ {4}at /.test(line)).length).toBeGreaterThan(1);
    expect(lines.at(-1)).toBe("  fix: Report it with these lines.");
    expect(lines.join("\n")).not.toContain(SECRET);
    expect(codes).toEqual([1]);
  });

  test("that is no error at all is told by its type", () => {
    const { source, lines } = watched();
    source.emit("unhandledRejection", SECRET);
    expect(lines).toEqual(["FR9001 uncaught string", "  fix: Report it with these lines."]);
  });

  test("is left to the service where one runs in this process", () => {
    const { source, lines, codes } = watched();
    source.on("uncaughtException", () => undefined);
    source.emit("uncaughtException", new Error(SECRET));
    expect({ lines, codes }).toEqual({ lines: [], codes: [] });
  });
});
