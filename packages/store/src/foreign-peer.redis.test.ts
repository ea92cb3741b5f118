import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { asFreshetError, type FreshetError } from "@freshet/protocol";
import { type OwnRedis, SENTINEL_NAME, startRedis, until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { connectionFaultOf } from "./connection-fault.js";
import type { StorePort } from "./port.js";
import { createRedisStore, type RedisStoreConfig } from "./redis-store.js";

const timeouts = { commandMs: 400, socketMs: 800, connectMs: 500, readyMs: 700, deadlineMs: 2_000 };
const SAID = "hunter2-of-peers";
const closers: (() => unknown)[] = [];
let redis: OwnRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listening(server: Server, port = 0): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that says this as soon as somebody comes, or as soon as they say something. */
function saying(text: string, when: "first" | "asked"): Server {
  return createServer((socket) => {
    socket.on("error", () => undefined);
    if (when === "first") socket.write(text);
    socket.on("data", () => when === "asked" && socket.end(text));
  });
}

function open(config: Pick<RedisStoreConfig, "url"> & Partial<RedisStoreConfig>): StorePort {
  const store = createRedisStore({ prefix: "fr:", timeouts, ...config });
  closers.push(() => store.close());
  return store;
}

/** A peer may be slower than these timeouts at first; from then on each attempt has this code. */
async function toldAs(store: StorePort, code: string): Promise<void> {
  await until(async () => (await troubleOf(store.probe())).code === code, { timeoutMs: 60_000, what: code });
}

async function troubleOf(work: Promise<unknown>): Promise<FreshetError> {
  return asFreshetError(
    await work.then(
      () => new Error("it worked"),
      (error: unknown) => error,
    ),
  );
}

describe("a peer that does not speak Redis", () => {
  const peers: readonly (readonly [string, () => Server])[] = [
    ["an HTTP server", () => createHttpServer((_request, response) => response.end(SAID))],
    ["an HTTP server with words of its own", () => saying(`HTTP/1.1 400 ${SAID}\r\n\r\n${SAID}`, "asked")],
    ["an SSH server", () => saying(`SSH-2.0-${SAID}\r\n`, "first")],
    ["a mail server", () => saying(`220 ${SAID} ESMTP\r\n`, "first")],
    ["Memcached", () => saying("ERROR\r\n", "asked")],
    ["a TLS server", () => saying("\x15\x03\x01\x00\x02\x02\x46", "asked")],
  ];

  test.each(peers)("%s has one code, whoever asks and however often, and is not repeated", async (_what, serve) => {
    const at = await listening(serve());
    const told: FreshetError[] = [];
    const store = open({ url: `redis://${at}`, onError: (error) => told.push(error) });
    await toldAs(store, "FR2004");
    for (const ask of [() => store.probe(), () => store.readBounds(), () => store.servers()]) told.push(await troubleOf(ask()));
    for (const error of told.filter(({ disposition }) => disposition === "halt")) {
      expect(error).toMatchObject({ code: "FR2004", message: "What answers there does not speak Redis.", disposition: "halt" });
      expect(connectionFaultOf(error)).toBe("protocol");
    }
    expect(told.slice(-3).map(({ code }) => code)).toEqual(["FR2004", "FR2004", "FR2004"]);
    expect(told.map(({ message, fix, cause }) => [message, fix, String(cause)].join()).join()).not.toMatch(/hunter2|"[A-Z0-9]"/);
  });

  test("is forgotten as the reason once nobody listens there", async () => {
    const server = saying(`220 ${SAID}\r\n`, "first");
    const at = await listening(server);
    const store = open({ url: `redis://${at}` });
    await toldAs(store, "FR2004");
    server.close();
    const isAway = async () => (await troubleOf(store.probe())).code === "FR2001";
    await until(isAway, { timeoutMs: 60_000, what: "the code of a Redis that is away" });
  });

  test("in place of a Redis that was in use has one code, and a Redis that is back mends it", async () => {
    const own = await startRedis();
    closers.push(() => own.close());
    const store = open({ url: own.url });
    await until(async () => (await store.probe().catch(() => null))?.length === 0, { timeoutMs: 60_000, what: "all is well" });
    await own.stop();
    // It resets every other connection, as a server does that closes before it has read all.
    let comers = 0;
    const stranger = createServer((socket) => {
      socket.on("error", () => undefined);
      comers += 1;
      if (comers % 2 === 0) socket.resetAndDestroy();
      else socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    await listening(stranger, own.port);
    const isTold = async () => (await troubleOf(store.readBounds())).code === "FR2004";
    await until(isTold, { timeoutMs: 60_000, what: "the code of a peer that does not speak Redis" });
    const codes: string[] = [];
    for (let call = 0; call < 6; call++) codes.push((await troubleOf(store.readBounds())).code);
    expect(codes).toEqual(codes.map(() => "FR2004"));
    stranger.close();
    await own.restart();
    const isBack = async () => (await store.readBounds().catch(() => "no")) === null;
    await until(isBack, { timeoutMs: 60_000, what: "a call that works" });
  }, 180_000);

  test("behind the name of a sentinel is told the same", async () => {
    const at = await listening(saying(`220 ${SAID}\r\n`, "first"));
    const store = open({ url: `redis://${at}`, mode: "sentinel", sentinelName: SENTINEL_NAME });
    await toldAs(store, "FR2004");
    expect(await troubleOf(store.probe())).toMatchObject({ code: "FR2004", message: "What answers there does not speak Redis." });
  });
});

test("a Redis that is taken for a sentinel says that it is none", async () => {
  const store = open({ url: redis.url, mode: "sentinel", sentinelName: SENTINEL_NAME });
  await toldAs(store, "FR2004");
  const error = await troubleOf(store.probe());
  expect(error).toMatchObject({ code: "FR2004", disposition: "halt", message: "What answers there is not a sentinel." });
  expect(String(error.cause)).not.toContain(SENTINEL_NAME);
});

describe("TLS with a peer that does not speak it", () => {
  test.each([
    ["that waits for more", () => Promise.resolve(new URL(redis.url).host)],
    ["that answers in the clear", () => listening(saying("-ERR Protocol error\r\n", "asked"))],
    ["that closes at once", () => listening(createServer((socket) => socket.destroy()))],
  ])("%s does not come about, and the fix names the URL", async (_what, where) => {
    const store = open({ url: `rediss://${await where()}`, options: { tls: {} } });
    for (let i = 0; i < 2; i++) {
      expect(await troubleOf(store.probe())).toMatchObject({
        code: "FR2001",
        disposition: "wait",
        message: "No TLS connection with Redis came about.",
        fix: expect.stringContaining("rediss://"),
      });
    }
  });
});
