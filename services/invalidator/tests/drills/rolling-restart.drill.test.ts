import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { type Drill, runDrill } from "./drill.js";
import { startLoad } from "./load.js";

const ROLLS = 1;
const SIZE = { events: 40_000, products: 4000, partitions: 6 };

test("rolling restart: three nodes one after the other, under load, and no record is lost", async () => {
  await runDrill({ name: "rolling-restart", nodes: 3, size: SIZE }, async (drill) => {
    const { tell, progress, cluster } = drill;
    await drill.start();
    await drill.start();
    const load = startLoad(drill, { perSecond: 200 });
    await moves(drill);
    for (let roll = 1; roll <= ROLLS; roll++) {
      for (const [at, node] of cluster.nodes.entries()) {
        progress.mark();
        tell(`node ${at + 1} is stopped (${load.sent()} records sent)`);
        await node.stop();
        await node.restart();
        await moves(drill);
        tell(`node ${at + 1} is back; the longest time without a record was ${(progress.longestStopMs() / 1000).toFixed(1)} s`);
        expect(progress.longestStopMs()).toBeLessThan(60_000);
      }
    }
    expect(load.isUnderWay()).toBe(true);
    await drill.checkAll(await load.finish());
    await drill.stopServices();
  });
}, 600_000);

/** Waits until some hundred records more have ended than now. */
async function moves(drill: Drill): Promise<void> {
  const from = drill.progress.total();
  await until(() => drill.progress.total() > from + 300, { timeoutMs: 90_000, what: "records end again" });
}
