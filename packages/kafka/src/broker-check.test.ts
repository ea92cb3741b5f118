import { createServer } from "node:net";
import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { checkBroker } from "./broker-check.js";
import { type BrokerApis, refuseStrangers } from "./broker-versions.js";
import { fromKafkajs } from "./kafka-errors.js";
import { createKafkajsPort } from "./kafkajs-port.js";
import { adminRetry, clientConfig } from "./kafkajs-settings.js";

const range = (least: number, most: number) => ({ minVersion: least, maxVersion: most });

/** What Apache Kafka 4.3.0 answers, as far as it matters here. */
const kafka43: BrokerApis = {
  0: range(0, 13),
  1: range(4, 18),
  2: range(1, 11),
  3: range(0, 13),
  8: range(2, 10),
  9: range(1, 10),
  10: range(0, 6),
  11: range(0, 9),
  12: range(0, 4),
  13: range(0, 5),
  14: range(0, 5),
  15: range(0, 6),
  18: range(0, 4),
  19: range(2, 7),
  32: range(1, 4),
};
/** Its controller's port: no metadata, no groups. */
const controller43: BrokerApis = { 1: range(4, 18), 18: range(0, 4), 19: range(2, 7), 32: range(1, 4) };

function refusalOf(apis: BrokerApis): FreshetError | null {
  try {
    refuseStrangers(apis, "kafka-1:9092");
    return null;
  } catch (error) {
    if (error instanceof FreshetError) return error;
    throw error;
  }
}

describe("a broker's versions", () => {
  test("of Kafka 4.3 are taken", () => {
    expect(refusalOf(kafka43)).toBeNull();
  });

  test("that leave ours behind are refused, with the broker, what it looks like and each request", () => {
    const newer = { ...kafka43, 1: range(12, 19), 3: range(9, 14) };
    const refusal = refusalOf(newer);
    expect(refusal).toMatchObject({ code: "FR3007", disposition: "halt" });
    expect(refusal?.message).toBe(
      "the broker at kafka-1:9092 looks like Kafka 4.1 or newer, and shares no version with Freshet of " +
        "Fetch (Freshet 11, the broker 12 to 19), Metadata (Freshet 0 to 6, the broker 9 to 14)",
    );
  });

  test("that ours have left behind are refused", () => {
    const refusal = refusalOf({ ...kafka43, 0: range(0, 2), 1: range(0, 10) });
    expect(refusal?.message).toContain("looks like Kafka 2.1 or 2.2");
    expect(refusal?.message).toContain("Fetch (Freshet 11, the broker 0 to 10)");
    expect(refusal?.message).toContain("Produce (Freshet 3 to 7, the broker 0 to 2)");
  });

  test("of a controller say so", () => {
    const refusal = refusalOf(controller43);
    expect(refusal?.message).toContain("a KRaft controller");
    expect(refusal?.fix).toContain("client port");
  });

  for (const [most, release] of [
    [17, "Kafka 3.9 or 4.0"],
    [16, "Kafka 3.7 or 3.8"],
    [13, "Kafka 3.1 to 3.4"],
    [5, "Kafka 0.11 or older"],
  ] as const) {
    test(`with Fetch up to ${most} look like ${release}`, () => {
      expect(refusalOf({ ...kafka43, 1: range(0, most), 8: range(7, 9) })?.message).toContain(`looks like ${release}`);
    });
  }
});

/** A server that answers ApiVersions with these, and nothing else. */
async function brokerWith(apis: BrokerApis) {
  const entries = Object.entries(apis);
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (request) => {
      const body = Buffer.alloc(4 + 2 + 4 + entries.length * 6 + 4);
      request.copy(body, 0, 8, 12); // correlation id
      body.writeInt32BE(entries.length, 6);
      for (const [at, [api, versions]] of entries.entries()) {
        body.writeInt16BE(Number(api), 10 + at * 6);
        body.writeInt16BE(versions.minVersion, 12 + at * 6);
        body.writeInt16BE(versions.maxVersion, 14 + at * 6);
      }
      const size = Buffer.alloc(4);
      size.writeInt32BE(body.length);
      socket.write(Buffer.concat([size, body]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { brokers: [`127.0.0.1:${port}`], close: () => new Promise((resolve) => server.close(resolve)) };
}

describe("a broker on the wire", () => {
  test("is asked before anything else is sent to it, and refused by every call", async () => {
    const broker = await brokerWith({ ...kafka43, 1: range(12, 19) });
    const port = createKafkajsPort({ brokers: broker.brokers, clientId: "c", clock: { nowMs: () => Date.now() } });
    const refused = expect.objectContaining({ code: "FR3007", message: expect.stringContaining(String(broker.brokers[0])) });
    await expect(port.describeTopics(["t"])).rejects.toEqual(refused);
    await expect(port.createTopics([])).rejects.toEqual(refused);
    await expect(port.produce([{ topic: "t", key: null, value: null, headers: [] }])).rejects.toEqual(refused);
    await expect(port.consume({ group: "g", topics: ["t"], onBatch: async () => ({ kind: "done" }) })).rejects.toEqual(refused);
    await port.close();
    await broker.close();
  });

  test("that is of our time passes", async () => {
    const broker = await brokerWith(kafka43);
    await expect(checkBroker(clientConfig({ brokers: broker.brokers, clientId: "c" }, adminRetry))).resolves.toBeUndefined();
    await broker.close();
  });

  test("that is not there is waited for", async () => {
    const broker = await brokerWith(kafka43);
    await broker.close();
    const config = clientConfig({ brokers: broker.brokers, clientId: "c" }, { ...adminRetry, retries: 0 });
    await expect(checkBroker(config)).rejects.toMatchObject({ code: "FR3001", disposition: "wait" });
  });
});

test("a version that a broker refuses later is told as such, and not as an outage", () => {
  const error = Object.assign(new Error("unsupported"), { name: "KafkaJSProtocolError", type: "UNSUPPORTED_VERSION" });
  expect(fromKafkajs(error, "fetching")).toMatchObject({ code: "FR3007", disposition: "halt" });
});
