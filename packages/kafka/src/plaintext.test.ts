import { once } from "node:events";
import { type AddressInfo, createServer, Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import kafkajs from "kafkajs";
import { fromKafkajs } from "./kafka-errors.js";
import { adminRetry, clientConfig } from "./kafkajs-settings.js";
import { PLAINTEXT_REFUSED, refusePlaintext } from "./plaintext.js";

/** Of a network that leads nowhere. */
const ELSEWHERE = "10.255.255.1";

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A socket as kafkajs gets it, without TLS. */
async function open(host: string, plaintext: "anywhere" | "loopback") {
  const server = createServer((socket) => void socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  const { socketFactory } = clientConfig({ brokers: [], clientId: "test", plaintext }, adminRetry);
  if (socketFactory === undefined) throw new Error("kafkajs opens sockets by itself");
  const { port } = server.address() as AddressInfo;
  const socket = socketFactory({ host, port, ssl: undefined as never, onConnect: () => undefined });
  closers.push(() => socket.destroy());
  socket.on("error", () => undefined);
  return socket;
}

describe("a connection without TLS", () => {
  test.each(["127.0.0.1", "localhost"])("to %s is made", async (host) => {
    await once(await open(host, "loopback"), "connect");
  });

  test("to another machine, which a broker named, ends before it leaves this one; where it may leave, it does", async () => {
    expect((await open(ELSEWHERE, "loopback")).errored).toMatchObject({ code: PLAINTEXT_REFUSED });
    expect((await open(ELSEWHERE, "anywhere")).errored).toBeNull();
  });

  test("to a name ends where the name leads elsewhere", () => {
    const [here, there] = [new Socket(), new Socket().on("error", () => undefined)];
    refusePlaintext(here, "broker");
    refusePlaintext(there, "broker");
    here.emit("lookup", null, "127.0.0.1", 4, "broker");
    there.emit("lookup", null, ELSEWHERE, 4, "broker");
    expect([here.errored, there.errored]).toEqual([null, expect.objectContaining({ code: PLAINTEXT_REFUSED })]);
  });

  test("is told with what to set", () => {
    const error = Object.assign(new kafkajs.KafkaJSConnectionError("Connection error", { broker: "b:9092" }), { code: PLAINTEXT_REFUSED });
    expect(fromKafkajs(error, "looking for topics")).toMatchObject({
      code: "FR1002",
      disposition: "halt",
      fix: expect.stringContaining("FRESHET_ALLOW_PLAINTEXT=true"),
    });
  });
});
