import type { TraceContext } from "@freshet/pipeline";

/**
 * A histogram that is filled a slice at a time. The client library's own costs more for one value than this does for
 * fifty, and there is one value a record. Each bucket remembers the last value that was traced: an exemplar, for readers of OpenMetrics.
 */
export interface TopicHistogram {
  /** The series of a topic. Take it once for many values. */
  series(topic: string): Observe;
  /** Prometheus' text format; with exemplars only where `isOpen` says that the reader knows them. */
  text(isOpen: boolean): string;
}

/** Counts one value, in seconds, and where it can be looked at. */
export type Observe = (seconds: number, trace: TraceContext | null) => void;

export interface HistogramWords {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, rising. */
  readonly bounds: readonly number[];
  readonly clock: { nowMs(): number };
}

interface Series {
  /** One a bound, and one for what is above the last. */
  readonly counts: number[];
  readonly exemplars: (Exemplar | undefined)[];
  sum: number;
}

interface Exemplar {
  readonly trace: TraceContext;
  readonly seconds: number;
  readonly atMs: number;
}

export function createTopicHistogram({ name, help, bounds, clock }: HistogramWords): TopicHistogram {
  const all = new Map<string, Series>();
  return {
    series(topic) {
      const known = all.get(topic);
      const one = known ?? { counts: new Array<number>(bounds.length + 1).fill(0), exemplars: [], sum: 0 };
      if (known === undefined) all.set(topic, one);
      let at = 0;
      let lower = Number.NEGATIVE_INFINITY;
      let upper = bounds[0] ?? Number.POSITIVE_INFINITY;
      return (seconds, trace) => {
        // Most values fall where the last one did
        if (seconds > upper || seconds <= lower) {
          at = 0;
          while (at < bounds.length && seconds > (bounds[at] ?? 0)) at++;
          lower = bounds[at - 1] ?? Number.NEGATIVE_INFINITY;
          upper = bounds[at] ?? Number.POSITIVE_INFINITY;
        }
        one.counts[at] = (one.counts[at] ?? 0) + 1;
        one.sum += seconds;
        if (trace !== null) one.exemplars[at] = { trace, seconds, atMs: clock.nowMs() };
      };
    },
    text(isOpen) {
      // Topics have neither quotes nor backslashes, so nothing is escaped.
      const lines = [...all].flatMap(([topic, { counts, exemplars, sum }]) => {
        const labels = `topic="${topic}"`;
        let total = 0;
        const buckets = [...bounds, "+Inf"].map((bound, at) => {
          total += counts[at] ?? 0;
          return `${name}_bucket{${labels},le="${bound}"} ${total}${isOpen ? exemplarText(exemplars[at]) : ""}`;
        });
        return [...buckets, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${total}`];
      });
      return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines, ""].join("\n");
    },
  };
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return "";
  const { trace, seconds, atMs } = exemplar;
  return ` # {trace_id="${trace.traceId}",span_id="${trace.spanId}"} ${seconds} ${atMs / 1000}`;
}
