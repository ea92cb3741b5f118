import { FreshetError } from "@freshet/protocol";
import type { BustRun } from "./bust-calls.js";
import { clusterLink } from "./cluster-link.js";
import { inspectEntry } from "./inspect.js";
import type { StorePort } from "./port.js";
import { probeRedis } from "./probe.js";
import { readOnly } from "./read-only.js";
import { redisBounds } from "./redis-bounds.js";
import { runBusts } from "./redis-busts.js";
import type { RedisConnectionConfig } from "./redis-connection.js";
import { redisEntries } from "./redis-entries.js";
import { type RedisLink, singleLink } from "./redis-link.js";
import { redisTags } from "./redis-tags.js";
import { checkKey } from "./request-checks.js";
import type { StoreRole } from "./roles.js";
import { describeServer } from "./server-info.js";

export type RedisMode = "standalone" | "cluster" | "sentinel";

export interface RedisStoreConfig extends RedisConnectionConfig {
  /** Before each of Freshet's own keys, `fr:` by default; entries have their families' keys. */
  readonly prefix: string;
  /** What the URL leads to: one server, `standalone` by default, any server of a cluster, or a sentinel (then with `sentinelName`). */
  readonly mode?: RedisMode;
  /** Accept a `maxmemory-policy` other than `noeviction`: evicted floors and leases let a lagging load come back. */
  readonly allowEviction?: boolean;
  /** Eviction lets nothing old back: every load reads from the primary (lag 0 in each family), and no swept tag is declared. */
  readonly evictionIsHarmless?: boolean;
  /** Whose rights the probe asks for; those of all by default. */
  readonly role?: StoreRole;
  /** Nothing is ever written, as `readOnly` decides, and the probe asks for no right to write. */
  readonly readOnly?: boolean;
}

/**
 * The store over one Redis. Connects on first use; every call settles within its deadline whatever the network does.
 *
 * @throws FreshetError FR1002 for a URL that cannot be one of Redis, a prefix with braces, or a mode that does not fit what else is given.
 */
export function createRedisStore(config: RedisStoreConfig): StorePort {
  if (!/^rediss?:\/\//.test(config.url)) {
    throw new FreshetError("FR1002", "usage", "The Redis URL must begin with redis:// or rediss://.", "Correct FRESHET_REDIS_URL.");
  }
  const { prefix, mode = "standalone", role = null } = config;
  if (/[{}]/.test(prefix)) {
    const problem = "The prefix of Freshet's own keys has braces: those of one tag, or a gate and its entry, would lie in different slots.";
    throw new FreshetError("FR1002", "usage", problem, "Leave braces out of FRESHET_REDIS_PREFIX.");
  }
  if ((mode === "sentinel") !== (config.sentinelName !== undefined)) {
    const fix = "Set FRESHET_REDIS_MODE=sentinel and FRESHET_REDIS_SENTINEL_NAME, or neither.";
    throw new FreshetError("FR1002", "usage", "The mode sentinel and the name of a master belong together.", fix);
  }
  const link: RedisLink = mode === "cluster" ? clusterLink(config) : singleLink(config);
  const run: BustRun = config.readOnly === true ? "preview" : "apply";
  const eviction = { isHarmless: config.evictionIsHarmless === true, isAllowed: config.allowEviction === true };
  const store: StorePort = {
    bust: (busts) => runBusts(link, busts, { run: "apply", prefix }),
    preview: (busts) => runBusts(link, busts, { run: "preview", prefix }),
    ...redisEntries(link, prefix),
    ...redisTags(link, { prefix }),
    ...redisBounds(link, prefix),
    inspect: async (key, entry, versionKey) =>
      await link.readAt(checkKey(key), (client) => inspectEntry(client, { key, entry, versionKey, prefix })),
    probe: async () => (await link.eachMaster((master) => probeRedis(master, { prefix, mode, role, eviction, run }))).flat(),
    servers: () => link.eachMaster(describeServer),
    close: async () => link.close(),
  };
  return run === "preview" ? readOnly(store) : store;
}
