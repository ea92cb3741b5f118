import { decodeBounds, encodeBounds } from "./bounds.js";
import type { BoundsPort } from "./port.js";

/** The time bounds of a store in memory. */
export function memoryBounds(): BoundsPort {
  let text: string | null = null;
  return {
    publishBounds: async (bounds) => {
      text = encodeBounds(bounds);
    },
    readBounds: async () => (text === null ? null : decodeBounds(text)),
  };
}
