export { testKafkaBroker, testRedisUrl } from "./config.js";
export { freshPrefix, freshTopic } from "./fresh.js";
export type { MakeKafkaPort } from "./kafka-bench.js";
export { kafkaConformance } from "./kafka-conformance.js";
export { type MakeStore, redisStoreUnderTest, type StoreUnderTest } from "./store-bench.js";
export { storeConformance } from "./store-conformance.js";
export { type UntilOptions, until } from "./until.js";
