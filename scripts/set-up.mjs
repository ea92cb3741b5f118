// What `npm start`, `npm test` and `npm run bench` do first. Plain JavaScript for Node 20, and no import but Node's own:
// nothing is installed yet when it runs.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, utimesSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";

export const root = dirname(import.meta.dirname);
const NODE = join(root, "node_modules", "node", "bin", "node");
const INSTALLED = join(root, "node_modules", ".package-lock.json");

/** Progress goes to stderr: stdout belongs to what is run. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Ends with a message in place of a stack trace. */
export class SetUpError extends Error {}

/** Runs the npm packages' install if they are missing or older than the lockfile. */
export async function install() {
  if (!isInstalled()) {
    say("installing packages (this takes a minute) …");
    const { code, output } = await npmInstall();
    if (code !== 0) throw new SetUpError(`installing packages failed:\n${output}`);
    utimesSync(INSTALLED, new Date(), new Date());
  }
  if (await ownNodeWorks()) return;
  // It comes by an install script, which npm may have been told not to run.
  const { output } = await npm("rebuild", "node", "--ignore-scripts=false");
  if (!(await ownNodeWorks())) {
    throw new SetUpError(`the Node that Freshet brings (npm package "node") is not usable.\nFix: npm rebuild node\n${output}`);
  }
}

/** Builds all packages; what has not changed takes a moment. @returns what the compiler says, `null` when all is well. */
export async function build() {
  if (!existsSync(join(root, "packages", "cli", "dist", "bin.js"))) say("building …");
  const turbo = join(root, "node_modules", ".bin", "turbo");
  const { code, output } = await run([turbo, "run", "build", "--output-logs=errors-only", "--log-order=grouped"]);
  return code === 0 ? null : output;
}

/** True when this process is the repository's own Node. */
export function isOwnNode() {
  return process.versions.node === ownNodeVersion();
}

/** Runs a script under the repository's own Node to its end; signals are passed on. @returns its exit code. */
export function runUnderOwnNode(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(NODE, args, { stdio: "inherit", env: environment() });
    // A terminal sends Ctrl-C to the whole group: passing it on would make two of one.
    const forward = (signal) => void (signal === "SIGINT" && process.stdin.isTTY ? 0 : child.kill(signal));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal === null ? code : 128 + (SIGNALS[signal] ?? 0)));
  });
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** The environment in which `node` and the packages' commands are the repository's. */
export function environment() {
  const bin = join(root, "node_modules", ".bin");
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== bin);
  return {
    ...process.env,
    PATH: [bin, ...path].join(delimiter),
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
  };
}

/** Runs a command in the repository. @returns its exit code, and stdout and stderr together. */
export function run([program, ...args], options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    options.onStart?.(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", (error) => resolve({ code: 1, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

async function npmInstall() {
  if (!existsSync(INSTALLED)) {
    const clean = await npm("ci", "--no-audit", "--no-fund");
    // A registry that lacks the optional packages of other platforms can make npm ci find the lockfile incomplete.
    if (clean.code === 0 || !clean.output.includes("EUSAGE")) return clean;
  }
  // From the same lockfile, and what is there already stays.
  return npm("install", "--no-save", "--no-audit", "--no-fund");
}

/** The npm that runs this script, if one does. */
function npm(...args) {
  const { npm_execpath: running = "" } = process.env;
  const command = basename(running) === "npm-cli.js" ? [process.execPath, running] : ["npm"];
  return run([...command, ...args, "--loglevel=error"]);
}

function isInstalled() {
  const lock = join(root, "package-lock.json");
  return existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(lock).mtimeMs;
}

async function ownNodeWorks() {
  if (isOwnNode()) return true;
  const { code, output } = await run([NODE, "--version"]);
  return code === 0 && output.trim() === `v${ownNodeVersion()}`;
}

function ownNodeVersion() {
  const file = join(root, "node_modules", "node", "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : "";
}
