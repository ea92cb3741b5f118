/**
 * A histogram that is filled a slice at a time. The client library's own costs more for one value than this does for
 * fifty, and there is one value a record.
 */
export interface AgeHistogram {
  /** The series of a label's value: counts one value, in seconds. Take it once for many. */
  series(label: string): (seconds: number) => void;
  /** Prometheus' text format. */
  text(): string;
}

export interface HistogramWords {
  readonly name: string;
  readonly help: string;
  /** The one label. Its values need no escaping: topics have neither quotes nor backslashes. */
  readonly label: string;
  /** Upper bounds, rising. */
  readonly bounds: readonly number[];
}

interface Series {
  /** One a bound, and one for what is above the last. */
  readonly counts: number[];
  sum: number;
}

export function createAgeHistogram({ name, help, label, bounds }: HistogramWords): AgeHistogram {
  const series = new Map<string, Series>();
  return {
    series(value) {
      const known = series.get(value);
      const one = known ?? { counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
      if (known === undefined) series.set(value, one);
      return (seconds) => {
        let at = 0;
        while (at < bounds.length && seconds > (bounds[at] ?? 0)) at++;
        one.counts[at] = (one.counts[at] ?? 0) + 1;
        one.sum += seconds;
      };
    },
    text() {
      const lines = [...series].flatMap(([value, { counts, sum }]) => {
        const labels = `${label}="${value}"`;
        let total = 0;
        const buckets = [...bounds, "+Inf"].map((bound, at) => {
          total += counts[at] ?? 0;
          return `${name}_bucket{${labels},le="${bound}"} ${total}`;
        });
        return [...buckets, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${total}`];
      });
      return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines, ""].join("\n");
    },
  };
}
