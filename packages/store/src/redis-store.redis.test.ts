import { redisStoreUnderTest, storeConformance, testRedisUrl } from "@freshet/testkit";

storeConformance("Redis", () => redisStoreUnderTest(testRedisUrl()));
