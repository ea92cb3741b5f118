import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, describe, expect, test } from "@jest/globals";
import { Kafka, logLevel } from "kafkajs";
import { testSeed } from "./config.js";
import { checkDeadLetters } from "./dead-letters.js";
import { evictMembers } from "./group-members.js";
import { type Act, cleanUp, openScene, prepare, type Scene } from "./scene.js";

function show(floors: ReadonlyMap<string, string> | undefined): string {
  return [...(floors ?? [])].sort().join();
}

/** What the other tests here measure with must be able to say no. */
describe("the instruments of the end-to-end tests", () => {
  const opened: { scene: Scene; act: Act }[] = [];
  afterAll(async () => {
    for (const { scene, act } of opened) {
      await cleanUp(scene, act);
      await scene.close();
    }
  });

  async function scene() {
    const opening = await openScene({
      name: freshPrefix("instruments"),
      broker: testKafkaBroker(),
      redisUrl: testRedisUrl(),
      partitions: 2,
    });
    const act = await prepare(opening, { seed: testSeed(), size: { events: 400, products: 100, partitions: 2 }, entriesPerKind: 120 });
    opened.push({ scene: opening, act });
    return { scene: opening, act };
  }

  test("see every entry that is not yet as it must end, and no other", async () => {
    const { act } = await scene();
    const changed = act.initial.filter((entry) => {
      const end = act.expected.entries.get(entry.key);
      if (!("managed" in entry)) return end?.value === "gone";
      return (end?.value === "gone" && entry.managed.value !== null) || show(end?.floors) !== show(entry.managed.floors);
    });
    const appeared = [...act.expected.entries].filter(
      ([key, end]) => end.floors.size > 0 && !act.initial.some((entry) => entry.key === key),
    );
    expect(changed.length).toBeGreaterThan(50);
    const found = await act.differences();
    expect(found.map((line) => line.slice(0, line.indexOf(" => "))).sort()).toEqual(
      [...changed.map(({ key }) => key), ...appeared.map(([key]) => key)].sort(),
    );
  });

  test("read back every byte that was sent, from where it was sent to, and tell a changed dead letter", async () => {
    const { scene: here, act } = await scene();
    const { sent } = act.workload;
    const places = await here.topics.send(here.topic, sent);
    const read = await here.topics.readAll(here.topic);
    const byPlace = new Map(read.map((record) => [`${record.place.partition}/${record.place.offset}`, record]));
    const header = (text: string | number) => [Buffer.from(String(text))];
    const letters = [...act.expected.poison].map(([at, reason]) => {
      const place = places[at] ?? { partition: -1, offset: -1 };
      const record = byPlace.get(`${place.partition}/${place.offset}`);
      if (record === undefined) throw new Error("not read back");
      const added = [
        ["__dlq.errors.partition", header(place.partition)],
        ["__dlq.errors.offset", header(place.offset)],
        ["freshet-reason", header(reason)],
      ] as const;
      return { ...record, headers: new Map([...record.headers, ...added]) };
    });
    const check = (list: typeof letters) => checkDeadLetters({ letters: list, sent, places, expected: act.expected });
    expect(check(letters)).toEqual({ wrong: [], missing: [], letters: act.expected.poison.size });
    expect(check(letters.slice(1)).missing).toHaveLength(1);
    const [first, ...others] = letters;
    if (first === undefined) throw new Error("there is poison");
    const flipped = [
      { ...first, value: Buffer.from("x") },
      { ...first, key: Buffer.from("x") },
      { ...first, headers: new Map([...first.headers, ["x-more", [null]]]) },
      { ...first, headers: new Map([...first.headers, ["freshet-reason", header("untrusted")]]) },
    ];
    for (const changed of flipped) expect(check([changed, ...others]).wrong).toHaveLength(1);
  });

  test("take a dead member out of its group at once", async () => {
    const { scene: here } = await scene();
    const kafka = new Kafka({ brokers: [testKafkaBroker()], logLevel: logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: here.group, sessionTimeout: 300_000, heartbeatInterval: 100_000 });
    const admin = kafka.admin();
    try {
      await Promise.all([consumer.connect(), admin.connect()]);
      await consumer.subscribe({ topic: here.topic });
      await consumer.run({ eachMessage: async () => undefined });
      const members = async () => (await admin.describeGroups([here.group])).groups.flatMap(({ members: list }) => list).length;
      await until(async () => (await members()) === 1);
      await evictMembers(testKafkaBroker(), here.group);
      expect(await members()).toBe(0);
    } finally {
      await Promise.all([consumer.disconnect(), admin.disconnect()]);
    }
  });
});
