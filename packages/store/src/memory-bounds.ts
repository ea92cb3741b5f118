import { notYet } from "./not-yet.js";
import type { BoundsPort } from "./port.js";

export function memoryBounds(): BoundsPort {
  const missing = () => Promise.reject(notYet("bounds"));
  return { publishBounds: missing, readBounds: missing };
}
