import { afterEach, expect, test } from "@jest/globals";
import { type Stopwatch, startStopwatch } from "./stopwatch.js";
import { until } from "./until.js";

let watch: Stopwatch | undefined;
afterEach(() => watch?.stop());

test("time passes on it while this process runs", async () => {
  watch = startStopwatch();
  const { ms } = watch;
  await until(() => (watch?.ms ?? 0) >= ms + 200, { what: "a fifth of a second on the stopwatch" });
});

test("a stretch in which this process stands still counts as two looks", () => {
  watch = startStopwatch();
  const before = watch.ms;
  for (const endMs = performance.now() + 300; performance.now() < endMs; );
  expect(watch.ms - before).toBeLessThanOrEqual(40);
});
