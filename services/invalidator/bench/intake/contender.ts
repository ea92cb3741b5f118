// A contender as a process: told what to do by an argument, watched until it is done.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Report } from "../report.ts";

export interface Figures {
  readonly eventsPerSecond: number;
  /** 0 where it is not known. */
  readonly rssMb: number;
  readonly cpuMicrosecondsPerEvent: number;
}

type OnProgress = (records: number) => void;

/** As `freshet run` starts the service (packages/cli/bin/freshet.mjs). */
const SERVICE = { flags: ["--max-semi-space-size=16"], env: { MALLOC_ARENA_MAX: "1" } };

/** A script of Node, of the benches beside this one. */
export async function runScript(script: string, argument: object, onProgress: OnProgress): Promise<Figures> {
  const child = fork(new URL(script, import.meta.url), [JSON.stringify(argument)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: ["--no-warnings", ...SERVICE.flags],
    env: { ...process.env, ...SERVICE.env },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Figures>();
  child.on("message", (report: Report) => {
    if (report.kind === "progress") onProgress(report.records);
    else {
      const { records, seconds, cpuSeconds, rssMb } = report;
      resolve({ eventsPerSecond: records / seconds, rssMb, cpuMicrosecondsPerEvent: (cpuSeconds * 1e6) / records });
    }
  });
  const gone = exitOf(child);
  void gone.then((code) => reject(new Error(`${script} ended with ${code} before it was done`)));
  const figures = await promise;
  await gone; // or it would still be about when the next one is measured
  return figures;
}

/** A program that says "done N" and "took SECONDS". */
export async function runProgram(command: readonly [string, ...string[]], events: number, onProgress: OnProgress): Promise<Figures> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let seconds = 0;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [word, number] = line.split(" ");
    if (word === "done") onProgress(Number(number));
    if (word === "took") seconds = Number(number);
  });
  const code = await exitOf(child);
  if (code !== 0 || seconds === 0) throw new Error(`${program} ended with ${code}`);
  return { eventsPerSecond: events / seconds, rssMb: 0, cpuMicrosecondsPerEvent: 0 };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.on("close", resolve);
    child.on("error", () => resolve(null));
  });
}
