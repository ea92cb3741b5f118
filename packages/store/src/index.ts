export { type BoundsGuard, type BoundsGuardOptions, createBoundsGuard } from "./bounds-guard.js";
export { type ConnectionFault, connectionFaultOf } from "./connection-fault.js";
export { createMemoryStore, type MemoryStore } from "./memory-store.js";
export type {
  BoundsPort,
  BustPort,
  ClaimReply,
  EntryPort,
  EntryView,
  EpochTag,
  FillReply,
  FillRequest,
  IndexAddRequest,
  LeaseReply,
  LeaseRequest,
  ProbeFinding,
  PublishedBounds,
  ReadReply,
  RegisteredSweep,
  ServerView,
  SetReply,
  SetRequest,
  StoredValue,
  StorePort,
  SweepPort,
  TagPort,
  TagView,
  TimeBounds,
} from "./port.js";
export { readOnly } from "./port.js";
export {
  type LoadBounds,
  type Loaded,
  type LoadRequest,
  type NotStored,
  type ReadThroughRequest,
  type ReadThroughResult,
  readThrough,
} from "./read-through.js";
export type { RedisConnectionConfig, RedisTimeouts, StoreLogger } from "./redis-connection.js";
export { createRedisStore, type RedisStoreConfig } from "./redis-store.js";
export type { StoreRole } from "./roles.js";
export { type ManagedSeed, type SeedTtl, type StoreSeed, seedRedis } from "./seed.js";
