import { asFreshetError, FreshetError } from "@freshet/protocol";
import type { Logger } from "pino";
import type { Config } from "./config.js";
import { tuneHeap } from "./heap.js";
import { createLogger, framesOf } from "./log.js";
import { type Invalidator, type Overrides, startInvalidator } from "./wiring.js";

export interface RunOptions {
  /** The configuration; may throw as `loadConfig` does. */
  readonly config: () => Config;
  /** Aborted at the first signal. What a second one does is the caller's affair: exit at once. */
  readonly stop: AbortSignal;
  /** One line for whoever started it, on stderr. */
  readonly talk: (line: string) => void;
  readonly overrides?: Overrides;
  /** `startInvalidator`; tests keep hold of what it starts. */
  readonly start?: typeof startInvalidator;
  /** Where uncaught errors are told; this process. */
  readonly process?: UncaughtSource;
  /** Stopping is given up after so long, 14 s: the process must be gone within 15. */
  readonly stopMsMax?: number;
}

type UncaughtEvent = "uncaughtException" | "unhandledRejection";

export interface UncaughtSource {
  on(event: UncaughtEvent, listener: (error: unknown) => void): unknown;
  off(event: UncaughtEvent, listener: (error: unknown) => void): unknown;
}

const DONE = 0;
const FAILED = 1;
const USAGE = 2;
const STOP_MS_MAX = 14_000;

/** Runs the service until it is told to stop or cannot go on; answers with the exit code. Never throws. */
export async function runService(options: RunOptions): Promise<number> {
  tuneHeap();
  const run: Run = { talk: options.talk, logger: null, stopMsMax: options.stopMsMax ?? STOP_MS_MAX };
  try {
    const config = options.config();
    run.logger = options.overrides?.logger ?? createLogger(config);
    const start = options.start ?? startInvalidator;
    const uncaught = watchUncaught(options.process ?? process, run.logger);
    try {
      return await runWatched(start(config, { ...options.overrides, logger: run.logger }), uncaught.happened, {
        run,
        stop: options.stop,
      });
    } finally {
      uncaught.forget();
    }
  } catch (error) {
    return fail(asFreshetError(error), run);
  }
}

interface Run {
  readonly talk: (line: string) => void;
  /** `null` until the configuration is read. */
  logger: Logger | null;
  readonly stopMsMax: number;
}

async function runWatched(
  starting: Promise<Invalidator>,
  uncaught: Promise<FreshetError>,
  { run, stop }: { run: Run; stop: AbortSignal },
): Promise<number> {
  const service = await Promise.race([starting, uncaught]);
  if (service instanceof FreshetError) return fail(service, run);
  const end = await Promise.race([aborted(stop), service.failed, uncaught]);
  if (end === null) return await stopInTime(service, uncaught, run);
  const code = fail(end, run);
  if (end.code !== "FR9001") await stopInTime(service, uncaught, run); // after a bug nobody knows what a stop would do
  return code;
}

async function stopInTime(service: Invalidator, uncaught: Promise<FreshetError>, run: Run): Promise<number> {
  run.logger?.info("stopping: slices under way end, then the group is left");
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<FreshetError>((resolve) => {
    const fix = "Look at the latency of Redis and Kafka; what was not committed is read again.";
    const error = new FreshetError("FR3004", "halt", `stopping took longer than ${run.stopMsMax} ms`, fix);
    timer = setTimeout(() => resolve(error), run.stopMsMax);
  });
  try {
    const stopped = service.stop().then(() => null, asFreshetError);
    const problem = await Promise.race([stopped, late, uncaught]);
    if (problem !== null) return fail(problem, run);
    run.logger?.info("stopped");
    return DONE;
  } finally {
    clearTimeout(timer);
  }
}

/** Errors that nobody caught: what state things are in is unknown, so the process ends, and whoever runs it starts it again. */
function watchUncaught(source: UncaughtSource, logger: Logger) {
  const { promise: happened, resolve } = Promise.withResolvers<FreshetError>();
  const onUncaught = (error: unknown): void => {
    const { name, frames } = framesOf(error);
    logger.fatal({ code: "FR9001", name, frames }, "uncaught error");
    resolve(new FreshetError("FR9001", "halt", `uncaught ${name}`, "Report it with the log around this line."));
  };
  source.on("uncaughtException", onUncaught);
  source.on("unhandledRejection", onUncaught);
  const forget = (): void => {
    source.off("uncaughtException", onUncaught);
    source.off("unhandledRejection", onUncaught);
  };
  return { happened, forget };
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}

/** Told in both places: the log for whoever collects it, stderr for whoever started it. */
function fail(error: FreshetError, { logger, talk }: Run): number {
  logger?.fatal({ code: error.code, problem: error.message, fix: error.fix }, "the service ends");
  talk(`${error.code} ${error.message}`);
  talk(`  fix: ${error.fix}`);
  return error.disposition === "usage" ? USAGE : FAILED;
}
