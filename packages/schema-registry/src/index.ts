export { createFrames } from "./frames.js";
