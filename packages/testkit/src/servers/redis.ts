import { givenRedisProgram } from "../config.js";
import { findProgram } from "./find-program.js";
import { onFreePort } from "./free-port.js";
import { type OwnServer, startOwnServer } from "./own-server.js";
import { installPackages, type Say } from "./system-packages.js";

export interface OwnRedis extends OwnServer {
  /** `redis://127.0.0.1:port` */
  readonly url: string;
}

export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Arguments of `redis-server`, after the defaults (loopback, nothing persisted). To keep data over `restart`: `--appendonly yes`. */
  readonly args?: readonly string[];
  /** In place of `redis-server`. */
  readonly program?: string;
}

/** Starts a Redis of one's own: to be stopped, paused, filled up or cut off. */
export async function startRedis(options: RedisOptions = {}): Promise<OwnRedis> {
  const program = options.program ?? (await ensureRedis(() => undefined));
  const startOn = async (port: number): Promise<OwnRedis> => {
    const defaults = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const server = await startOwnServer({
      name: "redis-server",
      port,
      command: async (folder) => [program, ...defaults, "--dir", folder, ...(options.args ?? [])],
      ready: /Ready to accept connections/,
      startTimeoutMs: 60_000,
    });
    return Object.assign(server, { url: `redis://127.0.0.1:${port}` });
  };
  return options.port === undefined ? await onFreePort(startOn) : await startOn(options.port);
}

/**
 * The path of `redis-server`: what FRESHET_TEST_REDIS_SERVER says, from the PATH or else from the system's packages.
 *
 * @throws Error that says what to install.
 */
export async function ensureRedis(say: Say): Promise<string> {
  const found = givenRedisProgram() ?? findProgram("redis-server");
  if (found !== null) return found;
  await installPackages(["redis-server"], say).catch((error: Error) => {
    throw new Error(`there is no redis-server on the PATH; ${error.message}`);
  });
  const installed = findProgram("redis-server");
  if (installed === null) throw new Error("redis-server was installed, but is not on the PATH");
  return installed;
}
