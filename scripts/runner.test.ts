import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "..");

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is made of the runner, started as programs of this folder are. */
function start(body: string): { child: ChildProcess; said: () => string; ended: Promise<Ended> } {
  const imports = `import { begin, isHelp, runNode, tellTests } from "./scripts/runner.mjs";\nimport { SetUpError } from "./scripts/set-up.mjs";\n`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", `${imports}${body}`], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, said: () => stdout, ended };
}

describe("a program", () => {
  test("ends with the exit code that its work answers with", async () => {
    expect((await start("await begin(async () => 3);").ended).code).toBe(3);
  });

  test("says in a sentence what cannot be set up, and fails with its stack where it is wrong itself", async () => {
    const refused = await start(`await begin(async () => { throw new SetUpError("no Java here"); });`).ended;
    expect(refused).toEqual({ code: 1, stdout: "", stderr: "no Java here\n" });
    const wrong = await start(`await begin(async () => { throw new TypeError("oh"); });`).ended;
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain("TypeError: oh\n    at");
  });

  test("says how it is called where that is asked for, and only there", async () => {
    const { stdout } = await start(
      `process.stdout.write(String([isHelp(["--help"], "so"), isHelp(["x", "-h"], "so"), isHelp(["x"], "not")]));`,
    ).ended;
    expect(stdout).toBe("so\nso\ntrue,true,false");
  });

  test("has a last line with an exit code that goes with it", async () => {
    const tell = (counts: object) => `tellTests(${JSON.stringify(counts)})`;
    const { stdout } = await start(
      `process.stdout.write(String([${[
        tell({ passed: 2, failed: 0, skipped: 1 }),
        tell({ passed: 2, failed: 1, skipped: 0 }),
        tell({ passed: 0, failed: 0, skipped: 0 }),
      ]}]));`,
    ).ended;
    expect(stdout).toBe("2 passed, 0 failed, 1 skipped\n2 passed, 1 failed\n0 passed, 0 failed\n0,1,1");
  });
});

describe("runNode", () => {
  const child = (body: string) => `["-e", ${JSON.stringify(body)}]`;

  test("gives a program its environment, and answers with its exit code", async () => {
    const program = child("console.log(process.env.WORD); process.exit(7)");
    const { code, stdout } = await start(`await begin(() => runNode(${program}, { env: { WORD: "hello" } }));`).ended;
    expect({ code, stdout }).toEqual({ code: 7, stdout: "hello\n" });
  });

  test("passes a signal on, and answers with 130", async () => {
    const waiting = child("console.log('up'); setInterval(() => {}, 1000)");
    const { child: program, said, ended } = start(`await begin(() => runNode(${waiting}));`);
    while (!said().includes("up")) await once(program.stdout ?? program, "data");
    program.kill("SIGTERM");
    expect((await ended).code).toBe(130);
  });
});
