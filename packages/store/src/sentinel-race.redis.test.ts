import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { SENTINEL_NAME, startRedis, startSentinel, until } from "@freshet/testkit";
import { afterEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { createRedisStore } from "./redis-store.js";

const timeouts = { commandMs: 2000, socketMs: 3000, connectMs: 500, readyMs: 1200, deadlineMs: 2500 };
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What a sentinel tells those who listen once another server is the master. */
const SWITCHED = ">3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$4\r\nmain\r\n";

/** In front of a sentinel: keeps back who asks for the master while it is armed, and can tell listeners of a failover. */
interface Gate {
  readonly port: number;
  /** How many questions it keeps back. */
  readonly held: number;
  /** How many listen. */
  readonly listeners: number;
  arm(): void;
  tell(): void;
  release(): void;
}

async function openGate(sentinelPort: number): Promise<Gate> {
  const [listening, waiting] = [new Set<Socket>(), [] as (() => void)[]];
  let isArmed = false;
  const server: Server = createServer((client) => {
    const behind = connect(sentinelPort, "127.0.0.1");
    const end = (): void => {
      listening.delete(client);
      client.destroy();
      behind.destroy();
    };
    for (const socket of [client, behind]) socket.on("error", end).on("close", end);
    behind.on("data", (chunk: Buffer) => void client.write(chunk));
    client.on("data", (chunk: Buffer) => {
      if (chunk.includes("subscribe")) listening.add(client);
      if (isArmed && chunk.includes("get-master-addr-by-name")) waiting.push(() => void behind.write(chunk));
      else behind.write(chunk);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    get held() {
      return waiting.length;
    },
    get listeners() {
      return listening.size;
    },
    arm: () => {
      isArmed = true;
    },
    tell: () => {
      for (const client of listening) client.write(SWITCHED);
    },
    release: () => {
      isArmed = false;
      for (const ask of waiting.splice(0)) ask();
    },
  };
}

test("news of a failover in the moment in which a sentinel is asked for the master does not end the connection for good", async () => {
  const master = await startRedis();
  closers.push(() => master.close());
  const sentinel = await startSentinel(master);
  closers.push(() => sentinel.close());
  const gate = await openGate(sentinel.port);
  const store = createRedisStore({
    url: `redis://127.0.0.1:${gate.port}`,
    mode: "sentinel",
    sentinelName: SENTINEL_NAME,
    prefix: "fr:",
    timeouts,
  });
  closers.push(() => store.close());
  const isThere = () =>
    store.readBounds().then(
      () => true,
      () => false,
    );
  await until(isThere, { timeoutMs: 60_000, what: "the store finds its master" });
  await until(() => gate.listeners > 0, { what: "the store listens to the sentinel" });

  gate.arm();
  const admin = new Redis(master.url);
  closers.push(() => admin.disconnect());
  await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await until(() => gate.held > 0, { what: "the store asks for the master" });
  gate.tell();
  await expect(store.readBounds()).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
  gate.release();
  await until(isThere, { timeoutMs: 60_000, what: "the store finds its master again" });
  await store.close();
  await expect(store.readBounds()).rejects.toMatchObject({ code: "FR2001" });
}, 180_000);
