// The service as `main.ts` starts it, except that it dies by SIGKILL at a point between two effects. For tests only:
// `crashing-main.ts POINT N`, then SIGUSR2; from then on it dies when it comes to the point for the N-th time.
import { loadConfig, processSources, runService } from "@freshet/invalidator";

/** `mid_slice` is right after a slice was given to Redis, before its answer can have come. */
const [point, times] = process.argv.slice(2);
let left = Number(times);
let isArmed = false;

process.on("SIGUSR2", () => {
  isArmed = true;
});

function reached(at: string): void {
  const isHere = at === point || (point === "mid_slice" && at === "before_apply");
  if (!isArmed || !isHere || --left > 0) return;
  if (point === "mid_slice") setImmediate(die);
  else die();
}

/** Nothing of this process runs after the signal was sent, not even while it is on its way. */
function die(): void {
  process.kill(process.pid, "SIGKILL");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

process.exitCode = await runService({
  config: () => loadConfig(processSources({})),
  stop: new AbortController().signal,
  talk: (line) => void process.stderr.write(`${line}\n`),
  overrides: { reached },
});
