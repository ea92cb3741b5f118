export type { DeadLetterContext } from "./dead-letter.js";
export { deadLetter, fingerprint } from "./dead-letter.js";
export type { Loop, LoopEvents, LoopSettings, SettledSlice, WaitingPartition } from "./loop.js";
export { createLoop } from "./loop.js";
export type { Mapped } from "./map.js";
export type { PipelinePoint, PipelinePorts, SliceReport } from "./pipeline.js";
export { runSlice } from "./pipeline.js";
