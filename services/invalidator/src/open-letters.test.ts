import { createMemoryLog, type KafkaPort } from "@freshet/kafka";
import type { ReadOptions } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { watchLetters } from "./letter-watch.js";
import { createOpenLetters } from "./open-letters.js";

const [dlq, jobs] = ["freshet.dlq.t", "freshet.jobs.t"];
const never = new AbortController().signal;

async function setUp({ partitions = 1, lettersMax = 2000, windowOffsets = 1000 } = {}) {
  const clock = { ms: 1_000_000, nowMs: () => clock.ms };
  const log = createMemoryLog({ clock });
  const kafka = log.client();
  const made = { replicationFactor: -1, config: {} };
  await kafka.createTopics([
    { topic: dlq, partitions, ...made },
    { topic: jobs, partitions: 1, ...made },
  ]);
  const reads: ReadOptions[] = [];
  const read: KafkaPort["read"] = async (options) => {
    reads.push(options);
    await kafka.read(options);
  };
  const counted = { ...kafka, read };
  const letters = createOpenLetters({ kafka: counted, deployment: "t", lettersMax, windowOffsets });
  /** Writes a letter, a second after the one before. */
  const write = async (reason: string, partition = 0): Promise<void> => {
    clock.ms += 1000;
    const headers = [{ name: "freshet-reason", value: Buffer.from(reason) }];
    await kafka.produce([{ topic: dlq, partition, key: null, value: Buffer.from("x"), headers }]);
  };
  const resolve = (id: string, writtenAtMs?: number) =>
    kafka.produce([{ topic: jobs, key: Buffer.from(`resolved/${id}`), value: Buffer.from(JSON.stringify({ writtenAtMs })), headers: [] }]);
  const look = async () => {
    await letters.look(never);
    return letters.oldest();
  };
  return { clock, log, kafka, letters, reads, write, resolve, look };
}

describe("the oldest dead letter that nobody has resolved", () => {
  test("is not known before anybody has looked", async () => {
    const { letters, write } = await setUp();
    await write("rule_error");
    expect(letters.oldest().size).toBe(0);
  });

  test("is told for each reason, and nothing for those without", async () => {
    const { write, look } = await setUp({ partitions: 2 });
    await write("rule_error", 1);
    await write("undecodable", 0);
    await write("rule_error", 0);
    await write("a reason of somebody else", 0);
    const oldest = await look();
    expect([oldest.get("rule_error"), oldest.get("undecodable"), oldest.get("too_large")]).toEqual([1_001_000, 1_002_000, null]);
    expect(oldest.size).toBe(10);
  });

  test("is the next one once it is resolved, and none once all are", async () => {
    const { write, resolve, look } = await setUp();
    await write("rule_error");
    await write("rule_error");
    await look();
    await resolve("0-0");
    expect((await look()).get("rule_error")).toBe(1_002_000);
    await resolve("0-1");
    expect((await look()).get("rule_error")).toBeNull();
    await write("rule_error");
    expect((await look()).get("rule_error")).toBe(1_003_000);
  });

  test("is none of those that were resolved before they were read", async () => {
    const { write, resolve, look } = await setUp();
    for (let letter = 0; letter < 3; letter++) await write("rule_error");
    await resolve("0-0");
    await resolve("0-1", 1_002_000);
    expect((await look()).get("rule_error")).toBe(1_003_000);
  });

  test("is not hidden by marks of letters that lay at its place before the topic was made anew", async () => {
    const { write, resolve, look } = await setUp();
    await resolve("0-0"); // of a release that did not say when the letter was written
    await resolve("0-1", 900_000);
    await look();
    for (let letter = 0; letter < 3; letter++) await write("rule_error");
    expect((await look()).get("rule_error")).toBe(1_001_000);
    await resolve("0-0", 900_000);
    expect((await look()).get("rule_error")).toBe(1_001_000);
    await resolve("0-0", 1_001_000);
    expect((await look()).get("rule_error")).toBe(1_002_000);
  });

  test("is none that retention has taken", async () => {
    const { log, write, look } = await setUp();
    await write("rule_error");
    await write("rule_error");
    await look();
    log.trim({ topic: dlq, partition: 0 }, 1);
    expect((await look()).get("rule_error")).toBe(1_002_000);
  });

  test("is found again among more letters than are remembered", async () => {
    const { write, resolve, look } = await setUp({ lettersMax: 2 });
    for (let letter = 0; letter < 5; letter++) await write("rule_error");
    expect((await look()).get("rule_error")).toBe(1_001_000);
    for (const id of ["0-0", "0-1"]) await resolve(id);
    await look();
    expect((await look()).get("rule_error")).toBe(1_003_000);
  });

  test("is none of those that were left out, but one that is older, whatever is written meanwhile", async () => {
    const { write, resolve, look } = await setUp({ lettersMax: 2 });
    for (let letter = 0; letter < 4; letter++) await write("rule_error");
    await look();
    for (const id of ["0-0", "0-1"]) await resolve(id);
    await write("rule_error"); // in the same look as the marks of all that were remembered
    await look();
    expect((await look()).get("rule_error")).toBe(1_003_000);
  });

  test("is told after a look that failed among the letters, and were they resolved meanwhile", async () => {
    const { kafka, write, resolve } = await setUp();
    for (let letter = 0; letter < 3; letter++) await write("rule_error");
    let isDown = true;
    const read: KafkaPort["read"] = async (options) => {
      await kafka.read(options);
      if (isDown) throw new FreshetError("FR3001", "wait", "gone", "wait");
    };
    const letters = createOpenLetters({ kafka: { ...kafka, read }, deployment: "t" });
    await expect(letters.look(never)).rejects.toThrow("gone");
    await resolve("0-0");
    isDown = false;
    await letters.look(never);
    expect(letters.oldest().get("rule_error")).toBe(1_002_000);
  });

  test("is found window by window, each with the marks of its own letters", async () => {
    const { write, resolve, look, reads } = await setUp({ partitions: 2, windowOffsets: 4 });
    for (let letter = 0; letter < 10; letter++) await write("rule_error", letter % 2);
    for (const id of ["0-0", "1-0", "0-1", "1-1", "0-2", "0-4"]) await resolve(id);
    expect((await look()).get("rule_error")).toBe(1_006_000);
    const lengths = reads
      .filter(({ ranges }) => ranges[0]?.topic === dlq)
      .map(({ ranges }) => ranges.reduce((sum, at) => sum + at.to - at.from, 0));
    expect(lengths).toEqual([4, 4, 2]);
    await resolve("1-2");
    expect((await look()).get("rule_error")).toBe(1_007_000);
    expect(reads.slice(6).map(({ ranges }) => ranges.map(({ topic, from, to }) => [topic, from, to]))).toEqual([[[jobs, 6, 7]]]);
  });

  /** Letters of one topic, and once `kafka` is another of that. */
  async function setUpTwo() {
    const [before, after] = [await setUp(), await setUp()];
    const now = { kafka: before.kafka };
    const letters = createOpenLetters({
      deployment: "t",
      kafka: {
        offsets: (topics) => now.kafka.offsets(topics),
        read: (options) => now.kafka.read(options),
        deleteGroup: (group) => now.kafka.deleteGroup(group),
      },
    });
    return { before, after, now, letters };
  }

  test("is told of a topic that was made anew, and not of the one before", async () => {
    const { before, after, now, letters } = await setUpTwo();
    for (let letter = 0; letter < 3; letter++) await before.write("rule_error");
    await letters.look(never);
    after.clock.ms += 90_000;
    await after.write("rule_error");
    now.kafka = after.kafka;
    await letters.look(never);
    expect(letters.oldest().get("rule_error")).toBe(1_091_000);
  });

  test("is told of a topic that was made anew and has grown as long as before, once one of its letters is resolved", async () => {
    const { before, after, now, letters } = await setUpTwo();
    for (let letter = 0; letter < 3; letter++) await before.write("rule_error");
    await letters.look(never);
    after.clock.ms += 90_000;
    for (let letter = 0; letter < 4; letter++) await after.write("rule_error");
    await after.resolve("0-0", 1_091_000);
    now.kafka = after.kafka;
    await letters.look(never);
    await letters.look(never);
    expect(letters.oldest().get("rule_error")).toBe(1_092_000);
  });

  test("costs nothing while nothing is written, and leaves no group behind", async () => {
    const { kafka, write, look, reads } = await setUp();
    await write("rule_error");
    await look();
    await look();
    expect(reads.map(({ ranges }) => ranges.map(({ topic }) => topic))).toEqual([[dlq]]);
    for (const { group } of reads) expect(await kafka.describeGroup(group)).toMatchObject({ state: "missing" });
  });
});

test("looking goes on after trouble, and ends with the service", async () => {
  const stop = new AbortController();
  const gone = new FreshetError("FR3006", "halt", "no right to read", "Grant it");
  const troubles: number[] = [];
  let looks = 0;
  const watching = watchLetters(
    {
      letters: {
        look: async () => {
          looks++;
          if (looks <= 2) throw gone;
        },
      },
      everyMs: 1,
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
      onTrouble: (error, attempts) => troubles.push(error === gone ? attempts : -1),
    },
    stop.signal,
  );
  await until(() => looks >= 4);
  stop.abort();
  await watching;
  expect(troubles).toEqual([1, 2]);
});
