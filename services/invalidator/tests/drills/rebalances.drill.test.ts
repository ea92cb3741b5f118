import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { evictMembers } from "../group-members.js";
import { stopped } from "../scene.js";
import { type Drill, runDrill } from "./drill.js";
import { startLoad } from "./load.js";

const SIZE = { events: 60_000, products: 5000, partitions: 6 };
const ROUNDS = 5;

test("rebalances: twenty under load by members that join, leave, die and are thrown out", async () => {
  await runDrill({ name: "rebalances", nodes: 1, size: SIZE }, async (drill) => {
    const { tell, scene, cluster, progress } = drill;
    const stayers = [await drill.start(), await drill.start()];
    const load = startLoad(drill, { perSecond: 300 });
    const joins = async () => (await stayers[0]?.metric("freshet_rebalances_total")) ?? 0;
    const before = await joins();
    let made = 0;
    let known = before;
    const rebalanced = async (what: string) => {
      made++;
      // Members hear of it at their next heartbeat: two changes between two of them would be one rebalance.
      await until(async () => (await joins()) > known, { timeoutMs: 60_000, pollMs: 100, what: "the first member joins again" });
      known = await joins();
      await moves(drill);
      tell(`${made}: ${what}; ${load.sent()} records sent, ${progress.total()} ended`);
    };
    for (let round = 1; round <= ROUNDS; round++) {
      const visitor = await drill.start();
      await rebalanced("a third member joined");
      await evictMembers(cluster.brokers, scene.group);
      await rebalanced("all members were thrown out of the group");
      const signal = round % 2 === 0 ? "SIGKILL" : "SIGTERM";
      await stopped(visitor, signal);
      if (signal === "SIGKILL") await evictMembers(cluster.brokers, scene.group); // in place of twenty seconds of silence
      await rebalanced(`the third member ended by ${signal}`);
      await evictMembers(cluster.brokers, scene.group);
      await rebalanced("all members were thrown out of the group");
    }
    expect(made).toBeGreaterThanOrEqual(20);
    const seen = (await joins()) - before;
    tell(`the first member joined ${seen} times`);
    expect(seen).toBeGreaterThanOrEqual(20);
    expect(load.isUnderWay()).toBe(true);
    const { records, ended } = await drill.checkAll(await load.finish());
    expect(ended).toBeLessThan(2 * records);
    await drill.stopServices();
  });
}, 600_000);

/** Waits until some records more have ended than now, and every partition is somebody's. */
async function moves(drill: Drill): Promise<void> {
  const from = drill.progress.total();
  const { scene } = drill;
  const shared = async () => (await scene.topics.shares(scene.group)).reduce((sum, count) => sum + count, 0) === SIZE.partitions;
  await until(shared, { timeoutMs: 90_000, pollMs: 100, what: "all partitions are dealt out" });
  await until(() => drill.progress.total() > from + 50, { timeoutMs: 90_000, what: "records end again" });
}
