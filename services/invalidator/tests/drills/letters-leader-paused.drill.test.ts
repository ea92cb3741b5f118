import { createKafkajsPort, type ProduceRecord } from "@freshet/kafka";
import { freshTopic, startKafkaCluster, until } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { openTopics } from "../topics.js";
import { openBrokerView } from "./broker-view.js";

const HEAP_MB = 256;
const REQUEST_TIMEOUT_MS = 5000;
/** Kafka gives the partition to another node after nine seconds, and a request is given up after twelve. */
const RECOVERS_WITHIN_MS = 30_000;
const LASTS_MS = 120_000;
const READ_WITHIN_MS = 30_000;

const tell = (text: string): void => void process.stdout.write(`letters-leader-paused  ${text}\n`);

test("leader of the dead letters paused: the next try of a send goes to whoever leads by then", async () => {
  const cluster = await startKafkaCluster({ nodes: 3, heapMb: HEAP_MB });
  const port = createKafkajsPort({ brokers: cluster.brokers.split(","), clientId: "drill", clock: { nowMs: () => Date.now() } });
  const view = await openBrokerView(cluster.brokers, REQUEST_TIMEOUT_MS);
  const topics = await openTopics(cluster.brokers, "drill", REQUEST_TIMEOUT_MS);
  try {
    const topic = freshTopic("letters");
    await port.createTopics([{ topic, partitions: 1, replicationFactor: 3, config: {} }]);
    const letter = (text: string): ProduceRecord => ({ topic, key: null, value: Buffer.from(text), headers: [] });
    await port.produce([letter("before")]);
    const id = await view.leaderOf(topic);
    const node = cluster.nodes[id - 1];
    if (node === undefined) throw new Error(`no node ${id} leads the dead letters`);
    node.pause();
    const pausedMs = performance.now();
    const sinceMs = () => performance.now() - pausedMs;
    tell(`node ${id}, which leads the dead letters, is stopped by SIGSTOP`);
    // as the pipeline does: what fails is tried again
    for (let isSent = false; !isSent && sinceMs() < LASTS_MS; ) {
      isSent = await port.produce([letter("meanwhile")]).then(
        () => true,
        () => false,
      );
    }
    const recoveredMs = sinceMs();
    tell(`a letter is acknowledged ${(recoveredMs / 1000).toFixed(1)} s after that, by node ${await view.leaderOf(topic)}`);
    node.resume();
    await port.produce([letter("after")]);
    let letters: string[] = [];
    const isThere = async () => {
      letters = [...new Set((await topics.readAll(topic)).map(({ value }) => String(value)))];
      return letters.length >= 3;
    };
    // Until it has heard of the election, the node that is back tells where its own log ends.
    await until(isThere, { timeoutMs: READ_WITHIN_MS, what: "all three letters can be read" });
    expect(letters).toEqual(["before", "meanwhile", "after"]);
    expect(recoveredMs).toBeLessThan(RECOVERS_WITHIN_MS);
    tell("held");
  } finally {
    await Promise.all([port.close(), view.close(), topics.close()]);
    await cluster.close();
  }
}, 600_000);
