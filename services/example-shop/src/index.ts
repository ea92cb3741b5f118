export { runDemo } from "./demo.js";
export { createMemoryPorts } from "./memory-ports.js";
export type { Telling } from "./telling.js";
export { tellingLines } from "./telling.js";
