import { describe, expect, test } from "@jest/globals";
import { Counter, Gauge, Registry } from "@prometheus-io/client";
import { openMetricsOf } from "./open-metrics.js";
import { createTopicHistogram } from "./topic-histogram.js";

const clock = { nowMs: () => 1_700_000_000_123 };
const traceOf = (digit: string) => ({ traceId: digit.repeat(32), spanId: digit.repeat(16) });

function histogram() {
  return createTopicHistogram({ name: "age_seconds", help: "Age", bounds: [0.1, 1], clock });
}

describe("a histogram of a topic", () => {
  test("counts as Prometheus does: each bucket has what is below its bound", () => {
    const ages = histogram();
    const observe = ages.series("t");
    for (const seconds of [0.05, 0.1, 0.5, 7]) observe(seconds, null);
    ages.series("silent");
    expect(ages.text(false)).toBe(`# HELP age_seconds Age
# TYPE age_seconds histogram
age_seconds_bucket{topic="t",le="0.1"} 2
age_seconds_bucket{topic="t",le="1"} 3
age_seconds_bucket{topic="t",le="+Inf"} 4
age_seconds_sum{topic="t"} 7.65
age_seconds_count{topic="t"} 4
age_seconds_bucket{topic="silent",le="0.1"} 0
age_seconds_bucket{topic="silent",le="1"} 0
age_seconds_bucket{topic="silent",le="+Inf"} 0
age_seconds_sum{topic="silent"} 0
age_seconds_count{topic="silent"} 0
`);
  });

  test("remembers the last traced value of each bucket, and shows it to those who know exemplars", () => {
    const ages = histogram();
    const observe = ages.series("t");
    observe(0.2, traceOf("a"));
    observe(0.3, traceOf("b"));
    observe(0.4, null);
    observe(7, traceOf("c"));
    const b = `# {trace_id="${"b".repeat(32)}",span_id="${"b".repeat(16)}"} 0.3 1700000000.123`;
    const open = ages.text(true).split("\n");
    expect(open).toContain('age_seconds_bucket{topic="t",le="0.1"} 0');
    expect(open).toContain(`age_seconds_bucket{topic="t",le="1"} 3 ${b}`);
    expect(open.filter((line) => line.includes("trace_id"))).toHaveLength(2);
    expect(ages.text(false)).not.toContain("trace_id");
  });
});

describe("the same as OpenMetrics", () => {
  test("has counters without their ending, no empty line, and an end; samples stay as they are", async () => {
    const registry = new Registry();
    const registers = [registry];
    new Counter({ name: "a_total", help: 'All "a"', labelNames: ["x"], registers }).inc({ x: "1" }, 2);
    new Gauge({ name: "open_total", help: "A gauge", registers }).set(3);
    new Counter({ name: "odd", help: "Odd", registers }).inc();
    const classic = `${await registry.metrics()}${histogram().text(true)}`;
    expect(openMetricsOf(classic)).toBe(`# HELP a All \\"a\\"
# TYPE a counter
a_total{x="1"} 2
# HELP open_total A gauge
# TYPE open_total gauge
open_total 3
# HELP odd Odd
# TYPE odd unknown
odd 1
# HELP age_seconds Age
# TYPE age_seconds histogram
# EOF
`);
    expect(await registry.metrics()).toContain("# TYPE a_total counter");
  });
});
