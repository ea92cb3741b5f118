import { FreshetError } from "@freshet/protocol";
import type { LogReading } from "./port.js";

/** Stands where an implementation is being written. */
export function notYetReading(): LogReading {
  const refuse = (): Promise<never> => Promise.reject(new FreshetError("FR9001", "halt", "not built yet", "Wait for a later release."));
  return { read: refuse, offsets: refuse, offsetsAt: refuse, committed: refuse, describeGroup: refuse, deleteGroup: refuse };
}
