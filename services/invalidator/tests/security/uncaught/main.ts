// The service as `main.ts` starts it, except that at SIGUSR2 an error that nobody catches is thrown, with the first argument in its
// text, in its cause and in a line that looks like a frame. For tests only.
import { loadConfig, processSources, runService } from "@freshet/invalidator";

const [planted = ""] = process.argv.slice(2);

process.on("SIGUSR2", () => {
  throw Object.assign(new TypeError(`no ${planted}\n    at ${planted}`, { cause: new Error(planted) }), { record: planted });
});

process.exit(
  await runService({
    config: () => loadConfig(processSources({})),
    stop: new AbortController().signal,
    talk: (line) => void process.stderr.write(`${line}\n`),
  }),
);
