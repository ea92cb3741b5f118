import { notYet } from "./not-yet.js";
import type { EntryPort } from "./port.js";

export function memoryEntries(): EntryPort {
  const missing = () => Promise.reject(notYet("entries"));
  return { read: missing, lease: missing, fill: missing, promote: missing, drop: missing, setIfNewer: missing };
}
