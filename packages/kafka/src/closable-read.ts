import type { LogReading } from "./port.js";
import { settlesWithin } from "./within.js";

/** How long handlers may take to end. */
const HANDLERS_END_MS = 5000;

/** A `read` whose readings all end, as if each were told to stop, before the client closes. */
export function closableRead(read: LogReading["read"]): { readonly read: LogReading["read"]; readonly end: () => Promise<void> } {
  const closing = new AbortController();
  const readings = new Set<Promise<void>>();
  return {
    read(options) {
      const reading = read({ ...options, stop: AbortSignal.any([options.stop, closing.signal]) });
      readings.add(reading);
      return reading.finally(() => readings.delete(reading));
    },
    async end() {
      closing.abort();
      await settlesWithin(HANDLERS_END_MS, Promise.allSettled(readings));
    },
  };
}
