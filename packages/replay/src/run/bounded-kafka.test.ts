import { createMemoryLog } from "@freshet/kafka";
import { until } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { openIncident } from "../../tests/incident.js";
import { planOptions } from "../../tests/options.js";
import { planReplay } from "../plan/plan-replay.js";
import { boundedKafka, type ReplayKafka } from "./bounded-kafka.js";

const never = new AbortController().signal;
const patience = { answerMsMax: 20, silenceMsMax: 30, doubtMs: 10, doubtAnswerMsMax: 10, stop: never, farewellMsMax: 5, lastMsMax: 1 };
const mute = () => new Promise<never>(() => {});

describe("a broker that does not answer", () => {
  const silent: ReplayKafka = {
    read: mute,
    offsets: mute,
    offsetsAt: mute,
    describeGroup: mute,
    deleteGroup: mute,
    describeTopics: mute,
    produce: mute,
  };

  test("is given up, whatever it was asked", async () => {
    const kafka = boundedKafka(silent, patience);
    const late = { code: "FR3001", disposition: "wait" };
    await expect(kafka.offsets(["t"])).rejects.toMatchObject(late);
    await expect(kafka.offsetsAt(["t"], 0)).rejects.toMatchObject(late);
    await expect(kafka.describeGroup("g")).rejects.toMatchObject(late);
    await expect(kafka.deleteGroup("g")).rejects.toMatchObject(late);
    await expect(kafka.describeTopics(["t"])).rejects.toMatchObject(late);
    await expect(kafka.produce([])).rejects.toMatchObject(late);
    const reading = { group: "g", ranges: [], onBatch: async () => {}, stop: never };
    await expect(kafka.read(reading)).rejects.toMatchObject({ ...late, message: expect.stringContaining("no record came") });
  });

  test("is given up sooner by somebody who no longer waits", async () => {
    const stop = new AbortController();
    const kafka = boundedKafka(silent, { ...patience, answerMsMax: 60_000, stop: stop.signal });
    const asked = kafka.offsets(["t"]);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining("(0.005 s)") });
    await expect(kafka.produce([])).rejects.toMatchObject({ message: expect.stringContaining("(0.001 s)") });
  });

  const HOUR_MS = 3_600_000;
  const reading = { group: "g", ranges: [], onBatch: async () => {}, stop: never };

  test("is given up by a reading before its time when it answers nothing else either, and not while it does", async () => {
    const patient = { ...patience, silenceMsMax: HOUR_MS };
    await expect(boundedKafka(silent, patient).read(reading)).rejects.toMatchObject({ code: "FR3001" });
    const refusing = { ...silent, offsets: () => Promise.reject(new Error("no leader")) };
    await expect(boundedKafka(refusing, patient).read(reading)).rejects.toMatchObject({ code: "FR3001" });
    const read = boundedKafka({ ...silent, offsets: async () => [] }, { ...patience, silenceMsMax: 200 }).read(reading);
    const startedMs = performance.now();
    await expect(read).rejects.toMatchObject({ code: "FR3001" });
    expect(performance.now() - startedMs).toBeGreaterThan(150);
  });

  test.each(["read", "produce"] as const)("has the time of a farewell for the rest after a %s that failed", async (which) => {
    const kafka = boundedKafka(silent, { ...patience, answerMsMax: which === "read" ? HOUR_MS : 20, farewellMsMax: 5 });
    await expect(which === "read" ? kafka.read(reading) : kafka.produce([])).rejects.toMatchObject({ code: "FR3001" });
    await expect(kafka.offsets(["t"])).rejects.toMatchObject({ message: expect.stringContaining("(0.005 s)") });
    await expect(kafka.produce([])).rejects.toMatchObject({ message: expect.stringContaining("(0.001 s)") });
  });

  test("keeps its patience after a question that nobody depends on", async () => {
    const kafka = boundedKafka({ ...silent, produce: async () => undefined }, patience);
    for (const _again of [1, 2]) await expect(kafka.offsets(["t"])).rejects.toMatchObject({ message: expect.stringContaining("(0.02 s)") });
  });

  test("ends a reading that is stopped as if it had parted", async () => {
    const stop = new AbortController();
    const kafka = boundedKafka(silent, { ...patience, silenceMsMax: HOUR_MS, doubtMs: HOUR_MS, stop: stop.signal });
    const read = kafka.read({ ...reading, stop: stop.signal });
    stop.abort();
    await expect(read).resolves.toBeUndefined();
  });

  test("ends a plan that has begun, and stops its reading", async () => {
    const incident = await openIncident();
    await incident.send({ id: "1", version: "1" });
    let wasStopped = false;
    const read: ReplayKafka["read"] = ({ stop }) =>
      new Promise(() => stop.addEventListener("abort", () => (wasStopped = true), { once: true }));
    const ports = { ...incident.ports, kafka: boundedKafka({ ...incident.kafka, read }, patience) };
    await expect(planReplay(ports, planOptions())).rejects.toMatchObject({ code: "FR3001" });
    expect(wasStopped).toBe(true);
  });
});

test("our own work, however long, is no silence", async () => {
  const log = createMemoryLog({ clock: { nowMs: () => 0 } });
  const client = log.client();
  await client.createTopics([{ topic: "t", partitions: 1, replicationFactor: 1, config: {} }]);
  await client.produce([{ topic: "t", key: null, value: null, headers: [] }]);
  const kafka = boundedKafka(client, patience);
  const startedMs = Date.now();
  const onBatch = () => until(() => Date.now() - startedMs > 3 * patience.silenceMsMax);
  const range = { topic: "t", partition: 0, from: 0, to: 1 };
  await expect(kafka.read({ group: "g", ranges: [range], onBatch, stop: never })).resolves.toBeUndefined();
});
