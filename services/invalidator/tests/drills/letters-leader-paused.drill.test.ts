import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { runDrill } from "./drill.js";

const SIZE = { events: 6000, products: 1000, partitions: 3 };
const RECOVERS_WITHIN_MS = 60_000;
const HALF = SIZE.events / 2;

test("leader of the dead letters paused: another one gets them, and their sources go on within a minute", async () => {
  await runDrill({ name: "letters-leader-paused", nodes: 3, size: SIZE }, async (drill) => {
    const { tell, scene, act, brokers, cluster } = drill;
    const { sent } = act.workload;
    const committed = (records: number, what: string) =>
      until(async () => (await scene.topics.committed(scene.group, scene.topic)) >= records, { timeoutMs: 120_000, pollMs: 100, what });
    await drill.start();
    await scene.topics.send(scene.topic, sent.slice(0, HALF));
    await committed(HALF, "all is committed before");

    const id = await brokers.leaderOf(scene.deadLetterTopic);
    const node = cluster.nodes[id - 1];
    if (node === undefined) throw new Error(`no node ${id} leads the dead letters`);
    node.pause();
    const pausedMs = performance.now();
    tell(`node ${id}, which leads the first partition of the dead letters, is stopped by SIGSTOP`);
    await scene.topics.send(scene.topic, sent.slice(HALF));
    await committed(sent.length, "all is committed while the leader of the dead letters is silent");
    const recoveredMs = performance.now() - pausedMs;
    tell(`${HALF} records, the bad ones among them as dead letters, are committed ${(recoveredMs / 1000).toFixed(1)} s after that`);
    node.resume();
    expect(recoveredMs).toBeLessThan(RECOVERS_WITHIN_MS);

    await drill.checkAll(sent.length);
    await drill.stopServices();
  });
}, 600_000);
