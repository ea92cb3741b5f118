import { homedir } from "node:os";
import { delimiter, join } from "node:path";
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
  const value = setting(name);
  if (value !== undefined) return value;
  const fix = `Run npm test, which brings up a real Kafka and a real Redis, or set ${name}=${example} to use what is there.`;
  throw new FreshetError("FR1002", "usage", `this test needs ${name}, which is not set`, fix);
}

/** Which way to Kafka and Redis is forced: `env`, `docker`, `native`; `undefined`: the first that works. */
export function forcedProvider(): string | undefined {
  return setting("FRESHET_TEST_PROVIDER");
}

/** Addresses somebody else provides. */
export function givenServers(): { readonly kafka: string | undefined; readonly redis: string | undefined } {
  return { kafka: setting("FRESHET_TEST_KAFKA"), redis: setting("FRESHET_TEST_REDIS") };
}

/** Images to use in place of the ones the testkit knows. */
export function givenImages(): { readonly kafka: string | undefined; readonly redis: string | undefined } {
  return { kafka: setting("FRESHET_TEST_KAFKA_IMAGE"), redis: setting("FRESHET_TEST_REDIS_IMAGE") };
}

/** A program to use in place of `redis-server`, or `undefined`. */
export function givenRedisProgram(): string | undefined {
  return setting("FRESHET_TEST_REDIS_SERVER");
}

/** Programs of servers that the store is to be tried with, by their paths. */
export function givenMatrix(): readonly string[] {
  return (setting("FRESHET_TEST_MATRIX") ?? "").split(delimiter).filter((path) => path !== "");
}

/** The seed to repeat a run with, or `undefined`. */
export function givenSeed(): number | undefined {
  const text = setting("FRESHET_TEST_SEED");
  return text === undefined ? undefined : Number(text);
}

/** True where Docker must be usable, so that its tests fail where they would else be skipped. `.ci/run` says so. */
export function isDockerRequired(): boolean {
  return setting("FRESHET_TEST_REQUIRE_DOCKER") === "true";
}

/** Where files that can be fetched again are kept between runs. */
export function cacheFolder(): string {
  return join(setting("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "freshet");
}

export function searchPath(): string {
  return process.env.PATH ?? "";
}

export function javaHome(): string | undefined {
  return setting("JAVA_HOME");
}

/** For programs of the system. */
export function systemEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

function setting(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

/**
 * Settings of testcontainers, unless somebody chose others. Its reaper is one more image to pull: containers are stopped
 * by whoever started them. In a container, it would take the bridge's address for the daemon's host.
 */
export function presetTestcontainers(): void {
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= "true";
  const isRemote = /^(?!unix:)./.test(process.env.DOCKER_HOST ?? "");
  if (!isRemote) process.env.TESTCONTAINERS_HOST_OVERRIDE ??= "127.0.0.1";
}
