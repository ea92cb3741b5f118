import { createKafkajsPort, type ProduceRecord } from "@freshet/kafka";
import { freshTopic, startKafkaCluster } from "@freshet/testkit";
import { expect, test } from "@jest/globals";

const HEAP_MB = 256;
/** A send is given up after twenty seconds: two of them, and connections have been made to the silent broker by then. */
const PAUSED_MS = 45_000;
const RECOVERS_WITHIN_MS = 25_000;

const tell = (text: string): void => void process.stdout.write(`only-broker-paused  ${text}\n`);

test("only broker paused: once it goes on, records are sent again by the same producer", async () => {
  const cluster = await startKafkaCluster({ nodes: 1, heapMb: HEAP_MB });
  const port = createKafkajsPort({ brokers: cluster.brokers.split(","), clientId: "drill", clock: { nowMs: () => Date.now() } });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("there is no node");
  try {
    const topic = freshTopic("letters");
    await port.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }]);
    const letter = (text: string): ProduceRecord => ({ topic, key: null, value: Buffer.from(text), headers: [] });
    const trySend = (text: string): Promise<string> =>
      port.produce([letter(text)]).then(
        () => "sent",
        (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "?"),
      );
    await port.produce([letter("before")]);
    node.pause();
    const pausedMs = performance.now();
    tell("the broker is stopped by SIGSTOP");
    const codes = new Set<string>();
    while (performance.now() - pausedMs < PAUSED_MS) for (const code of await Promise.all(["a", "b"].map(trySend))) codes.add(code);
    node.resume();
    const resumedMs = performance.now();
    while ((await trySend("after")) !== "sent" && performance.now() - resumedMs < 2 * RECOVERS_WITHIN_MS);
    const recoveredMs = performance.now() - resumedMs;
    tell(`told meanwhile: ${[...codes].join()}; a letter is acknowledged ${(recoveredMs / 1000).toFixed(1)} s after it went on`);
    expect([...codes]).toEqual(["FR3001"]);
    expect(recoveredMs).toBeLessThan(RECOVERS_WITHIN_MS);
    tell("held");
  } finally {
    await port.close();
    await cluster.close();
  }
}, 600_000);
