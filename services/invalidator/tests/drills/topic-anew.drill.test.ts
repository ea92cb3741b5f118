import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import type { ReadRecord } from "../topics.js";
import { expectEnd } from "./account.js";
import { runDrill } from "./drill.js";

const SIZE = { events: 30_000, products: 3000, partitions: 6 };
/** Of the records: a life of the topic that is longer than the one before hides that offsets are another log's. */
const LIVES = [0.2, 0.5, 0.3] as const;

test("topic anew: it is deleted and made again under a running service, and each life is read from its beginning", async () => {
  await runDrill({ name: "topic-anew", nodes: 1, size: SIZE }, async (drill) => {
    const { tell, scene, act, brokers } = drill;
    const { sent } = act.workload;
    const service = await drill.start();
    const incarnations = [];
    const known = new Set<string>();
    let from = 0;
    for (const [at, share] of LIVES.entries()) {
      const to = at === LIVES.length - 1 ? sent.length : from + Math.round(share * sent.length);
      await scene.topics.send(scene.topic, sent.slice(from, to));
      // Offsets that were committed for the life before would look like an end: as many must have been counted, too.
      const drained = async () => drill.progress.total() >= to && (await brokers.behind(scene.group, scene.topic)) === 0;
      await until(drained, { timeoutMs: 150_000, pollMs: 200, what: `life ${at + 1} of the topic is committed to its end` });
      const isNew = ({ place }: ReadRecord) => !known.has(`${place.partition}/${place.offset}`);
      const letters = (await scene.topics.readAll(scene.deadLetterTopic)).filter(isNew);
      for (const { place } of letters) known.add(`${place.partition}/${place.offset}`);
      const records = await scene.topics.readAll(scene.topic);
      expect(records.length).toBeGreaterThanOrEqual(to - from);
      incarnations.push({ records, letters });
      tell(`life ${at + 1}: ${records.length} records are committed, ${letters.length} dead letters`);
      from = to;
      if (at === LIVES.length - 1) break;
      await brokers.deleteTopic(scene.topic);
      const made = () => brokers.createTopic(scene.topic, SIZE.partitions);
      await until(() => isDone(made()), { timeoutMs: 60_000, what: "the topic is made again" });
      tell(`the topic was deleted and made again; holes told so far: ${await service.metric("freshet_kafka_holes_total")}`);
    }
    await expectEnd({ scene, act, incarnations });
    tell("Redis and the dead letters are as the oracle says of all lives");
    expect(service.isGone()).toBe(false);
    await drill.stopServices();
  });
}, 600_000);

function isDone(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
