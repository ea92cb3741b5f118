import type { KafkaPort } from "@freshet/kafka";
import { createMemoryLog } from "@freshet/kafka";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import type { Deployment } from "./deps.js";
import { usePatiently } from "./patient.js";

const never = new AbortController().signal;
const stuck = () => new Promise<never>(() => {});
const memory = createMemoryLog({ clock: { nowMs: () => 0 } }).client();

function deploymentWith(kafka: Partial<KafkaPort>): Deployment {
  const connectStore = () => Promise.reject(new Error("nothing asks for Redis"));
  const connectFrames = () => ({ unframe: stuck, close: () => undefined });
  const connectKafka = async () => ({ ...memory, ...kafka });
  return { name: "blue", mode: "apply", rulesFile: null, prefix: "fr:", connectKafka, connectStore, connectFrames };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test("an admin call that never answers ends in time, as unreachable", async () => {
  const asking = usePatiently(deploymentWith({ offsets: stuck }), { stop: never, silenceMs: 50 }, (reading) => reading.offsets(["t"]));
  const refused = expect(asking).rejects.toMatchObject({
    code: "FR3001",
    disposition: "wait",
    message: "Kafka did not answer in time (0.05 s)",
  });
  await jest.advanceTimersByTimeAsync(50);
  await refused;
});

test("a connection that never comes about ends in time too", async () => {
  const asking = usePatiently({ ...deploymentWith({}), connectKafka: stuck }, { stop: never, silenceMs: 50 }, async () => 1);
  const refused = expect(asking).rejects.toMatchObject({ code: "FR3001" });
  await jest.advanceTimersByTimeAsync(50);
  await refused;
});

test("it may take longer than the silence as long as something is heard", async () => {
  const answers: (() => void)[] = [];
  const slow = () => new Promise<[]>((resolve) => void answers.push(() => resolve([])));
  const work = usePatiently(deploymentWith({ offsets: slow }), { stop: never, silenceMs: 100 }, async (reading) => {
    for (let call = 0; call < 3; call++) await reading.offsets(["t"]);
    return "done";
  });
  for (let call = 0; call < 3; call++) {
    await jest.advanceTimersByTimeAsync(80);
    answers.shift()?.();
  }
  await jest.advanceTimersByTimeAsync(0);
  expect(await work).toBe("done");
});

test("what does not end at Ctrl-C is left behind", async () => {
  const stop = new AbortController();
  const asking = usePatiently(deploymentWith({ offsets: stuck }), { stop: stop.signal }, (reading) => reading.offsets(["t"]));
  stop.abort();
  await jest.advanceTimersByTimeAsync(3000);
  expect(await asking).toBeNull();
});
