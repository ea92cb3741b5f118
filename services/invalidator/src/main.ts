import { loadConfig, processSources } from "./config.js";
import { readFlags } from "./flags.js";
import { runService } from "./run.js";

/** Exit codes of a shell for a process that a signal ended. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

// Node's diagnostic reports would hold all variables, secrets among them.
if (process.report !== undefined) process.report.excludeEnv = true;

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(exitCodes[signal]);
    stop.abort();
  });
}

const config = () => loadConfig(processSources(readFlags(process.argv.slice(2))));
const talk = (line: string): void => void process.stderr.write(`${line}\n`);
process.exit(await runService({ config, stop: stop.signal, talk }));
