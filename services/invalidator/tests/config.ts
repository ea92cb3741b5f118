import { freshSeed } from "./seeded.js";

/** The seed of this run: `FRESHET_TEST_SEED` to repeat one. */
export function testSeed(): number {
  return freshSeed(process.env.FRESHET_TEST_SEED);
}

/** How long a soak lasts: `FRESHET_SOAK_MINUTES`, five by default. */
export function soakMinutes(): number {
  return Number(process.env.FRESHET_SOAK_MINUTES ?? 5);
}

/** The release of Kafka that drills start: `FRESHET_DRILL_KAFKA`, the testkit's own by default. */
export function drillKafkaVersion(): string | undefined {
  return process.env.FRESHET_DRILL_KAFKA;
}

/** How much faster than the stated times the alert drills run: `FRESHET_DRILL_SCALE`, five by default. */
export function drillScale(): number {
  return Number(process.env.FRESHET_DRILL_SCALE ?? 5);
}

/** The environment that a child process needs to run at all, without any `FRESHET_` variable of this one. */
export function plainEnvironment(): Record<string, string> {
  const known = Object.entries(process.env).filter(([name, value]) => value !== undefined && !name.startsWith("FRESHET_"));
  return Object.fromEntries(known.map(([name, value]) => [name, value ?? ""]));
}
