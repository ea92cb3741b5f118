import { createRedisStore, seedRedis } from "@freshet/store";
import { Cluster } from "ioredis";
import { freshPrefix } from "./fresh.js";
import { type OpenStore, patientTimeouts } from "./store-bench.js";
import type { TagStoreUnderTest } from "./tag-bench.js";

/** The store over a Redis Cluster, with a client of its own for seeds and for what a store cannot do. */
export function clusterStoreUnderTest(url: string, open: OpenStore = createRedisStore): TagStoreUnderTest {
  const { hostname, port } = new URL(url);
  const client = new Cluster([{ host: hostname, port: Number(port) }], { lazyConnect: true });
  const prefix = `${freshPrefix("store")}:`;
  const store = open({ url, mode: "cluster", prefix, timeouts: patientTimeouts });
  return {
    store,
    seed: seedRedis(client),
    loseEpoch: async (tag) => {
      await client.unlink(`${prefix}e:{${tag}}`);
    },
    close: async () => {
      client.disconnect();
      await store.close();
    },
  };
}
