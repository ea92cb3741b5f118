import type { Logger } from "pino";
import type { Metrics } from "./metrics.js";

/** Where what happens to the service is counted and told. */
export interface EventsContext {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: { nowMs(): number };
  readonly mode: "apply" | "observe";
}
