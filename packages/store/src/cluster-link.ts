import { setTimeout as pause } from "node:timers/promises";
import { FreshetError } from "@freshet/protocol";
import type { Redis } from "ioredis";
import { classify } from "./classify.js";
import { ClusterNodes, clusterDown } from "./cluster-nodes.js";
import { runInCluster } from "./cluster-run.js";
import { databaseOf } from "./database.js";
import { withDeadline } from "./deadline.js";
import { slotOf } from "./key-slot.js";
import { defaultTimeouts, type RedisConnectionConfig } from "./redis-connection.js";
import type { RedisLink } from "./redis-link.js";
import type { SlotMap } from "./slot-map.js";

/** Of the time of a whole call: the last of it is for the last attempt. */
const RETRY_SHARE = 0.8;
const READ_PAUSE_MS = 50;
/** Enough to meet every slot many times. */
const KEYS_TRIED_MAX = 1_000_000;

/**
 * The way to a Redis Cluster: one connection to each master, calls sent to the owner of their slot. `config.url` names
 * any one of its servers.
 *
 * @throws FreshetError FR1002 (`usage`) for a URL with a database other than 0: a cluster has no other.
 */
export function clusterLink(config: RedisConnectionConfig): RedisLink {
  checkDatabase(config);
  const nodes = new ClusterNodes(config);
  const deadlineMs = config.timeouts?.deadlineMs ?? defaultTimeouts.deadlineMs;
  const options = (signal: AbortSignal) => {
    return { nodes, signal, lastTryMs: performance.now() + deadlineMs * RETRY_SHARE, random: config.random ?? Math.random };
  };
  return {
    run: async (calls) => {
      if (calls.length === 0) return [];
      return await withDeadline(deadlineMs, (signal) => runInCluster(calls, options(signal)));
    },
    groupOf: (key) => String(slotOf(key)),
    readAt: (key, work) => withDeadline(deadlineMs, (signal) => readAt(key, work, options(signal))),
    eachMaster: (work) =>
      withDeadline(deadlineMs, async () => {
        const map = await nodes.freshMap();
        const uncovered = map.firstUncovered();
        if (uncovered !== null) throw classify(clusterDown(`no server has slot ${uncovered}`));
        return await Promise.all(
          map.masters.map((address) =>
            nodes.at(address).run((client) => work({ client, address, keyHere: (name) => keyAt(name, address, map) })),
          ),
        );
      }),
    close: () => nodes.close(),
  };
}

interface ReadOptions {
  readonly nodes: ClusterNodes;
  readonly signal: AbortSignal;
  readonly lastTryMs: number;
}

/** Work of several commands has no single redirection to follow: it begins again with a fresh map until the slot has settled. */
async function readAt<T>(key: string, work: (client: Redis) => Promise<T>, { nodes, signal, lastTryMs }: ReadOptions): Promise<T> {
  for (;;) {
    try {
      const owner = (await nodes.map()).ownerOf(slotOf(key));
      if (owner === undefined) throw classify(clusterDown("no server has the key's slot"));
      return await nodes.at(owner).run((client) => work(client));
    } catch (thrown) {
      const error = classify(thrown);
      if (error.disposition !== "wait" || nodes.isClosed || performance.now() > lastTryMs) throw error;
      nodes.renewMap();
      await pause(READ_PAUSE_MS, undefined, { signal });
    }
  }
}

/** The name with the first number for a hash tag that lies there. */
function keyAt(name: string, address: string, map: SlotMap): string {
  for (let tag = 0; tag < KEYS_TRIED_MAX; tag++) {
    const key = `${name}:{${tag}}`;
    if (map.ownerOf(slotOf(key)) === address) return key;
  }
  throw classify(clusterDown(`${address} has no slots any more`));
}

function checkDatabase({ url, options }: RedisConnectionConfig): void {
  if (databaseOf(url, options?.db) === 0 && (options?.db ?? 0) === 0) return;
  throw new FreshetError("FR1002", "usage", "A Redis Cluster has no databases but 0.", "Leave the database out of FRESHET_REDIS_URL.");
}
