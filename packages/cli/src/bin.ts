import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig, processSources, readTextFile, runService } from "@freshet/invalidator";
import { versionsHere } from "./bundle/versions.js";
import { runCli } from "./cli.js";
import { processEnvironment, wantsNoColour } from "./config.js";
import { deploymentOf } from "./deployment.js";
import type { Deps } from "./deps.js";
import { exitCodes } from "./exit-codes.js";
import { fetchText } from "./fetch-text.js";
import { createStreamIo } from "./io.js";
import { stepBack } from "./step-back.js";
import { createTerminal } from "./terminal.js";
import { watchUncaught } from "./uncaught.js";
import { processWho } from "./who.js";

/**
 * One press of Ctrl-C reaches this process several times: from the terminal, and passed on by npm and by the launcher.
 * What comes within this time is the same press.
 */
const SAME_PRESS_MS = 500;

// Node's diagnostic reports would hold all variables, secrets among them.
if (process.report !== undefined) process.report.excludeEnv = true;

const env = processEnvironment();
const io = createStreamIo(process.stdout, process.stderr, wantsNoColour(env));
const stop = new AbortController();
const interrupt = new AbortController();

watchUncaught({
  source: process,
  talk: io.talk,
  end: (code) => void io.flushed().then(() => process.exit(code)),
});

let pressedMs: number | undefined;
process.on("SIGINT", () => {
  const nowMs = performance.now();
  if (pressedMs !== undefined && nowMs - pressedMs > SAME_PRESS_MS) process.exit(exitCodes.interrupted);
  pressedMs ??= nowMs;
  interrupt.abort();
  stop.abort();
});
for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(exitCodes.failed);
    stop.abort();
  });
}

// Started again by the launcher: when that is gone, killed even, nobody is left to tell this process to stop.
process.on("disconnect", () => {
  interrupt.abort();
  stop.abort();
});
process.channel?.unref();

const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

const deps: Deps = {
  version,
  versions: versionsHere(version),
  env,
  readText: async (path) => readTextFile(path),
  writeText: (path, text) => writeFile(path, text, { mode: 0o600, flag: "wx" }),
  fetchText,
  clock: { nowMs: () => Date.now() },
  readConfig: (flags) => loadConfig({ ...processSources(flags), env }),
  deploymentOf,
  runService,
  who: processWho,
  newId: () => randomUUID(),
  stepBack,
  terminal: createTerminal(process.stdin, process.stderr),
  stop: stop.signal,
  interrupt: interrupt.signal,
  pause: (ms) => sleep(ms, undefined, { signal: stop.signal }).catch(() => {}),
};

const code = await runCli(process.argv.slice(2), io, deps);
await io.flushed();
const lost = io.lost();
if (lost !== null) io.talk(`the output could not be written (${lost})`);
process.exit(lost !== null && code === exitCodes.done ? exitCodes.failed : code);
