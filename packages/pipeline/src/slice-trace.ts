import type { FreshetError, KafkaRecord } from "@freshet/protocol";
import type { SliceReport } from "./slice-report.js";

/** The parts of a slice's work that take time of their own: bytes to a plan, the store, dead letters. */
export type SliceStep = "match" | "apply" | "settle";

/** Where a slice is seen in a tracing system, by ids in hex digits. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
}

/** Follows one slice, or one part of a slice with very many busts. Must not throw, but for what the work of a step throws. */
export interface SliceTrace {
  /** Does this work as a step of the slice. */
  step<T>(step: SliceStep, work: () => Promise<T>): Promise<T>;
  ended(report: SliceReport): void;
  failed(error: FreshetError): void;
  /** `null` where this slice is not recorded. */
  readonly context: TraceContext | null;
}

/** Follows slices, for whoever wants to see where time goes. */
export interface SliceTracer {
  /** Work on these records of one partition begins; there is at least one. */
  begin(records: readonly KafkaRecord[]): SliceTrace;
}
