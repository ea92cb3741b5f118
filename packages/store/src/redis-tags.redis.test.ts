import { redisTagStoreUnderTest, tagConformance, testRedisUrl } from "@freshet/testkit";

tagConformance("Redis", () => redisTagStoreUnderTest(testRedisUrl()));
