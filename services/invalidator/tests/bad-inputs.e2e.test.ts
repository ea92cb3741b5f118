import { spawn } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type BadInput, badInputFiles, badInputs } from "./bad-input-lines.ts";
import { type Decision, verdict } from "./bad-input-verdict.ts";

const MAIN = join(import.meta.dirname, "bad-inputs-main.ts");
/** Bounds for all inputs together, with room for a slow machine: what breaks one of them takes hours, or gigabytes. */
const BOUNDS = { timeoutMs: 120_000, heapMb: 400, rssMb: 1200 };

interface Result extends Decision {
  readonly isTelling?: boolean;
}

interface End {
  readonly code: number;
  readonly records: number;
  readonly letters: number;
  readonly wrongLetters: number;
  readonly bugs: number;
  readonly leaks: number;
  readonly logLines: number;
  readonly rssMb: number;
}

const results = new Map<string, Result>();
let end: End | undefined;
let failure = "";

/** A process of its own, which is killed when it takes too long and dies when it takes too much. */
beforeAll(async () => {
  const args = ["--disable-warning=ExperimentalWarning", `--max-old-space-size=${BOUNDS.heapMb}`, MAIN];
  const child = spawn(process.execPath, args, { timeout: BOUNDS.timeoutMs, killSignal: "SIGKILL" });
  let out = "";
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (failure += bytes.toString()));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on("close", (...how: [number | null, string | null]) => resolve(how)),
  );
  if (code !== 0) failure = `exit code ${code}, signal ${signal}: ${failure.slice(-4000)}`;
  for (const line of out.split("\n").filter((text) => text !== "")) {
    const fact: Result & End & { place?: string } = JSON.parse(line);
    if (fact.place === undefined) end = fact;
    else results.set(fact.place, fact);
  }
}, BOUNDS.timeoutMs + 10_000);

test("all bad inputs are done in bounded time and memory, and the service ends as usual", () => {
  expect(failure).toBe("");
  expect(end).toMatchObject({ code: 0 });
  expect(end?.rssMb).toBeLessThan(BOUNDS.rssMb);
});

test("there are at least 300, in ten categories", () => {
  expect(badInputFiles()).toHaveLength(10);
  expect(badInputs().length).toBeGreaterThanOrEqual(300);
  expect(results.size).toBe(badInputs().length);
});

test("each dead letter is its record, byte for byte", () => {
  const dead = [...results.values()].filter(({ outcome }) => outcome.startsWith("dead "));
  expect(dead.length).toBeGreaterThan(200);
  expect(end).toMatchObject({ letters: dead.length, wrongLetters: 0 });
});

test("none of them is dead for a mistake of Freshet's own", () => {
  expect(end).toMatchObject({ bugs: 0 });
});

test("no line of the log and no error holds a piece of any of them", () => {
  expect(end?.logLines).toBeGreaterThan(results.size);
  expect(end).toMatchObject({ leaks: 0 });
});

describe.each(badInputFiles())("%s", (file) => {
  test.each(
    badInputs(file).map((input): [string, BadInput] => [`${input.place} ${input.source}, ${input.what}: ${input.expected}`, input]),
  )("%s", (_name, { place, expected }) => {
    const result = results.get(place);
    expect(result === undefined ? "nothing" : verdict(result, expected)).toBe(expected);
    expect(result?.isTelling ?? false).toBe(false);
  });
});
