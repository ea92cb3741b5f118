import {
  clusterStoreUnderTest,
  type OwnRedisCluster,
  readOnlyConformance,
  redisTagStoreUnderTest,
  startRedisCluster,
  testRedisUrl,
  withReadOnly,
} from "@freshet/testkit";
import { afterAll, beforeAll } from "@jest/globals";
import { createMemoryStore } from "./memory-store.js";
import { readOnly } from "./read-only.js";

let cluster: OwnRedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
}, 180_000);
afterAll(() => cluster.close());

readOnlyConformance("Redis", () => withReadOnly((open) => redisTagStoreUnderTest(testRedisUrl(), open)));
readOnlyConformance("Redis Cluster", () => withReadOnly((open) => clusterStoreUnderTest(cluster.url, open)));
readOnlyConformance("in memory", () => {
  let lastUs = 0;
  const store = createMemoryStore({ nowUs: () => (lastUs = Math.max(lastUs + 1, Date.now() * 1000)) });
  return { store, readOnly: readOnly(store), seed: store.seed, close: () => store.close() };
});
