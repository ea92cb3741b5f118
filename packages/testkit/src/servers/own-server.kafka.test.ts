import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type FaultProxy, freePort, freshTopic, type OwnKafka, startFaultProxy, startKafka, until } from "../index.js";

const START_TIMEOUT_MS = 300_000;
const topic = freshTopic();
const clients: KafkaPort[] = [];
let proxy: FaultProxy;
let kafka: OwnKafka;

beforeAll(async () => {
  const port = await freePort();
  proxy = await startFaultProxy({ to: `127.0.0.1:${port}` });
  kafka = await startKafka({ port, properties: { "advertised.listeners": `PLAINTEXT://${proxy.address}` } });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await kafka.close();
  await proxy.close();
});

function newClient(): KafkaPort {
  const client = createKafkajsPort({ brokers: [proxy.address], clientId: "freshet-own", clock: { nowMs: () => Date.now() } });
  clients.push(client);
  return client;
}

const isDone = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

test("a broker behind a proxy keeps its clients on the proxy", async () => {
  const client = newClient();
  const produce = () => client.produce([{ topic, key: null, value: Buffer.from("v"), headers: [] }]);
  await client.createTopics([{ topic, partitions: 2, replicationFactor: 1, config: {} }]);
  await produce();
  proxy.set({ kind: "reset" });
  await expect(produce()).rejects.toMatchObject({ disposition: "wait" });
  proxy.heal();
  await until(() => isDone(produce()), { timeoutMs: 90_000, what: "the broker takes records again" });
}, 180_000);

test(
  "a broker that is stopped and started again keeps its topics and its port",
  async () => {
    const { pid, port } = kafka;
    await kafka.stop();
    await kafka.restart();
    expect(kafka.port).toBe(port);
    expect(kafka.pid).not.toBe(pid);
    const found = async () => (await newClient().describeTopics([topic])).length === 1;
    await until(() => found().catch(() => false), { timeoutMs: 90_000, what: "the topic is there again" });
  },
  START_TIMEOUT_MS,
);
