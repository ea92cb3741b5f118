import type { SliceTracer } from "@freshet/pipeline";
import { FreshetError } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { Logger } from "pino";
import type { Config } from "./config.js";
import { errorCodeOf } from "./error-code.js";
import { createSliceTracer, type TraceApi } from "./slice-tracer.js";
import { TRACER } from "./trace-names.js";
import { versionOfService } from "./version.js";

/** Loaded by name: whoever wants no traces need not have it. */
const PACKAGE: string = "@opentelemetry/api";

export interface TraceOptions {
  readonly rules: Pick<CompiledRules, "hash">;
  readonly logger: Logger;
  /** How the package is loaded; tests load none. */
  readonly load?: (name: string) => Promise<TraceApi>;
}

/**
 * What follows slices; `undefined` where `FRESHET_TRACES` is not set, and then nothing is loaded. Where spans go is the affair of the
 * SDK that whoever runs the service has registered.
 *
 * @throws FreshetError FR1007 when the optional package is not installed.
 */
export async function connectTraces(config: Config, { rules, logger, load }: TraceOptions): Promise<SliceTracer | undefined> {
  if (!config.traces) return undefined;
  const api = await loadPackage(load ?? importByName);
  const tracer = api.trace.getTracer(TRACER, versionOfService());
  if (!api.isSpanContextValid(tracer.startSpan(TRACER).spanContext())) {
    const fix = "Register one before the service starts, with NODE_OPTIONS=--import; docs/reference/traces.md has an example.";
    logger.warn({ fix }, "FRESHET_TRACES is set, and no OpenTelemetry SDK is registered: no span goes anywhere");
  }
  const { mode, kafka, olderTraceNames: olderNames } = config;
  return createSliceTracer({ api, tracer, group: kafka.group, mode, rulesHash: rules.hash, olderNames });
}

async function importByName(name: string): Promise<TraceApi> {
  return await import(name);
}

async function loadPackage(load: (name: string) => Promise<TraceApi>): Promise<TraceApi> {
  try {
    return await load(PACKAGE);
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    const isMissing = errorCodeOf(error) === "ERR_MODULE_NOT_FOUND";
    const problem = `FRESHET_TRACES is set, and the package ${PACKAGE} ${isMissing ? "is not installed" : `cannot be loaded (${name})`}`;
    throw new FreshetError("FR1007", "usage", problem, `Install ${PACKAGE} 1.9 or newer and an SDK, or leave FRESHET_TRACES out.`, error);
  }
}
