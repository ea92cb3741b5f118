import { beforeAll, expect, test } from "@jest/globals";
import { type BadInput, badInputs } from "./bad-input-lines.ts";
import { startFreshet } from "./freshet-process.js";

// Each line of bad-inputs/command-line.txt as a process of its own. Nothing listens where Kafka and Redis should be, so a line that is
// looked at too late ends with 5.
const AT_ONCE = 4;
const env = {
  FRESHET_RULES: "services/example-shop/rules.yaml",
  FRESHET_KAFKA_BROKERS: "127.0.0.1:1",
  FRESHET_REDIS_URL: "redis://127.0.0.1:1",
};
const lines = badInputs("command-line");
const ends = new Map<string, { readonly outcome: string; readonly stdout: string; readonly stderr: string }>();

beforeAll(async () => {
  const left = [...lines];
  const work = async (): Promise<void> => {
    for (let line = left.shift(); line !== undefined; line = left.shift()) {
      const { code, stdout, stderr } = await startFreshet(argumentsOf(line), env).ended;
      ends.set(line.place, { outcome: `${code} ${/^FR\d{4}/m.exec(stderr)?.[0] ?? "no code"}`, stdout, stderr });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}, 720_000);

function argumentsOf({ edits }: BadInput): readonly string[] {
  return edits.flatMap(({ bytes }) => (bytes === null ? [] : [bytes.toString()]));
}

test.each(lines.map((line) => [`${line.place} ${line.what}: ${line.expected}`, line] as const))("%s", (_name, line) => {
  const { outcome, stdout, stderr } = ends.get(line.place) ?? { outcome: "nothing", stdout: "", stderr: "" };
  expect(outcome).toBe(line.expected);
  expect(stdout).toBe("");
  expect(stderr).toContain("fix: ");
  // what a terminal would obey, or show in another order than it is read
  expect(
    [...stderr].filter((character) => /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(character) && character !== "\n"),
  ).toEqual([]);
});
