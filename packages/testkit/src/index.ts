export type { MakeKafkaPort } from "./kafka-bench.js";
export { kafkaConformance } from "./kafka-conformance.js";
