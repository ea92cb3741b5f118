// What the programs of this folder share: how they begin and end, and how they run jest and other programs of the repository.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, environment, install, isOwnNode, root, runUnderOwnNode, SetUpError, say } from "./set-up.mjs";

/** The exit code after Ctrl-C. */
export const INTERRUPTED = 130;

/** Runs a program: given its arguments, it answers with its exit code. What cannot be set up is said, and exit code 1. */
export async function begin(main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/** Says how to call the program, where that is asked for. @returns whether it was. */
export function isHelp(args, help) {
  if (!args.includes("--help") && !args.includes("-h")) return false;
  process.stdout.write(`${help}\n`);
  return true;
}

/** Installs what is missing, goes over to the repository's own Node and does the work there. @returns the program's exit code. */
export async function underOwnNode(file, args, work) {
  await install();
  return isOwnNode() ? work() : runUnderOwnNode([file, ...args]);
}

/** The same, with everything built before the work. */
export function whenBuilt(file, args, work) {
  return underOwnNode(file, args, async () => {
    const problem = await build();
    if (problem !== null) throw new SetUpError(problem);
    return work();
  });
}

/**
 * Runs a program of the repository to its end, its output being this one's.
 *
 * @param options `env` on top of what every program gets; `timeout` in milliseconds; `own`, which is given the child, for
 * whoever ends it himself at Ctrl-C: else that is passed on.
 * @returns its exit code, `INTERRUPTED` after Ctrl-C.
 */
export function runNode(args, { env = {}, cwd = root, timeout, own } = {}) {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...environment(), ...env }, stdio: ["ignore", "inherit", "inherit"], timeout };
    const child = spawn("node", ["--disable-warning=ExperimentalWarning", ...args], options);
    let isInterrupted = false;
    const interrupt = () => {
      isInterrupted = true;
      child.kill("SIGTERM");
    };
    if (own === undefined) for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, interrupt);
    else own(child);
    const end = (code) => {
      for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, interrupt);
      resolve(isInterrupted ? INTERRUPTED : code);
    };
    child.on("error", () => end(1));
    child.on("exit", (code) => end(code ?? 1));
  });
}

const JEST = ["--experimental-vm-modules", join(root, "node_modules", "jest", "bin", "jest.js")];

/** Runs files of tests one after the other in this terminal, as what they print is to be watched. @returns jest's exit code. */
export function runDrill(files, env) {
  // Stock kafkajs, which drills talk to brokers with, sets timers that lie in the past.
  return runNode(["--disable-warning=TimeoutNegativeWarning", ...JEST, "-i", "--runTestsByPath", ...files], { env });
}

/**
 * Runs jest with the reporter of npm test; the same options.
 *
 * @returns how many tests passed, failed and were skipped. A jest that ended badly without a failed test counts as one, and
 * `ended` is its exit code then, else `null`.
 */
export async function countTests(args, { env = {}, ...options } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "freshet-test-"));
  const file = join(folder, "counts.json");
  try {
    const reporter = ["--reporters", join(root, "scripts", "jest-report.cjs")];
    const code = await runNode([...JEST, ...args, ...reporter], { ...options, env: { ...env, FRESHET_TEST_COUNTS_FILE: file } });
    const counts = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : noTests();
    const isBroken = code !== 0 && counts.failed === 0;
    return { ...counts, failed: isBroken ? 1 : counts.failed, ended: isBroken ? code : null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** To be counted up from. */
export function noTests() {
  return { passed: 0, failed: 0, skipped: 0 };
}

export function addTests(counts, found) {
  for (const name of Object.keys(counts)) counts[name] += found[name];
}

/** Says the last line of npm test. @returns the exit code that goes with it. */
export function tellTests({ passed, failed, skipped }) {
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
