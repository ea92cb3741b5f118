import { freshPrefix, testKafkaBroker, testRedisUrl } from "@freshet/testkit";
import { afterEach } from "@jest/globals";
import { testSeed } from "./config.js";
import { type Act, cleanUp, openScene, prepare, type Scene } from "./scene.js";
import type { WorkloadSize } from "./workload.js";

export interface ActOptions {
  /** Good for topics and keys. */
  readonly name: string;
  readonly size: WorkloadSize;
  readonly entriesPerKind: number;
}

/** For a `describe`: opens a scene of its own with the workload of the run's seed, and clears it away after the test, however that ends. */
export function useActs(): (options: ActOptions) => Promise<{ readonly scene: Scene; readonly act: Act; readonly seed: number }> {
  let open: { scene: Scene; act: Act | null } | null = null;
  afterEach(async () => {
    if (open === null) return;
    await cleanUp(open.scene, open.act);
    await open.scene.close();
    open = null;
  });
  return async ({ name, size, entriesPerKind }) => {
    const seed = testSeed();
    process.stdout.write(`${name}: seed ${seed}\n`);
    const { partitions } = size;
    const scene = await openScene({ name: freshPrefix(name), broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions });
    open = { scene, act: null };
    const act = await prepare(scene, { seed, size, entriesPerKind });
    open = { scene, act };
    return { scene, act, seed };
  };
}
