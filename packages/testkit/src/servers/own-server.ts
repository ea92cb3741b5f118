import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.js";
import { type Keeper, startKeeper } from "./keeper.js";

/** A server that belongs to one test, with its data in a folder of its own. It is gone when this process is, however that ends. */
export interface OwnServer {
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  readonly port: number;
  /** SIGTERM, and waits for the end. The data stay for `restart`. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for the end. The data stay for `restart`. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts it again on the same port with the same data, after `stop` if it still runs; returns when it is ready. */
  restart(): Promise<void>;
  /** The last 16 KB of its log. */
  output(): Promise<string>;
  /** Ends it and removes its data. Safe to call twice. */
  close(): Promise<void>;
}

export interface ServerCommand {
  /** For messages, e.g. `redis-server`. */
  readonly name: string;
  readonly port: number;
  /** Program and arguments, given the server's folder. Called once a start. */
  readonly command: (folder: string) => Promise<readonly [string, ...string[]]>;
  /** What its log says when it is ready. */
  readonly ready: RegExp;
  readonly startTimeoutMs: number;
}

const OUTPUT_CHARS = 16_384;
const STOP_TIMEOUT_MS = 20_000;

interface Running {
  child: ChildProcess | null;
  pid: number;
  readonly keeper: Keeper;
  readonly folder: string;
  readonly log: string;
}

/** Starts a server and waits until it is ready. */
export async function startOwnServer(options: ServerCommand): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), `freshet-${options.name}-`));
  const keeper = startKeeper(["rm", "-rf", "--", folder]);
  const running: Running = { child: null, pid: 0, keeper, folder, log: join(folder, "server.log") };
  try {
    await start(running, options);
  } catch (error) {
    await keeper.close();
    throw error;
  }
  return {
    get pid() {
      return running.pid;
    },
    port: options.port,
    stop: () => end(running, "SIGTERM"),
    kill: () => end(running, "SIGKILL"),
    pause: () => void running.child?.kill("SIGSTOP"),
    resume: () => void running.child?.kill("SIGCONT"),
    restart: async () => {
      await end(running, "SIGTERM");
      await start(running, options);
    },
    output: async () => (await readLog(running)).slice(-OUTPUT_CHARS),
    close: async () => {
      await end(running, "SIGKILL");
      await keeper.close();
    },
  };
}

async function start(running: Running, options: ServerCommand): Promise<void> {
  const [program, ...args] = await options.command(running.folder);
  const logBefore = (await readLog(running)).length;
  // A file, not a pipe: a server never waits for a test whose event loop is busy.
  const log = openSync(running.log, "a");
  const child = spawn(program, args, { cwd: running.folder, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let failure: Error | null = null;
  child.on("error", (error) => {
    failure = error;
  });
  child.on("exit", () => {
    running.child = null;
    running.keeper.keep(0);
  });
  running.child = child;
  running.pid = child.pid ?? 0;
  running.keeper.keep(running.pid);
  child.unref();
  const isReady = async () => {
    const text = (await readLog(running)).slice(logBefore);
    if (options.ready.test(text)) return true;
    if (failure !== null || running.child === null) {
      throw new Error(`${options.name} ended before it was ready: ${failure ?? ""}\n${text.slice(-2000)}`);
    }
    return false;
  };
  try {
    await until(isReady, { timeoutMs: options.startTimeoutMs, what: `${options.name} on port ${options.port} is ready`, pollMs: 25 });
  } catch (error) {
    await end(running, "SIGKILL");
    throw error;
  }
}

async function end(running: Running, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const { child } = running;
  if (child === null) return;
  child.kill("SIGCONT"); // a paused process would never see SIGTERM
  child.kill(signal);
  const isGone = () => running.child === null;
  try {
    await until(isGone, { timeoutMs: STOP_TIMEOUT_MS, what: `process ${child.pid} ends by ${signal}`, pollMs: 10 });
  } catch {
    child.kill("SIGKILL");
    await until(isGone, { timeoutMs: STOP_TIMEOUT_MS, what: `process ${child.pid} ends by SIGKILL`, pollMs: 10 });
  }
}

async function readLog(running: Running): Promise<string> {
  return readFile(running.log, "utf8").catch(() => "");
}
