import { FreshetError } from "@freshet/protocol";
import { forcedProvider } from "./config.js";
import { dockerProvider } from "./providers/docker.js";
import { envProvider } from "./providers/env.js";
import { nativeProvider } from "./providers/native.js";
import type { Provider, Provision } from "./providers/provision.js";
import type { Say } from "./servers/system-packages.js";

export { prepareNative } from "./providers/native.js";
export type { Provider, Provision } from "./providers/provision.js";
export { startKafka } from "./servers/kafka.js";

const PROVIDERS: readonly Provider[] = [envProvider, dockerProvider, nativeProvider];

/**
 * A real Kafka and a real Redis, by the first way that works: what the environment names, Docker, or processes of this
 * machine. `FRESHET_TEST_PROVIDER=env|docker|native` allows only one.
 *
 * @throws FreshetError `usage` with what failed in each way and what each needs.
 */
export async function provideServers(say: Say, providers: readonly Provider[] = PROVIDERS): Promise<Provision> {
  const failures: string[] = [];
  for (const provider of allowed(providers)) {
    try {
      return await provider.provide(say);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      failures.push(`  ${provider.name}: ${problem}\n    to use it: ${provider.needs}`);
    }
  }
  const problem = `no Kafka and Redis to test with:\n${failures.join("\n")}`;
  throw new FreshetError("FR1002", "usage", problem, "Make one of these ways work; FRESHET_TEST_PROVIDER=env|docker|native forces one.");
}

function allowed(providers: readonly Provider[]): readonly Provider[] {
  const forced = forcedProvider();
  if (forced === undefined) return providers;
  const chosen = providers.filter(({ name }) => name === forced);
  if (chosen.length > 0) return chosen;
  const names = providers.map(({ name }) => name).join(", ");
  throw new FreshetError("FR1002", "usage", `FRESHET_TEST_PROVIDER is ${forced}`, `Use one of ${names}, or unset it.`);
}
