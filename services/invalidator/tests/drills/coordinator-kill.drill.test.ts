import { setTimeout as pause } from "node:timers/promises";
import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { runDrill } from "./drill.js";
import { startLoad } from "./load.js";

const KILLS = 3;
const SIZE = { events: 40_000, products: 4000, partitions: 6 };
/** With load on all partitions each is committed about once a second: by then commits wait for their answer. */
const COMMITS_WAIT_MS = 2500;

test("coordinator kill: the group's coordinator dies with commits under way, again and again", async () => {
  await runDrill({ name: "coordinator-kill", nodes: 3, size: SIZE }, async (drill) => {
    const { tell, progress, brokers, cluster, scene } = drill;
    await drill.start();
    await drill.start();
    const load = startLoad(drill, { perSecond: 200 });
    for (let kill = 1; kill <= KILLS; kill++) {
      await until(() => progress.total() > kill * 500, { timeoutMs: 90_000, what: "records end" });
      const id = await brokers.coordinatorOf(scene.group);
      const node = cluster.nodes[id - 1];
      if (node === undefined) throw new Error(`no node ${id} coordinates the group`);
      progress.mark();
      node.pause();
      await pause(COMMITS_WAIT_MS); // the broker takes commits and does not answer
      await node.kill();
      const killedMs = performance.now();
      const committed = await scene.topics.committed(scene.group, scene.topic);
      tell(`kill ${kill}: node ${id} coordinated the group and is dead, ${load.sent()} records sent, ${committed} known as committed`);
      const goesOn = async () => (await scene.topics.committed(scene.group, scene.topic)) > Math.max(committed, load.sent() / 2);
      await until(goesOn, { timeoutMs: 90_000, pollMs: 200, what: "another coordinator takes commits" });
      tell(
        `commits go on ${((performance.now() - killedMs) / 1000).toFixed(1)} s after the kill, by node ${await brokers.coordinatorOf(scene.group)}`,
      );
      expect(performance.now() - killedMs).toBeLessThan(60_000);
      await node.restart();
    }
    expect(load.isUnderWay()).toBe(true);
    await drill.checkAll(await load.finish());
    await drill.stopServices();
  });
}, 600_000);
