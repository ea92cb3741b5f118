export type { DeadLetterContext } from "./dead-letter.js";
export { deadLetter, deadLetterHeaderNames } from "./dead-letter.js";
export { decode } from "./decode.js";
export type { Loop, LoopEvents, LoopOptions, LoopSettings, SettledSlice, WaitingPartition } from "./loop.js";
export { createLoop } from "./loop.js";
export { type Mapped, map } from "./map.js";
export type { PipelinePoint, PipelinePorts } from "./pipeline.js";
export { runSlice } from "./pipeline.js";
export type { SliceReport } from "./slice-report.js";
export type { SliceStep, SliceTrace, SliceTracer, TraceContext } from "./slice-trace.js";
export type { SweepScheduler } from "./sweep-pace.js";
export type { IndexSizes } from "./sweep-trim.js";
export type { SweepEnd } from "./sweep-walk.js";
export {
  createSweeper,
  type SweepEvents,
  type Sweeper,
  type SweeperOptions,
  type SweepSettings,
  type SweepStatus,
  type SweepTrouble,
} from "./tag-sweep.js";
export { hasFrames, unframeSome } from "./unframe.js";
