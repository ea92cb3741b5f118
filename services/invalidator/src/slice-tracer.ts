import type { SliceReport, SliceStep, SliceTrace, SliceTracer } from "@freshet/pipeline";
import { asFreshetError, type FreshetError, type KafkaRecord, recordOutcomes } from "@freshet/protocol";
import type * as Api from "@opentelemetry/api";
import { tally } from "./tally.js";
import { attributes, KAFKA, olderNames, outcomeAttribute, PROCESS, processSpan, stepSpan } from "./trace-names.js";
import { readTraceparent } from "./traceparent.js";

/** The module `@opentelemetry/api`, which knows the SDK that somebody has registered, if anybody has. */
export type TraceApi = typeof Api;

export interface SliceTracerOptions {
  readonly api: TraceApi;
  readonly tracer: Api.Tracer;
  readonly group: string;
  readonly mode: string;
  readonly rulesHash: string;
  /** Whether attributes carry their older names as well. */
  readonly olderNames: boolean;
}

/** A slice has 200 records and more are parts of a trace than anybody looks at. */
const LINKS_MAX = 128;
const RULES_MAX = 32;
const SAMPLED = 1;

/**
 * A span for each slice, with a link to the span in which a record was written for each trace its records belong to, and a span
 * for each step inside it. What a rule or a record holds is not told: topics, offsets, counts and names of rules are.
 */
export function createSliceTracer(options: SliceTracerOptions): SliceTracer {
  return { begin: (records) => beginSlice(records, options) };
}

function beginSlice(records: readonly KafkaRecord[], options: SliceTracerOptions): SliceTrace {
  const { api, tracer } = options;
  const topic = records[0]?.topic ?? "";
  const told = named(placeOf(records, options), options);
  // A slice of one is a part of its producer's trace; one of many would have to choose, and begins its own.
  const producer = records.length === 1 ? readTraceparent(records[0]?.headers ?? []) : null;
  const above = producer === null ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, producer);
  const span = tracer.startSpan(processSpan(topic), { kind: api.SpanKind.CONSUMER, attributes: told }, above);
  // Only where it is recorded: to read the headers of each record costs more than the span.
  if (span.isRecording()) span.addLinks(linksOf(records, options));
  const inside = api.trace.setSpan(api.ROOT_CONTEXT, span);
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    // What clients trace by themselves follows the slice's sampling, so it is told of the slice in either case.
    step: (step, work) => (span.isRecording() ? runStep(step, work, { options, inside }) : api.context.with(inside, work)),
    ended(report) {
      if (span.isRecording()) span.setAttributes(named(endOf(report), options));
      span.end();
    },
    failed(error) {
      fail(span, error, options);
      span.end();
    },
    context: (traceFlags & SAMPLED) === SAMPLED ? { traceId, spanId } : null,
  };
}

/** What is known at the start, for samplers. */
function placeOf(records: readonly KafkaRecord[], { group, mode, rulesHash }: SliceTracerOptions): Api.Attributes {
  const [first, last] = [records[0], records.at(-1)];
  return {
    [attributes.system]: KAFKA,
    [attributes.operationName]: PROCESS,
    [attributes.operationType]: PROCESS,
    [attributes.topic]: first?.topic ?? "",
    [attributes.partition]: String(first?.partition ?? ""),
    [attributes.group]: group,
    [attributes.records]: records.length,
    [attributes.firstOffset]: first?.undecodable?.firstOffset ?? first?.offset ?? -1,
    [attributes.lastOffset]: last?.undecodable?.lastOffset ?? last?.offset ?? -1,
    [attributes.mode]: mode,
    [attributes.rulesHash]: rulesHash,
    ...(records.length === 1 ? { [attributes.offset]: first?.offset ?? -1 } : {}),
  };
}

/** What came of it. Of many busts the first records of a slice may have ended alone. */
function endOf(report: SliceReport): Api.Attributes {
  const { ended, rules } = tally(report);
  const last = report.records.at(-1);
  const outcomes = recordOutcomes.filter((outcome) => ended[outcome] > 0);
  return {
    [attributes.records]: report.records.length,
    [attributes.lastOffset]: last?.undecodable?.lastOffset ?? last?.offset ?? -1,
    [attributes.rules]: [...rules.keys()].slice(0, RULES_MAX),
    [attributes.keys]: report.busts.length,
    [attributes.tags]: report.tagBusts.length,
    ...Object.fromEntries(outcomes.map((outcome) => [outcomeAttribute(outcome), ended[outcome]])),
  };
}

/** One for each span that records were written in, with the first of them. */
function linksOf(records: readonly KafkaRecord[], options: SliceTracerOptions): Api.Link[] {
  const links = new Map<string, Api.Link>();
  for (const { headers, offset } of records) {
    if (links.size >= LINKS_MAX) break;
    const context = readTraceparent(headers);
    if (context === null || links.has(context.spanId)) continue;
    links.set(context.spanId, { context, attributes: named({ [attributes.offset]: offset }, options) });
  }
  return [...links.values()];
}

interface StepPlace {
  readonly options: SliceTracerOptions;
  /** The slice's. */
  readonly inside: Api.Context;
}

/** What clients of Redis and Kafka trace by themselves during the work belongs to the step. */
async function runStep<T>(step: SliceStep, work: () => Promise<T>, { options, inside }: StepPlace): Promise<T> {
  const { api, tracer } = options;
  const span = tracer.startSpan(stepSpan(step), { kind: api.SpanKind.INTERNAL }, inside);
  try {
    return await api.context.with(api.trace.setSpan(inside, span), work);
  } catch (error) {
    fail(span, asFreshetError(error), options);
    throw error;
  } finally {
    span.end();
  }
}

/** Texts of errors hold nothing of a record; anything else that was thrown is told by its name. */
function fail(span: Api.Span, { code, message }: FreshetError, { api }: SliceTracerOptions): void {
  span.setAttributes({ [attributes.errorType]: code });
  span.setStatus({ code: api.SpanStatusCode.ERROR, message });
}

function named(told: Api.Attributes, options: SliceTracerOptions): Api.Attributes {
  if (!options.olderNames) return told;
  const older = Object.entries(told).flatMap(([name, value]) => (olderNames[name] === undefined ? [] : [[olderNames[name], value]]));
  return { ...told, ...Object.fromEntries(older) };
}
