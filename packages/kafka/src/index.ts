export type { ConsumptionTiming } from "./consumption-state.js";
export { createKafkajsPort, type KafkajsPortOptions } from "./kafkajs-port.js";
export type { KafkaClientOptions, KafkaLogger } from "./kafkajs-settings.js";
export {
  judgeLag,
  type LagObservation,
  type LagState,
  lagStates,
  needsAttention,
  type ObservedPartition,
  observeLag,
  type PartitionLag,
} from "./lag.js";
export { createMemoryLog, type MemoryLog, type MemoryLogOptions } from "./memory-log.js";
export type {
  BatchControl,
  BatchEnd,
  ClusterView,
  CommittedOffset,
  ConsumeOptions,
  Consumption,
  GroupDescription,
  KafkaPort,
  KafkaRight,
  LogHole,
  LogReading,
  OffsetRange,
  PartitionOffsets,
  PeekedRecord,
  PeekOptions,
  ProduceRecord,
  ReadOptions,
  RecordBatch,
  RecordList,
  TopicDescription,
  TopicHealth,
  TopicPartition,
  TopicSpec,
} from "./port.js";
