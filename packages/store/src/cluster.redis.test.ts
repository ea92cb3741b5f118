import {
  clusterStoreUnderTest,
  entryConformance,
  type OwnRedisCluster,
  startRedisCluster,
  storeConformance,
  tagConformance,
} from "@freshet/testkit";
import { afterAll, beforeAll } from "@jest/globals";

let cluster: OwnRedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
}, 180_000);
afterAll(() => cluster.close());

for (const suite of [storeConformance, entryConformance, tagConformance]) suite("Redis Cluster", () => clusterStoreUnderTest(cluster.url));
