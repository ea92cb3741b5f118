// What `NODE_OPTIONS=--import` registers before the service starts: an SDK that prints each span as a line of JSON. For tests only.
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, type ReadableSpan, SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";

const SUCCESS = 0;

const printer: SpanExporter = {
  export(spans, done) {
    for (const span of spans) process.stdout.write(`${JSON.stringify({ span: told(span) })}\n`);
    done({ code: SUCCESS });
  },
  shutdown: async () => undefined,
};

function told(span: ReadableSpan): object {
  const { name, kind, attributes, links, status, parentSpanContext } = span;
  const { traceId, spanId } = span.spanContext();
  return { name, kind, attributes, status, traceId, spanId, parentId: parentSpanContext?.spanId ?? null, links };
}

trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(printer)] }));
