import { AsyncLocalStorage } from "node:async_hooks";
import type { SliceReport } from "@freshet/pipeline";
import { FreshetError, type KafkaRecord, type KeyBust, parseVersion, type RecordOutcome } from "@freshet/protocol";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import * as api from "@opentelemetry/api";
import { AlwaysOffSampler, BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createSliceTracer } from "./slice-tracer.js";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanIdOf = (count: number) => String(count + 1).padStart(16, "0");
const record = (offset: number, traceparent?: string): KafkaRecord => ({
  topic: "products",
  partition: 3,
  offset,
  timestampMs: 1000,
  key: Buffer.from("person-4711"),
  value: Buffer.from("a payload"),
  headers: traceparent === undefined ? [] : [{ name: "traceparent", value: Buffer.from(traceparent) }],
});
const traced = (offset: number, span = offset): KafkaRecord => record(offset, `00-${traceId}-${spanIdOf(span)}-01`);
const bust: KeyBust = {
  target: "key",
  key: "page:person-4711",
  family: "page",
  entry: { kind: "json", versionField: "version", onUnversioned: "bust", gate: false, floorTtlMs: 1, staleTtlMs: 0 },
  subject: "p/person-4711",
  version: parseVersion("7"),
  spaceKind: "counter",
  mode: "hard",
  rule: "changed",
};

function report(records: readonly KafkaRecord[], outcome: RecordOutcome = "applied"): SliceReport {
  const mapped = records.map(() => ({ kind: "busts", busts: [bust] }) as const);
  const ended = records.map(() => outcome);
  return { records, mapped, ended, busts: [bust], outcomes: ["removed"], tagBusts: [], tagOutcomes: [] };
}

const exporter = new InMemorySpanExporter();
const storage = new AsyncLocalStorage<api.Context>();
const contexts: api.ContextManager = {
  active: () => storage.getStore() ?? api.ROOT_CONTEXT,
  with: (...[context, work, self, ...args]) => storage.run(context, () => work.apply(self, args)),
  bind: (_context, target) => target,
  enable: () => contexts,
  disable: () => contexts,
};
beforeEach(() => void api.context.setGlobalContextManager(contexts));
afterEach(() => {
  exporter.reset();
  api.context.disable();
});

function setUp({ isSampled = true, olderNames = false } = {}) {
  const sampler = isSampled ? {} : { sampler: new AlwaysOffSampler() };
  const spanLimits = { linkCountLimit: 1000 }; // an SDK has limits of its own, and they are not ours
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)], spanLimits, ...sampler });
  const inner = provider.getTracer("test");
  let started = 0;
  const tracer: api.Tracer = {
    startSpan: (...given) => {
      started++;
      return inner.startSpan(...given);
    },
    startActiveSpan: inner.startActiveSpan.bind(inner),
  };
  const options = { api, tracer, group: "freshet-t", mode: "apply", rulesHash: "abc", olderNames };
  const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  return { tracer: createSliceTracer(options), slices: () => named("process products"), named, started: () => started };
}

describe("a slice", () => {
  test("is one span of a consumer, by OpenTelemetry's names for messaging", () => {
    const { tracer, slices } = setUp();
    const records = [record(10), record(11), record(14)];
    tracer.begin(records).ended(report(records));
    expect(slices()).toHaveLength(1);
    const [span] = slices();
    expect(span?.kind).toBe(api.SpanKind.CONSUMER);
    expect(span?.parentSpanContext).toBeUndefined();
    expect(span?.status).toEqual({ code: api.SpanStatusCode.UNSET });
    expect(span?.attributes).toEqual({
      "messaging.system.name": "kafka",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": "products",
      "messaging.destination.partition.id": "3",
      "messaging.consumer.group.name": "freshet-t",
      "messaging.batch.message_count": 3,
      "freshet.offset.first": 10,
      "freshet.offset.last": 14,
      "freshet.mode": "apply",
      "freshet.rules_hash": "abc",
      "freshet.rules": ["changed"],
      "freshet.keys": 1,
      "freshet.tags": 0,
      "freshet.outcome.applied": 3,
    });
  });

  test("tells how much of it has ended, where its end is still to come", () => {
    const { tracer, slices } = setUp();
    tracer.begin([record(10), record(11)]).ended(report([record(10)]));
    expect(slices()[0]?.attributes).toMatchObject({ "messaging.batch.message_count": 1, "freshet.offset.last": 10 });
  });

  test("of several is linked to where they were written, once for each span and 128 times at most", () => {
    const { tracer, slices } = setUp();
    const records = [traced(5, 1), record(6), traced(7, 1), traced(8, 2), record(9, "no trace")];
    tracer.begin(records).ended(report(records));
    const [few] = slices();
    expect(few?.links.map(({ context, attributes }) => [context.traceId, context.spanId, attributes])).toEqual([
      [traceId, spanIdOf(1), { "kafka.offset": 5 }],
      [traceId, spanIdOf(2), { "kafka.offset": 8 }],
    ]);
    expect([few?.parentSpanContext, few?.spanContext().traceId === traceId]).toEqual([undefined, false]);
    const many = Array.from({ length: 300 }, (_, at) => traced(at));
    tracer.begin(many).ended(report(many));
    expect(slices()[1]?.links).toHaveLength(128);
  });

  test("of one is a part of its producer's trace", () => {
    const { tracer, slices } = setUp();
    tracer.begin([traced(5, 1)]).ended(report([traced(5, 1)]));
    const [span] = slices();
    expect([span?.spanContext().traceId, span?.parentSpanContext?.spanId]).toEqual([traceId, spanIdOf(1)]);
    expect(span?.links).toHaveLength(1);
    expect(span?.attributes).toMatchObject({ "kafka.offset": 5 });
  });

  test("that failed says with which error", () => {
    const { tracer, slices } = setUp();
    tracer.begin([record(5)]).failed(new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back"));
    expect(slices()[0]).toMatchObject({
      status: { code: api.SpanStatusCode.ERROR, message: "Redis is gone" },
      attributes: { "error.type": "FR2001" },
    });
  });

  test("can be found by its ids, but not where it is not recorded", () => {
    const { tracer, slices } = setUp();
    const trace = tracer.begin([record(5)]);
    trace.ended(report([record(5)]));
    const { traceId: ofTrace, spanId } = slices()[0]?.spanContext() ?? {};
    expect(trace.context).toEqual({ traceId: ofTrace, spanId });
    const unseen = setUp({ isSampled: false }).tracer.begin([traced(5, 1), traced(6, 2)]);
    unseen.ended(report([record(5)]));
    expect(unseen.context).toBeNull();
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });

  test("holds no payload, no key, no subject and no version, whatever names it is told by", () => {
    const { tracer } = setUp({ olderNames: true });
    tracer.begin([traced(5)]).ended(report([traced(5)]));
    const told = JSON.stringify(
      exporter.getFinishedSpans().map(({ name, attributes, links, status }) => [name, attributes, links, status]),
    );
    expect(told).not.toMatch(/4711|payload|page:/);
    expect(told).toContain("products");
  });

  test("carries older names beside the new ones where they are asked for", () => {
    const { tracer, slices } = setUp({ olderNames: true });
    tracer.begin([traced(5)]).ended(report([traced(5)]));
    const both = { "messaging.system": "kafka", "messaging.system.name": "kafka", "messaging.kafka.offset": 5, "kafka.offset": 5 };
    expect(slices()[0]?.attributes).toMatchObject(both);
    expect(slices()[0]?.links[0]?.attributes).toEqual({ "messaging.kafka.offset": 5, "kafka.offset": 5 });
  });
});

test("a slice that is not recorded costs one span, which what is traced by the way is told of", async () => {
  const { tracer, started } = setUp({ isSampled: false });
  const trace = tracer.begin([record(5)]);
  const active = await trace.step("apply", async () => api.trace.getSpan(api.context.active())?.spanContext());
  trace.ended(report([record(5)]));
  expect(started()).toBe(1);
  expect([active?.traceFlags, api.isValidTraceId(active?.traceId ?? "")]).toEqual([0, true]);
});

describe("a step", () => {
  test("is a span inside its slice, and what is traced by the way lies inside the step", async () => {
    const { tracer, slices, named } = setUp();
    const trace = tracer.begin([record(5)]);
    const active = await trace.step("apply", async () => {
      await Promise.resolve();
      return api.trace.getSpan(api.context.active())?.spanContext().spanId;
    });
    trace.ended(report([record(5)]));
    const [step] = named("freshet.apply");
    expect(step?.parentSpanContext?.spanId).toBe(slices()[0]?.spanContext().spanId);
    expect(step?.spanContext().spanId).toBe(active);
  });

  test("that fails says so, and the error goes on as it was", async () => {
    const { tracer, named } = setUp();
    const gone = new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
    const bug = new TypeError("a secret of the record");
    const trace = tracer.begin([record(5)]);
    await expect(trace.step("apply", () => Promise.reject(gone))).rejects.toBe(gone);
    await expect(trace.step("settle", () => Promise.reject(bug))).rejects.toBe(bug);
    expect(named("freshet.apply")[0]).toMatchObject({ status: { code: api.SpanStatusCode.ERROR }, attributes: { "error.type": "FR2001" } });
    expect(named("freshet.settle")[0]).toMatchObject({ attributes: { "error.type": "FR9001" } });
    expect(JSON.stringify(named("freshet.settle")[0]?.status)).not.toContain("secret");
  });
});
