import { Redis } from "ioredis";
import { until } from "../until.js";
import { onFreePort } from "./free-port.js";
import { type OwnRedis, startRedis } from "./redis.js";

/** A Redis Cluster of one's own, on loopback ports. */
export interface OwnRedisCluster {
  /** Of its first master: where a client finds the others. */
  readonly url: string;
  readonly masters: readonly OwnRedis[];
  /** One of each master, in the same order; empty without replicas. */
  readonly replicas: readonly OwnRedis[];
  /** A client of one of its servers, for commands that are for that server alone. Closed with the cluster. */
  clientOf(server: OwnRedis): Redis;
  /** The id of a server within the cluster. */
  idOf(server: OwnRedis): Promise<string>;
  /** Ends all of them and removes their data. Safe to call twice. */
  close(): Promise<void>;
}

export interface RedisClusterOptions {
  /** Default: 3. */
  readonly masters?: number;
  /** Whether each master has one. */
  readonly replicas?: boolean;
  /** After how long a silent server counts as gone. Default: 15 s, so that a busy machine is no failure. */
  readonly nodeTimeoutMs?: number;
  /** Further arguments of each `redis-server`. */
  readonly args?: readonly string[];
  /** Of the masters, in their order: where they listen, and where they send clients (e.g. to a proxy in front). */
  readonly ports?: readonly { readonly own: number; readonly told: number }[];
}

const SLOTS = 16_384;
const FORM_TIMEOUT_MS = 30_000;

/** Starts servers, lets them meet, and gives the slots to the masters in equal parts. Returns when all of them see all slots. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<OwnRedisCluster> {
  const count = options.masters ?? 3;
  const servers: OwnRedis[] = [];
  const clients = new Map<OwnRedis, Redis>();
  const close = async (): Promise<void> => {
    for (const client of clients.values()) client.disconnect();
    await Promise.all(servers.map((server) => server.close()));
  };
  const clientOf = (server: OwnRedis): Redis => {
    const client = clients.get(server) ?? new Redis(server.url, { maxRetriesPerRequest: 1 });
    if (!clients.has(server)) client.on("error", () => undefined);
    clients.set(server, client);
    return client;
  };
  try {
    const total = options.replicas === true ? 2 * count : count;
    for (let i = 0; i < total; i++) servers.push(await startNode(options, i));
    const [masters, replicas] = [servers.slice(0, count), servers.slice(count)];
    const idOf = async (server: OwnRedis): Promise<string> => String(await clientOf(server).cluster("MYID"));
    const cluster: OwnRedisCluster = { url: masters[0]?.url ?? "", masters, replicas, clientOf, idOf, close };
    await form(cluster);
    return cluster;
  } catch (error) {
    await close();
    throw error;
  }
}

async function startNode({ args = [], nodeTimeoutMs = 15_000, ports = [] }: RedisClusterOptions, index: number): Promise<OwnRedis> {
  const own = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"];
  const given = ports[index];
  const told = given === undefined ? [] : ["--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", String(given.told)];
  const all = [...own, ...told, "--cluster-node-timeout", String(nodeTimeoutMs), ...args];
  // The default bus port, 10,000 higher, may be taken.
  return await onFreePort((busPort) => {
    const withBus = [...all, "--cluster-port", String(busPort)];
    return startRedis(given === undefined ? { args: withBus } : { port: given.own, args: withBus });
  });
}

async function form({ masters, replicas, clientOf, idOf }: OwnRedisCluster): Promise<void> {
  const servers = [...masters, ...replicas];
  const bounds = [...masters, null].map((_, i) => Math.floor((i * SLOTS) / masters.length));
  for (const [i, master] of masters.entries()) {
    await clientOf(master).cluster("SET-CONFIG-EPOCH", i + 1);
    await clientOf(master).cluster("ADDSLOTSRANGE", bounds[i] ?? 0, (bounds[i + 1] ?? SLOTS) - 1);
  }
  const [first, ...others] = servers;
  if (first === undefined) return;
  const busPort = async (server: OwnRedis): Promise<number> =>
    Number(((await clientOf(server).config("GET", "cluster-port")) as string[])[1]);
  for (const other of others) await clientOf(first).cluster("MEET", "127.0.0.1", other.port, await busPort(other));
  await allSee(servers, clientOf, (info) => info.includes(`cluster_known_nodes:${servers.length}`));
  for (const [i, replica] of replicas.entries()) {
    const master = masters[i];
    if (master !== undefined) await clientOf(replica).cluster("REPLICATE", await idOf(master));
  }
  await allSee(servers, clientOf, (info) => info.includes("cluster_state:ok") && info.includes(`cluster_slots_ok:${SLOTS}`));
  for (const master of replicas.length === 0 ? [] : masters) {
    const isLinked = async (): Promise<boolean> => /connected_slaves:1[\s\S]*state=online/.test(await clientOf(master).info("replication"));
    await until(isLinked, { timeoutMs: FORM_TIMEOUT_MS, what: "a master has its replica" });
  }
}

async function allSee(
  servers: readonly OwnRedis[],
  clientOf: OwnRedisCluster["clientOf"],
  isSeen: (info: string) => boolean,
): Promise<void> {
  for (const server of servers) {
    const sees = async (): Promise<boolean> => isSeen(String(await clientOf(server).cluster("INFO")));
    await until(sees, { timeoutMs: FORM_TIMEOUT_MS, what: `the server on port ${server.port} sees the whole cluster` });
  }
}
