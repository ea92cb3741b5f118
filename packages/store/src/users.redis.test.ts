import {
  clusterStoreUnderTest,
  entryConformance,
  type OpenStore,
  type OwnRedis,
  type OwnRedisCluster,
  redisTagStoreUnderTest,
  startRedis,
  startRedisCluster,
  storeConformance,
  tagConformance,
} from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { storeByRoles, writeUsers } from "../tests/users.js";

/** As the suites name what they make. */
const single = writeUsers({ prefix: "tags-*:", families: ["suite-*", "{suite-*"] });
const parted = writeUsers({ prefix: "store-*:", families: ["suite-*", "{suite-*"] });
let server: OwnRedis;
let cluster: OwnRedisCluster;

beforeAll(async () => {
  server = await startRedis({ args: ["--aclfile", single.path] });
  cluster = await startRedisCluster({ args: ["--aclfile", parted.path] });
}, 180_000);
afterAll(async () => {
  await Promise.all([server.close(), cluster.close()]);
  for (const { remove } of [single, parted]) remove();
});

const byService: OpenStore = (config) => storeByRoles(config, { busting: "invalidator", removing: "invalidator" });
const byHand: OpenStore = (config) => storeByRoles(config, { busting: "operator", removing: "reader" });

for (const suite of [storeConformance, entryConformance, tagConformance]) {
  suite("each step by the user it is for", () => redisTagStoreUnderTest(server.url, byService));
}
for (const suite of [storeConformance, tagConformance]) {
  suite("busts by an operator, members taken out by a reader", () => redisTagStoreUnderTest(server.url, byHand));
}
for (const suite of [storeConformance, entryConformance, tagConformance]) {
  suite("each step by the user it is for, in a cluster", () => clusterStoreUnderTest(cluster.url, byService));
}

test("the start-up probe finds nothing, for each of them", async () => {
  const tests = [redisTagStoreUnderTest(server.url, byService), clusterStoreUnderTest(cluster.url, byService)];
  for (const { store, close } of tests) {
    expect(await store.probe()).toEqual([]);
    await close();
  }
});
