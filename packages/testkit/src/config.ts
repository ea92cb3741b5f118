import { FreshetError } from "@freshet/protocol";

/**
 * The Redis of this test run, as `redis://host:port`. Others use it at the same time: keys get a fresh prefix, and nobody
 * flushes it.
 *
 * @throws FreshetError `usage` when the run has none.
 */
export function testRedisUrl(): string {
  return fromEnvironment("FRESHET_TEST_REDIS", "redis://127.0.0.1:6379");
}

/**
 * The broker of this test run, as `host:port`. Others use it at the same time: topics and groups get fresh names.
 *
 * @throws FreshetError `usage` when the run has none.
 */
export function testKafkaBroker(): string {
  return fromEnvironment("FRESHET_TEST_KAFKA", "127.0.0.1:9092");
}

function fromEnvironment(name: string, example: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== "") return value;
  const fix = `Run npm test, which brings up a real Kafka and a real Redis, or set ${name}=${example} to use what is there.`;
  throw new FreshetError("FR1002", "usage", `this test needs ${name}, which is not set`, fix);
}
