import { Counter, Gauge, Histogram, type Registry } from "@prometheus-io/client";

/** What the canary is counted by. */
export interface CanaryMetrics {
  succeeded(seconds: number): void;
  failed(): void;
}

const DURATION_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

/** Only where the canary is on: an age that nobody brings down would be a false alarm. */
export function addCanaryMetrics(registers: Registry[], clock: { nowMs(): number }): CanaryMetrics {
  let lastMs = clock.nowMs();
  new Gauge({
    name: "freshet_canary_age_seconds",
    help: "Since the canary's entry was last busted as it must be; before that, since the process started",
    registers,
    collect() {
      this.set(Math.max(0, clock.nowMs() - lastMs) / 1000);
    },
  });
  const failures = new Counter({ name: "freshet_canary_failures_total", help: "Flights of the canary that failed", registers });
  const durations = new Histogram({
    name: "freshet_canary_duration_seconds",
    help: "From sending the canary's event until its entry was busted",
    buckets: DURATION_BOUNDS,
    registers,
  });
  return {
    succeeded(seconds) {
      lastMs = clock.nowMs();
      durations.observe(Math.max(0, seconds));
    },
    failed: () => failures.inc(),
  };
}
