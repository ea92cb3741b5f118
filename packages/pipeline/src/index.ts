export type { DeadLetterContext } from "./dead-letter.js";
export { deadLetter } from "./dead-letter.js";
export type { Loop, LoopEvents, LoopOptions, LoopSettings, SettledSlice, WaitingPartition } from "./loop.js";
export { createLoop } from "./loop.js";
export type { Mapped } from "./map.js";
export type { PipelinePoint, PipelinePorts, SliceReport } from "./pipeline.js";
