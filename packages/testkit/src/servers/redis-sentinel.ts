import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Certificates } from "./certificates.js";
import { freePort } from "./free-port.js";
import { type OwnServer, startOwnServer } from "./own-server.js";
import { ensureRedis, type OwnRedis } from "./redis.js";

/** A sentinel of one's own. It decides alone, and soon. */
export interface OwnSentinel extends OwnServer {
  /** `redis://127.0.0.1:port`, with `rediss:` for TLS. */
  readonly url: string;
}

export interface SentinelOptions {
  /**
   * A master silent for so long is gone; default: 500 ms. A replica that was cut off for ten times as long, besides the time in which
   * the master was gone, is not chosen in its place (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/).
   */
  readonly downAfterMs?: number;
  /** What clients must give. */
  readonly password?: string;
  /** What the master wants of the sentinel. */
  readonly masterPassword?: string;
  /** Talks TLS alone, to clients and to the master, at this port of its; clients must show a certificate. */
  readonly tls?: { readonly certificates: Certificates; readonly masterPort: number };
}

/** The name under which it watches its master. */
export const SENTINEL_NAME = "main";

/** Starts a sentinel that watches a master and replaces it by one of its replicas. */
export async function startSentinel(master: OwnRedis, options: SentinelOptions = {}): Promise<OwnSentinel> {
  const program = await ensureRedis(() => undefined);
  const port = await freePort();
  const server = await startOwnServer({
    name: "redis-sentinel",
    port,
    command: async (folder) => {
      const file = join(folder, "sentinel.conf");
      if (!existsSync(file)) await writeFile(file, configOf(port, master.port, options));
      return [program, file, "--sentinel"];
    },
    ready: /\+monitor master/,
    startTimeoutMs: 60_000,
  });
  return Object.assign(server, { url: `${options.tls === undefined ? "redis" : "rediss"}://127.0.0.1:${port}` });
}

function configOf(port: number, masterPort: number, options: SentinelOptions): string {
  const { downAfterMs = 500, password, masterPassword, tls } = options;
  return [
    ...(tls === undefined ? [`port ${port}`] : tlsLines(port, tls.certificates)),
    "bind 127.0.0.1",
    `sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${tls?.masterPort ?? masterPort} 1`,
    `sentinel down-after-milliseconds ${SENTINEL_NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${SENTINEL_NAME} 2000`,
    ...(password === undefined ? [] : [`requirepass ${password}`]),
    ...(masterPassword === undefined ? [] : [`sentinel auth-pass ${SENTINEL_NAME} ${masterPassword}`]),
    "",
  ].join("\n");
}

function tlsLines(port: number, { ca, serverCert, serverKey }: Certificates): readonly string[] {
  const files = [`tls-cert-file ${serverCert}`, `tls-key-file ${serverKey}`, `tls-ca-cert-file ${ca}`];
  return ["port 0", `tls-port ${port}`, ...files, "tls-auth-clients yes", "tls-replication yes"];
}
