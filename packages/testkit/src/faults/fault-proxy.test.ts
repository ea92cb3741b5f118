import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type FaultProxy, startFaultProxy, until } from "../index.js";

const heard: string[] = [];
const clients: Client[] = [];
let server: Server;
let proxy: FaultProxy;

interface Client {
  readonly socket: Socket;
  got: string;
  ending: "open" | "closed" | string;
}

beforeEach(async () => {
  heard.length = 0;
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard.push(chunk.toString());
      socket.write(`re:${chunk.toString()}`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startFaultProxy({ to: `127.0.0.1:${(server.address() as AddressInfo).port}` });
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.close();
  server.close();
});

function open(): Client {
  const socket = connect({ host: "127.0.0.1", port: proxy.port });
  const client: Client = { socket, got: "", ending: "open" };
  socket.on("data", (chunk) => {
    client.got += chunk.toString();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    client.ending = error.code ?? error.message;
  });
  socket.on("close", () => {
    if (client.ending === "open") client.ending = "closed";
  });
  clients.push(client);
  return client;
}

async function ask(client: Client, text: string): Promise<void> {
  client.socket.write(text);
  await until(() => heard.includes(text), { what: `the server hears ${text}` });
}

const gets = (client: Client, text: string) => until(() => client.got === text, { what: `the client gets ${text}, not ${client.got}` });
const ends = (client: Client) => until(() => client.ending !== "open", { what: "the connection ends" });

test("without a fault everything passes, and the end of one side is the end of the other", async () => {
  const client = open();
  await ask(client, "one");
  await gets(client, "re:one");
  expect(proxy.connections).toBe(1);
  client.socket.end();
  await until(() => proxy.connections === 0, { what: "the proxy lets go" });
});

test("drop-replies: the server obeys, the client never hears; healed, the torn connection goes", async () => {
  const client = open();
  proxy.set({ kind: "drop-replies" });
  await ask(client, "one");
  await ask(client, "two");
  expect(client).toMatchObject({ got: "", ending: "open" });
  proxy.heal();
  await ends(client);
  const next = open();
  await ask(next, "three");
  await gets(next, "re:three");
});

test("cut: so many bytes of the reply, then the end", async () => {
  const client = open();
  await ask(client, "one");
  await gets(client, "re:one");
  proxy.set({ kind: "cut", afterBytes: 4 });
  await ask(client, "two");
  await ends(client);
  expect(client.got).toBe("re:onere:t");
});

test("black-hole: nothing passes and nobody is told, on open and on new connections; healed, it arrives", async () => {
  const before = open();
  await ask(before, "one");
  await gets(before, "re:one");
  proxy.set({ kind: "black-hole" });
  const during = open();
  before.socket.write("two");
  during.socket.write("three");
  await until(() => proxy.connections === 2, { what: "the new one is accepted" });
  proxy.set({ kind: "black-hole" });
  expect(heard).toEqual(["one"]);
  expect([before.ending, during.ending]).toEqual(["open", "open"]);
  proxy.heal();
  await gets(before, "re:onere:two");
  await gets(during, "re:three");
});

test("reset: open connections and new ones get RST", async () => {
  const before = open();
  await ask(before, "one");
  proxy.set({ kind: "reset" });
  await ends(before);
  const after = open();
  await ends(after);
  expect([before.ending, after.ending]).toEqual(["ECONNRESET", "ECONNRESET"]);
});

test("accept-then-close: the connection is made and over", async () => {
  proxy.set({ kind: "accept-then-close" });
  const client = open();
  await once(client.socket, "connect");
  await ends(client);
  expect(client.ending).toBe("closed");
  expect(heard).toEqual([]);
});

test("delay: chunks come later and in order, also when the delay ends meanwhile", async () => {
  const client = open();
  await ask(client, "a");
  await gets(client, "re:a");
  proxy.set({ kind: "delay", ms: 80 });
  const startedMs = performance.now();
  client.socket.write("b");
  await until(() => proxy.connections === 1);
  await gets(client, "re:are:b");
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(150);
  client.socket.write("c");
  proxy.heal();
  await gets(client, "re:are:bre:c");
});

test("a server that is not there ends the client's connection", async () => {
  server.close();
  const client = open();
  await ends(client);
});

test("an address that is none is refused", async () => {
  await expect(startFaultProxy({ to: "nowhere" })).rejects.toThrow("is not host:port");
});
