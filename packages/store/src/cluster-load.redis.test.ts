import { createRng, type OwnRedisCluster, startRedisCluster, startSlotMove } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { storeOver, tagsOf } from "../tests/cluster-bench.js";
import { ClusterLoad } from "../tests/cluster-load.js";
import { slotOf } from "./key-slot.js";
import type { StorePort } from "./port.js";

const [SLOTS_MOVED, KEYS_PER_SLOT, KEYS_ELSEWHERE, ROUNDS] = [4, 20, 40, 6];
let cluster: OwnRedisCluster;
let store: StorePort;

beforeAll(async () => {
  cluster = await startRedisCluster();
  store = storeOver(cluster);
}, 180_000);
afterAll(async () => {
  await store.close();
  await cluster.close();
});

test("slots move to and fro under load: no caller sees an error, no reader an old value, nothing is left over", async () => {
  const [here, there] = cluster.masters;
  if (here === undefined || there === undefined) throw new Error("a cluster of fewer than two");
  const tags = await tagsOf(cluster, here, SLOTS_MOVED);
  const moving = tags.flatMap((tag) => Array.from({ length: KEYS_PER_SLOT }, (_, i) => `page:{${tag}}:${i}`));
  const keys = [...moving, ...Array.from({ length: KEYS_ELSEWHERE }, (_, i) => `page:${i}`)];
  let isOn = true;
  const load = new ClusterLoad({ store, keys, rng: createRng(), isOn: () => isOn });
  const running = load.run();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const [from, to] = round % 2 === 0 ? [here, there] : [there, here];
      for (const tag of tags) await (await startSlotMove(cluster, { slot: slotOf(tag), from, to })).finish();
    }
  } finally {
    isOn = false;
    await running;
  }
  const { errors, stale, busts, hits, fills } = load.report;
  process.stdout.write(`cluster under load: ${JSON.stringify({ busts, hits, fills })}\n`);
  expect({ errors, stale, leftovers: await load.leftovers() }).toEqual({ errors: [], stale: [], leftovers: [] });
  expect(Math.min(busts, hits, fills.filled ?? 0)).toBeGreaterThan(100);
}, 360_000);
