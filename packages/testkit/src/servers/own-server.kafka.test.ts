import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import { afterEach, expect, test } from "@jest/globals";
import { freePort, freshTopic, type OwnKafka, startFaultProxy, startKafka, until } from "../index.js";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

function portOf(broker: string): KafkaPort {
  const port = createKafkajsPort({ brokers: [broker], clientId: "freshet-own", clock: { nowMs: () => Date.now() } });
  open.push(port);
  return port;
}

async function hasTopic(broker: string, topic: string): Promise<boolean> {
  return portOf(broker)
    .describeTopics([topic])
    .then(
      (found) => found.length === 1,
      () => false,
    );
}

test("a broker that is stopped and started again keeps its topics and its port", async () => {
  const kafka: OwnKafka = await startKafka();
  open.push(kafka);
  const topic = freshTopic();
  await portOf(kafka.broker).createTopics([{ topic, partitions: 2, replicationFactor: 1, config: {} }]);
  await kafka.stop();
  await kafka.restart();
  await until(() => hasTopic(kafka.broker, topic), { timeoutMs: 30_000, what: "the topic is there again" });
}, 120_000);

test("a broker behind a proxy keeps its clients on the proxy", async () => {
  const port = await freePort();
  const proxy = await startFaultProxy({ to: `127.0.0.1:${port}` });
  open.push(proxy);
  const kafka = await startKafka({ port, properties: { "advertised.listeners": `PLAINTEXT://${proxy.address}` } });
  open.push(kafka);
  const topic = freshTopic();
  const client = portOf(proxy.address);
  await client.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }]);
  const produce = () => client.produce([{ topic, key: null, value: Buffer.from("v"), headers: [] }]);
  await produce();
  proxy.set({ kind: "reset" });
  await expect(produce()).rejects.toMatchObject({ disposition: "wait" });
  proxy.heal();
  await until(
    () =>
      produce().then(
        () => true,
        () => false,
      ),
    { timeoutMs: 30_000, what: "the broker takes records again" },
  );
}, 120_000);
