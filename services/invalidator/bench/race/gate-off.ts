// The mutant of the whole protocol: entries are written the plain way. The version check when they are removed stays, tags and
// epochs too; there is no lease, and no floor is looked at.
import { encodeDeps, encodeEpochs, encodeTags, managedFields } from "@freshet/protocol";
import type { FillRequest, StorePort } from "@freshet/store";
import type { Redis } from "ioredis";

/** The store, with a fill that stores whatever it is given. */
export function withoutGate(store: StorePort, redis: Redis): StorePort {
  return {
    ...store,
    lease: async () => {
      const atUs = Date.now() * 1000;
      return { outcome: "leased", stored: null, min: new Map(), leaseStartUs: atUs, atUs };
    },
    fill: async (request) => {
      const atUs = Date.now() * 1000;
      await write(redis, request, atUs);
      return { outcome: "filled", leaseStartUs: atUs, atUs };
    },
    promote: async () => "promoted",
    indexAdd: async (request) => {
      const { score } = await store.indexAdd(request);
      return { score, floors: [], blindFloor: null };
    },
  };
}

async function write(redis: Redis, { key, value, encoding, deps, tags, epochs, keepMs }: FillRequest, atUs: number): Promise<void> {
  const generations = new Map([...epochs].map(([tag, { generation }]) => [tag, generation]));
  const head = { loadStartUs: atUs, freshUntilUs: null, keepUntilUs: atUs + keepMs * 1000, encoding };
  const fields = { [managedFields.value]: value, [managedFields.deps]: encodeDeps(deps, head) };
  const marks = { [managedFields.epochs]: encodeEpochs(generations), [managedFields.tags]: encodeTags(tags) };
  await redis
    .multi()
    .unlink(key)
    .hset(key, { ...fields, ...marks })
    .pexpire(key, keepMs)
    .exec();
}
