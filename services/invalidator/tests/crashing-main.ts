// The service as `main.ts` starts it, except that it dies by SIGKILL at a point between two effects. For tests only:
// `crashing-main.ts POINT N`, then SIGUSR2; from then on it dies when it comes to the point for the N-th time.
import { loadConfig, processSources, runService } from "@freshet/invalidator";

/** `mid_slice` is a moment after a slice was given to Redis, most likely before its answer. */
const [point, times] = process.argv.slice(2);
const MID_SLICE_MS = 1;
let left = Number(times);
let isArmed = false;

process.on("SIGUSR2", () => {
  isArmed = true;
});

function reached(at: string): void {
  const isHere = at === point || (point === "mid_slice" && at === "before_apply");
  if (!isArmed || !isHere || --left > 0) return;
  if (point === "mid_slice") setTimeout(die, MID_SLICE_MS);
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
