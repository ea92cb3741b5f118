import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { FreshetError } from "@freshet/protocol";
import { describe, expect, jest, test } from "@jest/globals";
import { batchOf, SNAPPY, valued } from "../tests/batches.js";
import { timeoutError } from "../tests/stub-cluster.js";
import { codecs } from "./codecs.js";
import { FlatMessages } from "./fetch-decoder.js";
import { FLAT_FETCH_MAX_BYTES, installPatches } from "./patches.js";
import type { EncodableRecord } from "./record-encoder.js";

// kafkajs' inside, as the patches find it. The tests run in order: what stock does is looked at before the patches are in.
const inside = createRequire(import.meta.url);
type Exchange = {
  readonly request: { encode(): Promise<{ readonly buffer: Buffer }> };
  readonly response: {
    decode(bytes: Buffer): Promise<{ responses: readonly { partitions: readonly { messages: readonly object[] }[] }[] }>;
  };
};
type Definition = { protocol(choice: object): (options: object) => Exchange };
const fetch: Definition = inside("kafkajs/src/protocol/requests/fetch");
const produce: Definition = inside("kafkajs/src/protocol/requests/produce");
interface Queue {
  throttleCheckTimeoutId: unknown;
  pending: unknown[];
  readonly inflight: Map<number, object>;
  checkPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
  destroy(): void;
}
const RequestQueue: new (options: object) => Queue = inside("kafkajs/src/network/requestQueue");
const Broker: new (
  options: object,
) => {
  produce(request: object): Promise<unknown>;
  isConnected(): boolean;
  connect(): Promise<void>;
  versions: object;
  lookupRequest: unknown;
} = inside("kafkajs/src/broker");
const Connection: new (options: object) => { connect(): Promise<unknown>; disconnect(): Promise<unknown> } =
  inside("kafkajs/src/network/connection");
const compression: { lookupCodec(id: number): { decompress(bytes: Buffer): Promise<Buffer> } } = inside(
  "kafkajs/src/protocol/message/compression",
);

/** A connection whose sockets exist only on paper, and the events that a socket of its would tell it. */
function connectionOnPaper() {
  const sockets: { readonly onConnect: () => void; readonly tell: Map<string, (cause?: Error) => void>; ended: boolean }[] = [];
  const socketFactory = ({ onConnect }: { readonly onConnect: () => void }) => {
    const socket = { onConnect, tell: new Map<string, (cause?: Error) => void>(), ended: false };
    sockets.push(socket);
    const on = (event: string, listener: () => void) => socket.tell.set(event, listener);
    return { on, unref: () => {}, end: () => Object.assign(socket, { ended: true }) };
  };
  const silent = { debug: () => {}, error: () => {} };
  const logger = { namespace: () => silent };
  const connection = new Connection({ host: "h", port: 1, logger, socketFactory, connectionTimeout: 60_000, requestTimeout: 60_000 });
  return { connection, sockets };
}

const fetchOf = (maxBytes: number) => fetch.protocol({ version: 11 })({ maxBytes, topics: [], maxWaitTime: 1, minBytes: 1 });
const oddHeaders = [
  { name: "__proto__", value: Buffer.from("p") },
  { name: "b", value: null },
  { name: "2", value: Buffer.from("x") },
  { name: "1", value: Buffer.from("y") },
  { name: "b", value: Buffer.of() },
];
const produceOf = (message: object) =>
  produce.protocol({ version: 7 })({
    acks: -1,
    timeout: 1,
    topicData: [{ topic: "t", partitions: [{ partition: 0, messages: [message] }] }],
  });

/** A broker that never answers what it is sent, and whether it was left. */
function silentBroker() {
  const seen = { isLeft: false };
  const connectionPool = {
    host: "b1",
    port: 9092,
    connectionTimeout: 1,
    send: async () => {
      throw timeoutError();
    },
    destroy: async () => {
      seen.isLeft = true;
    },
  };
  const logger: { namespace(): unknown } = { namespace: () => logger };
  const broker = new Broker({ connectionPool, logger, nodeId: 1 });
  broker.lookupRequest = () => () => ({});
  const ask = (message: object): Promise<unknown> =>
    broker.produce({ topicData: [{ topic: "t", partitions: [{ partition: 0, messages: [message] }] }] });
  return { ask, seen };
}

/** A broker that takes connections, and has not said what it speaks at the first question. */
function frozenBroker() {
  let questions = 0;
  const connection = { getSupportAuthenticationProtocol: () => true, authenticate: async () => undefined };
  const connectionPool = {
    ...{ host: "b1", port: 9092, connectionTimeout: 1, sasl: null },
    isConnected: () => questions > 0,
    getConnection: async () => connection,
    setVersions: () => undefined,
    send: async () => {
      questions++;
      if (questions === 1) throw timeoutError();
      return { apiVersions: [{ apiKey: 3, minVersion: 0, maxVersion: 5 }] };
    },
  };
  const logger: { namespace(): unknown } = { namespace: () => logger };
  return { broker: new Broker({ connectionPool, logger, nodeId: 1 }), questions: () => questions };
}

/** A response to Fetch, version 11, with one partition. */
function responseOf(batches: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(4 + 2 + 4 + 4);
  head.writeInt32BE(1, 10);
  const topic = Buffer.from([0, 1, 0x74, 0, 0, 0, 1]);
  const partition = Buffer.alloc(4 + 2 + 8 * 3 + 4 + 4 + 4);
  partition.writeInt32BE(5, 0);
  partition.writeBigInt64BE(99n, 6);
  const records = Buffer.concat(batches);
  partition.writeInt32BE(records.length, partition.length - 4);
  return Buffer.concat([head, topic, partition, records]);
}

describe("stock kafkajs, which the patches are for", () => {
  test("cannot read 130,000 small records in a fetch", async () => {
    const many = Array.from({ length: 130_000 }, () => valued("v"));
    let thrown = "nothing";
    await fetchOf(FLAT_FETCH_MAX_BYTES)
      .response.decode(responseOf([batchOf(many)]))
      .catch((error: unknown) => {
        thrown = String(error);
      });
    expect(thrown).toContain("RangeError");
  });

  test("cannot send a header without a value, and mixes up the order of the others", async () => {
    const headers = Object.fromEntries([["b", null]]);
    await expect(produceOf({ key: null, value: Buffer.from("v"), headers }).request.encode()).rejects.toThrow();
  });

  test("arms a timer for an empty queue", () => {
    const queue = new RequestQueue({ maxInFlightRequests: null, requestTimeout: 1000, logger: {} });
    queue.checkPendingRequests();
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    queue.destroy();
  });

  test("opens a socket for each of two requests that find none, and forgets the first", async () => {
    const { connection, sockets } = connectionOnPaper();
    const both = [connection.connect(), connection.connect()];
    for (const { onConnect } of sockets) onConnect();
    await Promise.all(both);
    await connection.disconnect();
    expect(sockets.map(({ ended }) => ended)).toEqual([false, true]);
  });

  test("keeps a broker that did not answer, and says nothing of where it is", async () => {
    const { ask, seen } = silentBroker();
    const failure: unknown = await ask({ value: "v" }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: "KafkaJSRequestTimeoutError" });
    expect([seen.isLeft, failure instanceof Object && "host" in failure]).toEqual([false, false]);
  });

  test("takes an open socket for a broker that it knows, and never asks it again what it speaks", async () => {
    const { broker, questions } = frozenBroker();
    await expect(broker.connect()).rejects.toMatchObject({ name: "KafkaJSRequestTimeoutError" });
    await broker.connect();
    expect([broker.isConnected(), questions()]).toEqual([true, 1]);
    await expect(broker.produce({ topicData: [] })).rejects.toThrow("Broker not connected");
  });

  test("only writes a log line about an offset that is outside of the log", async () => {
    const tried: string[] = [];
    const manager: { prototype: { setDefaultOffset(at: object): Promise<void> } } = inside("kafkajs/src/consumer/offsetManager");
    const cluster = { defaultOffset: () => -2, fetchTopicsOffset: () => tried.push("asked") };
    const coordinator = { offsetCommit: async () => tried.push("committed") };
    const stock = Object.assign(Object.create(manager.prototype), {
      cluster,
      topicConfigurations: {},
      getCoordinator: async () => coordinator,
      clearOffsets: () => tried.push("cleared"),
    });
    await stock.setDefaultOffset({ topic: "t", partition: 0 });
    expect(tried).toEqual(["committed", "cleared"]);
  });

  test("has no snappy", () => {
    expect(() => compression.lookupCodec(SNAPPY)).toThrow("not implemented");
  });
});

describe("the patches", () => {
  test("refuse any other version, and change nothing then", () => {
    const before = fetch.protocol;
    for (const version of ["2.2.5", "2.2.3", "3.0.0", ""]) expect(() => installPatches({ version })).toThrow(FreshetError);
    expect(fetch.protocol).toBe(before);
  });

  test("go in once", () => {
    installPatches();
    const patched = fetch.protocol;
    installPatches();
    expect(fetch.protocol).toBe(patched);
  });

  test("decode our fetches, and leave those of others alone", async () => {
    const given: EncodableRecord[] = [{ key: Buffer.from("k"), value: null, headers: oddHeaders }, valued("v")];
    const bytes = responseOf([batchOf(given, { firstOffset: 7 })]);
    const ours = await fetchOf(FLAT_FETCH_MAX_BYTES).response.decode(bytes);
    const theirs = await fetchOf(1_000_000).response.decode(bytes);
    const [message] = ours.responses[0]?.partitions[0]?.messages ?? [];
    expect(message).toBeInstanceOf(FlatMessages);
    const records = message instanceof FlatMessages ? message.records.slice() : [];
    expect(records.map(({ topic, partition, offset }) => [topic, partition, offset])).toEqual([
      ["t", 5, 7],
      ["t", 5, 8],
    ]);
    expect(records[0]?.headers.map(({ name, value }) => [name, value?.toString() ?? null])).toEqual(
      oddHeaders.map(({ name, value }) => [name, value?.toString() ?? null]),
    );
    const { messages, ...partition } = theirs.responses[0]?.partitions[0] ?? { messages: [] };
    expect(messages).toMatchObject([
      { offset: "7", key: Buffer.from("k"), value: null },
      { offset: "8", value: Buffer.from("v") },
    ]);
    // whatever else stock says of a partition, ours says too
    expect({ ...ours.responses[0]?.partitions[0], messages: [] }).toEqual({ ...partition, messages: [] });
    expect({ ...ours, responses: [] }).toEqual({ ...theirs, responses: [] });
  });

  test("decode 200,000 small records", async () => {
    const many = Array.from({ length: 200_000 }, () => valued("v"));
    const { responses } = await fetchOf(FLAT_FETCH_MAX_BYTES).response.decode(responseOf([batchOf(many)]));
    const [message] = responses[0]?.partitions[0]?.messages ?? [];
    expect(message instanceof FlatMessages && message.records.length).toBe(200_000);
  });

  test("refuse a broker that is too old, with a reason", () => {
    const build = fetch.protocol({ version: 10 });
    expect(() => build({ maxBytes: FLAT_FETCH_MAX_BYTES, topics: [], maxWaitTime: 1 })).toThrow("Kafka 2.3");
  });

  test("encode every header in its order, in a request that is otherwise stock's", async () => {
    const stock = await produceOf({ key: Buffer.from("k"), value: Buffer.from("v"), headers: {}, timestamp: "5" }).request.encode();
    const ours = await produceOf({ key: Buffer.from("k"), value: Buffer.from("v"), headerList: [] }).request.encode();
    // times, producer ids of nobody and so the checksum differ; sizes and everything before the batch do not
    expect(ours.buffer.length).toBe(stock.buffer.length);
    expect(ours.buffer.subarray(0, 39)).toEqual(stock.buffer.subarray(0, 39));
    // a record that kept an old time could be gone with the next cleaning of its topic
    const writtenMs = Number(ours.buffer.readBigInt64BE(27 + 27));
    expect(Math.abs(Date.now() - writtenMs)).toBeLessThan(60_000);
    const odd = await produceOf({ key: null, value: null, headerList: oddHeaders }).request.encode();
    const names = oddHeaders.map(({ name }) => odd.buffer.lastIndexOf(name));
    expect(names.every((at) => at > 0)).toBe(true);
  });

  test("arm no timer for an empty queue, and one for a full one", () => {
    const queue = new RequestQueue({ maxInFlightRequests: 0, requestTimeout: 1000, logger: {} });
    queue.checkPendingRequests();
    expect(queue.throttleCheckTimeoutId).toBeNull();
    queue.pending.push({});
    queue.checkPendingRequests();
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    queue.destroy();
  });

  test("leave no timer behind at 60 connections that have nothing to do, where stock leaves 60", () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const queues = Array.from({ length: 60 }, () => new RequestQueue({ maxInFlightRequests: null, requestTimeout: 1000, logger: {} }));
    for (const queue of queues) queue.checkPendingRequests();
    expect(timers() - before).toBe(0);
    for (const queue of queues) queue.destroy();
  });

  test("open one socket for two requests that find none", async () => {
    const { connection, sockets } = connectionOnPaper();
    const both = [connection.connect(), connection.connect()];
    for (const { onConnect } of sockets) onConnect();
    await Promise.all(both);
    await connection.disconnect();
    expect(sockets.map(({ ended }) => ended)).toEqual([true]);
  });

  test("open a new socket after one that failed, and after one that was given up", async () => {
    const { connection, sockets } = connectionOnPaper();
    const failing = connection.connect();
    sockets[0]?.tell.get("error")?.(new Error("refused"));
    await expect(failing).rejects.toThrow("refused");
    const givenUp = connection.connect();
    await connection.disconnect();
    const last = connection.connect();
    expect(sockets.length).toBe(3);
    for (const { onConnect } of sockets.slice(1)) onConnect();
    await Promise.all([givenUp, last]);
    await connection.disconnect();
  });

  test("look for requests that took too long a dozen times in that long, and time them out", () => {
    jest.useFakeTimers();
    try {
      let looks = 0;
      let isUp = true;
      const isConnected = () => ++looks > 0 && isUp;
      const queue = new RequestQueue({ requestTimeout: 12_000, enforceRequestTimeout: true, logger: {}, isConnected });
      queue.scheduleRequestTimeoutCheck();
      let isTimedOut = false;
      const timeoutRequest = () => {
        isTimedOut = true;
        queue.inflight.delete(1);
      };
      queue.inflight.set(1, { sentAt: Date.now(), requestTimeout: 12_000, timeoutRequest });
      jest.advanceTimersByTime(12_000);
      expect([looks, isTimedOut]).toEqual([12, false]);
      isUp = false; // given up: whoever waits for its end waits for the request
      jest.advanceTimersByTime(1000);
      expect([looks, isTimedOut]).toEqual([13, true]);
      jest.advanceTimersByTime(12_000);
      expect(looks).toBe(13); // and with nothing under way nobody looks any more
    } finally {
      jest.useRealTimers();
    }
  });

  test("leave a broker that does not answer our records, so that the next try asks who leads by now", async () => {
    const { ask, seen } = silentBroker();
    await expect(ask({ value: "v", headerList: [] })).rejects.toMatchObject({
      name: "KafkaJSConnectionClosedError",
      host: "b1",
      port: 9092,
      retriable: true,
    });
    expect(seen.isLeft).toBe(true);
    const others = silentBroker();
    await expect(others.ask({ value: "v" })).rejects.toMatchObject({ name: "KafkaJSRequestTimeoutError" });
    expect(others.seen.isLeft).toBe(false);
  });

  test("ask a broker again that was frozen when it was asked what it speaks", async () => {
    const { broker, questions } = frozenBroker();
    await expect(broker.connect()).rejects.toMatchObject({ name: "KafkaJSRequestTimeoutError" });
    expect(broker.isConnected()).toBe(false);
    await broker.connect();
    expect([broker.isConnected(), questions()]).toEqual([true, 2]);
  });

  test("bring all four codecs to kafkajs", async () => {
    for (const [id, codec] of codecs) {
      const packed = await codec.compress(Buffer.from("hello"));
      expect((await compression.lookupCodec(id).decompress(packed)).toString()).toBe("hello");
    }
  });
});

describe("the sources", () => {
  const folder = new URL(".", import.meta.url);
  const sources = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const code = sources.map((name) => readFileSync(new URL(name, folder), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""));
  for (const banned of [
    /consumer\s*\.\s*commitOffsets\b/,
    /\bcommitOffsets\s*\(/,
    /idempotent\s*:\s*true/,
    /transactionalId|\.transaction\s*\(/,
    /\brackId\b/,
    /\.seek\s*\(/,
  ]) {
    test(`never say ${banned.source}`, () => {
      expect(sources.length).toBeGreaterThan(20);
      expect(sources.filter((_, at) => banned.test(code[at] ?? ""))).toEqual([]);
    });
  }

  test("switch kafkajs' own restart off, everywhere it is named", () => {
    const named = code.flatMap((text) => text.match(/restartOnFailure[^,}]*/g) ?? []);
    expect(named).toEqual(["restartOnFailure: async () => false "]);
    expect(code.filter((text) => /autoCommit: true|eachBatchAutoResolve: true|fromBeginning: false/.test(text))).toEqual([]);
  });
});
