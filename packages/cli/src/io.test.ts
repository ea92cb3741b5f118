import { PassThrough } from "node:stream";
import { expect, test } from "@jest/globals";
import { createStreamIo, outJson } from "./io.js";

function streams() {
  return { stdout: new PassThrough(), stderr: new PassThrough() };
}

test("data goes to stdout, talk to stderr, a line each", async () => {
  const { stdout, stderr } = streams();
  const io = createStreamIo(stdout, stderr, false);
  io.out("data");
  io.talk("talk");
  await io.flushed();
  expect(stdout.read().toString()).toBe("data\n");
  expect(stderr.read().toString()).toBe("talk\n");
});

test.each([
  ["ENOSPC", "ENOSPC"],
  ["EPIPE", null],
])("data that cannot be written is lost, unless nobody reads it: %s", async (code, lost) => {
  const { stdout, stderr } = streams();
  const io = createStreamIo(stdout, stderr, false);
  expect(io.lost()).toBeNull();
  stdout.destroy(Object.assign(new Error("write"), { code }));
  await new Promise((resolve) => stdout.once("close", resolve));
  expect(io.lost()).toBe(lost);
});

test("a reader that went away is no error: later lines are dropped and `unread` says so", async () => {
  const { stdout, stderr } = streams();
  const io = createStreamIo(stdout, stderr, false);
  stdout.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  await new Promise((resolve) => stdout.once("close", resolve));
  expect(io.unread.aborted).toBe(true);
  io.out("nobody reads this");
  io.talk("still heard");
  await io.flushed();
  expect(stderr.read().toString()).toBe("still heard\n");
});

test("colour only on a terminal, and not against NO_COLOR", () => {
  const terminal = () => Object.assign(new PassThrough(), { isTTY: true });
  expect(createStreamIo(terminal(), new PassThrough(), false).colour).toBe(true);
  expect(createStreamIo(terminal(), new PassThrough(), true).colour).toBe(false);
  expect(createStreamIo(new PassThrough(), new PassThrough(), false).colour).toBe(false);
});

test("JSON is one line; big integers keep their digits as strings", () => {
  const lines: string[] = [];
  const io = { out: (line: string) => void lines.push(line), talk: () => {}, colour: false, unread: new AbortController().signal };
  outJson(io, { version: "7", big: 9007199254740993n, map: new Map([["a", 1]]) });
  expect(lines).toEqual(['{"version":"7","big":"9007199254740993","map":{"a":1}}']);
});
