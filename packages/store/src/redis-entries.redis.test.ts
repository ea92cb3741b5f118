import { entryConformance, redisStoreUnderTest, testRedisUrl } from "@freshet/testkit";

entryConformance("Redis", () => redisStoreUnderTest(testRedisUrl()));
