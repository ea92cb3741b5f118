import { FreshetError } from "@freshet/protocol";
import type { BustRun } from "./bust-calls.js";
import { inspectEntry } from "./inspect.js";
import type { StorePort } from "./port.js";
import { probeRedis } from "./probe.js";
import { redisBounds } from "./redis-bounds.js";
import { runBusts } from "./redis-busts.js";
import type { RedisConnectionConfig } from "./redis-connection.js";
import { redisEntries } from "./redis-entries.js";
import { singleLink } from "./redis-link.js";
import { redisTags } from "./redis-tags.js";

export interface RedisStoreConfig extends RedisConnectionConfig {
  /** Before each of Freshet's own keys, `fr:` by default; entries have their families' keys. */
  readonly prefix: string;
  /** Accept a `maxmemory-policy` other than `noeviction`: evicted floors and leases let a lagging load come back. */
  readonly allowEviction?: boolean;
  /** Nothing is ever written: `bust` answers what it would have done, and the probe asks for no right to write. */
  readonly readOnly?: boolean;
}

/**
 * The store over one Redis. Connects on first use; every call settles within its deadline whatever the network does.
 *
 * @throws FreshetError FR1002 for a URL that cannot be one of Redis.
 */
export function createRedisStore(config: RedisStoreConfig): StorePort {
  if (!/^rediss?:\/\//.test(config.url)) {
    throw new FreshetError("FR1002", "usage", "The Redis URL must begin with redis:// or rediss://.", "Correct FRESHET_REDIS_URL.");
  }
  const link = singleLink(config);
  const { prefix, allowEviction = false } = config;
  const run: BustRun = config.readOnly === true ? "preview" : "apply";
  return {
    bust: (busts) => runBusts(link, busts, { run }),
    preview: (busts) => runBusts(link, busts, { run: "preview" }),
    ...redisEntries(link, prefix),
    ...redisTags(link, { prefix, run }),
    ...redisBounds(link, prefix),
    inspect: async (key, entry) => {
      const [view] = await link.eachMaster((client) => inspectEntry(client, key, entry));
      if (view === undefined) throw new FreshetError("FR2001", "wait", "There is no Redis.", "Check FRESHET_REDIS_URL.");
      return view;
    },
    probe: async () => (await link.eachMaster((client) => probeRedis(client, { probeKey: `${prefix}probe`, allowEviction, run }))).flat(),
    close: async () => link.close(),
  };
}
