import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { freePort, type OwnRedis, startRedis, until } from "../index.js";

const servers: OwnRedis[] = [];
const clients: Redis[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(...args: string[]): Promise<OwnRedis> {
  const server = await startRedis({ args });
  servers.push(server);
  return server;
}

function clientOf({ url }: OwnRedis, commandTimeout = 30_000): Redis {
  const client = new Redis(url, { commandTimeout, maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on("error", () => undefined);
  clients.push(client);
  return client;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("killed and started again: the same port, another process, the data as Redis kept them", async () => {
  const server = await start("--appendonly", "yes", "--appendfsync", "always");
  await clientOf(server).set("key", "value");
  const { pid, port } = server;
  await server.kill();
  expect(isAlive(pid)).toBe(false);
  await expect(clientOf(server).ping()).rejects.toThrow();
  await server.restart();
  expect(server.port).toBe(port);
  expect(server.pid).not.toBe(pid);
  expect(await clientOf(server).get("key")).toBe("value");
});

test("paused, it holds its connections and answers nothing; resumed, it goes on", async () => {
  const server = await start();
  const client = clientOf(server);
  expect(await client.ping()).toBe("PONG");
  client.options.commandTimeout = 300; // looked at by each command
  server.pause();
  await expect(client.ping()).rejects.toThrow("timed out");
  server.resume();
  await until(
    () =>
      clientOf(server, 3_000)
        .ping()
        .then(
          () => true,
          () => false,
        ),
    { what: "Redis answers again" },
  );
});

test("paused, it can still be stopped", async () => {
  const server = await start();
  server.pause();
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
});

test("one that cannot start says why, and leaves nothing behind", async () => {
  await expect(start("--no-such-setting", "1")).rejects.toThrow(/redis-server ended before it was ready[\s\S]*no-such-setting/);
});

test("a process that is killed leaves neither its server nor the server's folder behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "freshet-owner-"));
  const port = await freePort();
  const source = join(import.meta.dirname, "..", "..", "dist", "servers", "redis.js");
  const owner = spawn(process.execPath, ["--input-type=module", "-e", OWNER], {
    env: { ...process.env, TMPDIR: folder, OWNER_PORT: String(port), OWNER_SOURCE: source },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  owner.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await until(() => said.endsWith("\n"), { what: "the server of the other process is up" });
  const [pid = 0] = said.trim().split(" ").map(Number);
  const [made = ""] = said.trim().split(" ").slice(1);
  expect([isAlive(pid), existsSync(made)]).toEqual([true, true]);
  owner.kill("SIGKILL");
  await until(() => !isAlive(pid) && !existsSync(made), { what: "both are gone" });
  await rm(folder, { recursive: true, force: true });
});

const OWNER = `
const { startRedis } = await import(process.env.OWNER_SOURCE);
const { readdirSync } = await import("node:fs");
const server = await startRedis({ port: Number(process.env.OWNER_PORT) });
console.log(server.pid, process.env.TMPDIR + "/" + readdirSync(process.env.TMPDIR)[0]);
setInterval(() => {}, 1000);
`;
