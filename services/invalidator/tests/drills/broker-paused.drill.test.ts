import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { runDrill } from "./drill.js";

const SIZE = { events: 12_000, products: 2000, partitions: 6 };
const RECOVERS_WITHIN_MS = 60_000;
/** A third before, a third while the broker is silent, a third after. */
const THIRD = SIZE.events / 3;

test("broker paused: one that takes connections and never answers holds nothing up for a minute", async () => {
  await runDrill({ name: "broker-paused", nodes: 3, size: SIZE }, async (drill) => {
    const { tell, scene, act, brokers, cluster } = drill;
    const { sent } = act.workload;
    const committed = (records: number, what: string) =>
      until(async () => (await scene.topics.committed(scene.group, scene.topic)) >= records, { timeoutMs: 120_000, pollMs: 100, what });
    await drill.start();
    await drill.start();
    await scene.topics.send(scene.topic, sent.slice(0, THIRD));
    await committed(THIRD, "all is committed before");

    // The worst one to lose: it coordinates the group, and leads a third of the partitions.
    const id = await brokers.coordinatorOf(scene.group);
    const node = cluster.nodes[id - 1];
    if (node === undefined) throw new Error(`no node ${id} coordinates the group`);
    node.pause();
    const pausedMs = performance.now();
    const since = () => ((performance.now() - pausedMs) / 1000).toFixed(1);
    tell(`node ${id}, which coordinates the group, is stopped by SIGSTOP`);
    await scene.topics.send(scene.topic, sent.slice(THIRD, 2 * THIRD));
    tell(`${THIRD} records more are in all partitions ${since()} s after that`);
    await committed(2 * THIRD, "all is committed while a broker is silent");
    const recoveredMs = performance.now() - pausedMs;
    tell(`all of them are applied and committed ${since()} s after it was stopped; it still is`);
    node.resume();
    expect(recoveredMs).toBeLessThan(RECOVERS_WITHIN_MS);

    await scene.topics.send(scene.topic, sent.slice(2 * THIRD));
    await drill.checkAll(sent.length);
    await drill.stopServices();
  });
}, 600_000);
