import { until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { stopped } from "../scene.js";
import { runDrill } from "./drill.js";

const SIZE = { events: 30_000, products: 3000, partitions: 6 };

test("offsets deleted: a group that has lost its offsets begins at the first record and never at the end", async () => {
  await runDrill({ name: "offsets-deleted", nodes: 1, size: SIZE }, async (drill) => {
    const { tell, scene, act, brokers } = drill;
    const { sent } = act.workload;
    const half = sent.length / 2;
    const first = await drill.start();
    await scene.topics.send(scene.topic, sent.slice(0, half));
    const drained = async () => (await brokers.behind(scene.group, scene.topic)) === 0;
    await until(drained, { timeoutMs: 120_000, pollMs: 200, what: "the first half is committed" });
    expect(await stopped(first, "SIGTERM")).toEqual({ code: 0, signal: null });
    tell(`${half} records are committed, and the service is stopped`);
    await brokers.deleteGroup(scene.group);
    expect(await brokers.behind(scene.group, scene.topic)).toBeGreaterThanOrEqual(half);
    await scene.topics.send(scene.topic, sent.slice(half));
    tell("the group's offsets are deleted; the other half was sent while nobody consumed");
    const second = await drill.start();
    const { records } = await drill.checkAll(sent.length);
    const hasAll = async () => (await second.metric("freshet_events_total")) >= records;
    await until(hasAll, { timeoutMs: 30_000, pollMs: 100, what: "the new process has ended every record, also those of before" });
    tell(`the new process ended all ${records} records; holes told: ${await second.metric("freshet_kafka_holes_total")}`);
    await drill.stopServices();
  });
}, 600_000);
