import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { useActs } from "./acts.js";
import { checkDeadLetters } from "./dead-letters.js";
import { drained, type Scene, stopped } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";

const SIZE = { events: 40_000, products: 8_000, partitions: 6 };
const PER_SECOND = 1500;

describe("two members share the partitions", () => {
  const openAct = useActs();

  test("one leaves by SIGTERM, another joins, one dies by SIGKILL: nothing is lost", async () => {
    const { scene, act } = await openAct({ name: "two", size: SIZE, entriesPerKind: SIZE.products });
    const { sent } = act.workload;
    const [first, second] = [await scene.start(), await scene.start()];
    await bothWork(scene, [first, second]);
    const half = sent.length / 2;
    const early = scene.topics.send(scene.topic, sent.slice(0, half), PER_SECOND);

    await takes(first, 500);
    await takes(second, 500);
    const termedMs = Date.now();
    expect(await stopped(first, "SIGTERM")).toEqual({ code: 0, signal: null });
    expect(Date.now() - termedMs).toBeLessThan(15_000);

    const third = await scene.start();
    await bothWork(scene, [second, third]);
    const places = [...(await early)];
    const late = scene.topics.send(scene.topic, sent.slice(half), PER_SECOND);
    await takes(third, 500);
    expect(await stopped(second, "SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });

    // Nobody takes the dead member out of the group here: its partitions move when its session times out.
    places.push(...(await late));
    await drained(scene, third, sent.length);
    expect((await act.differences()).slice(0, 20)).toEqual([]);
    const letters = await scene.topics.readAll(scene.deadLetterTopic);
    expect(checkDeadLetters({ letters, sent, places, expected: act.expected })).toMatchObject({ wrong: [], missing: [] });
    expect(await stopped(third, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 720_000);
});

/** Both are in the group, each with half of the partitions. */
async function bothWork(scene: Scene, members: readonly ServiceProcess[]): Promise<void> {
  const areReady = async () => (await Promise.all(members.map((member) => member.readyz()))).every((answer) => answer?.status === 200);
  await until(areReady, { timeoutMs: 90_000, what: "both members are ready" });
  const shares = async () => (await scene.topics.shares(scene.group)).sort().join();
  await until(async () => (await shares()) === "3,3", { timeoutMs: 90_000, what: "each has three partitions" });
}

async function takes(member: ServiceProcess, records: number): Promise<void> {
  await until(async () => (await member.metric("freshet_events_total")) >= records, {
    timeoutMs: 90_000,
    what: "the member takes records",
  });
}
