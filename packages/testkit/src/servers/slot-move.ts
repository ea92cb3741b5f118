import type { OwnRedis } from "./redis.js";
import type { OwnRedisCluster } from "./redis-cluster.js";

/** A slot on its way from one master to another. Keys that are not there yet are made at the new owner. */
export interface SlotMove {
  /** Moves these keys, which may also have gone meanwhile. */
  moveKeys(keys: readonly string[]): Promise<void>;
  /** Moves what is left, key by key, and gives the slot to its new owner. */
  finish(): Promise<void>;
}

export interface SlotMoveOptions {
  readonly slot: number;
  readonly from: OwnRedis;
  readonly to: OwnRedis;
}

const KEYS_AT_ONCE = 5;
const MIGRATE_TIMEOUT_MS = 5_000;

/** Begins to move a slot, as `redis-cli --cluster reshard` does it. */
export async function startSlotMove(cluster: OwnRedisCluster, { slot, from, to }: SlotMoveOptions): Promise<SlotMove> {
  const [source, target] = [cluster.clientOf(from), cluster.clientOf(to)];
  const [sourceId, targetId] = [await cluster.idOf(from), await cluster.idOf(to)];
  await target.cluster("SETSLOT", slot, "IMPORTING", sourceId);
  await source.cluster("SETSLOT", slot, "MIGRATING", targetId);
  const moveKeys = async (keys: readonly string[]): Promise<void> => {
    await source.call("MIGRATE", "127.0.0.1", to.port, "", 0, MIGRATE_TIMEOUT_MS, "KEYS", ...keys);
  };
  return {
    moveKeys,
    finish: async () => {
      for (;;) {
        const keys = await source.cluster("GETKEYSINSLOT", slot, KEYS_AT_ONCE);
        if (keys.length === 0) break;
        for (const key of keys) await moveKeys([key]);
      }
      const others = cluster.masters.filter((server) => server !== from && server !== to).map((server) => cluster.clientOf(server));
      for (const client of [target, source, ...others]) await client.cluster("SETSLOT", slot, "NODE", targetId);
    },
  };
}
