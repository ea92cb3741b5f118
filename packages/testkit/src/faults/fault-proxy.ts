import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Fault } from "./fault.js";
import { Pair } from "./proxy-pair.js";

export interface FaultProxy {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly port: number;
  /** How many connections are open. */
  readonly connections: number;
  set(fault: Fault): void;
  /** No fault any more. Connections that lost bytes are closed: their streams are torn. */
  heal(): void;
  /** Closes everything. Safe to call twice. */
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** `host:port` of the server behind it. */
  readonly to: string;
  /** Default: a free one. */
  readonly port?: number;
}

/**
 * A TCP proxy that misbehaves on request. A broker tells its clients where to go: to keep them on the proxy, start it
 * with `advertised.listeners` of the proxy's address.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { host, port: targetPort } = parseAddress(options.to);
  const pairs = new Set<Pair>();
  let fault: Fault = { kind: "none" };
  const server = createServer({ allowHalfOpen: true }, (client: Socket) => {
    client.on("error", () => undefined);
    if (fault.kind === "reset") client.resetAndDestroy();
    else if (fault.kind === "accept-then-close") client.destroy();
    else {
      const pair = new Pair(client, connect({ host, port: targetPort, allowHalfOpen: true }), fault);
      pairs.add(pair);
      pair.onClose(() => pairs.delete(pair));
    }
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = parseAddress(`127.0.0.1:${portOf(server.address())}`);
  const set = (next: Fault): void => {
    fault = next;
    for (const pair of pairs) pair.apply(next);
  };
  return {
    address: `127.0.0.1:${port}`,
    port,
    get connections() {
      return pairs.size;
    },
    set,
    heal: () => set({ kind: "none" }),
    close: async () => {
      for (const pair of pairs) pair.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

function parseAddress(address: string): { host: string; port: number } {
  const [host = "", port = ""] = address.split(":");
  if (host === "" || !/^\d+$/.test(port)) throw new Error(`${address} is not host:port`);
  return { host, port: Number(port) };
}

function portOf(address: ReturnType<ReturnType<typeof createServer>["address"]>): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
