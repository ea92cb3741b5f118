import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { runDrill } from "./drill.js";
import { startLoad } from "./load.js";

const SIZE = { events: 30_000, products: 3000, partitions: 9 };
const BEFORE = 3;
const FOUND_WITHIN_MS = 60_000;

test("partition growth: new partitions are read from their first record, while records come", async () => {
  await runDrill({ name: "partition-growth", nodes: 1, size: SIZE, partitions: BEFORE }, async (drill) => {
    const { tell, scene, act, brokers } = drill;
    const half = act.workload.sent.length / 2;
    await drill.start();
    await drill.start();
    const early = act.workload.sent.slice(0, half).map((record) => ({ ...record, partition: record.partition % BEFORE }));
    const first = startLoad(drill, { records: early, perSecond: 500 });
    await until(() => drill.progress.total() > 1000, { timeoutMs: 60_000, what: "records end" });
    await brokers.createPartitions(scene.topic, SIZE.partitions);
    const grownMs = performance.now();
    tell(`the topic has ${SIZE.partitions} partitions in place of ${BEFORE} (${first.sent()} records sent)`);
    await first.finish();
    // The new ones get records before anybody of the group knows of them.
    const rest = startLoad(drill, { records: act.workload.sent.slice(half), perSecond: 300 });
    const shared = async () => (await scene.topics.shares(scene.group)).reduce((sum, count) => sum + count, 0) === SIZE.partitions;
    await until(shared, { timeoutMs: 120_000, pollMs: 200, what: "all partitions are dealt out" });
    const foundMs = performance.now() - grownMs;
    tell(`the group has all of them ${(foundMs / 1000).toFixed(1)} s later (${rest.sent()} records sent since)`);
    expect(foundMs).toBeLessThan(FOUND_WITHIN_MS);
    expect(rest.isUnderWay()).toBe(true);
    await rest.finish();
    await drill.checkAll(act.workload.sent.length);
    await drill.stopServices();
  });
}, 600_000);
