import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type OwnRedis, startRedis } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type FreshetEnd, startFreshet } from "./freshet-process.js";

const RULES = `freshet: 1
sources: [{ name: products, topic: shop.products, format: cloudevents, space: catalog.product }]
families: { page: { key: "page:{id}", ttl: 1h } }
rules: [{ name: changed, source: products, types: [product.updated], bust: [{ family: page, with: { id: subject } }] }]
`;
const SAID = "what-the-peer-says";

let folder: string;
let redis: OwnRedis;
let admin: Redis;
let web: Server;
let nobody: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-refused-"));
  await writeFile(join(folder, "rules.yaml"), RULES);
  redis = await startRedis({ args: ["--databases", "16"] });
  admin = new Redis(redis.url);
  await admin.call("ACL", "SETUSER", "worker", "on", ">secret", "~*", "+@all", "-select");
  await admin.set("page:7", "a page of somebody else");
  web = createServer((_request, response) => response.end(SAID)).listen(0, "127.0.0.1");
  nobody = await freePort();
}, 180_000);
afterAll(async () => {
  admin?.disconnect();
  web?.close();
  await redis?.close();
  await rm(folder, { recursive: true, force: true });
});

const cases = [
  ["a database for which the right is missing", () => `redis://worker:secret@127.0.0.1:${redis.port}/3`, "FR2003", "redis-database"],
  ["a database that the server does not have", () => `${redis.url}/99`, "FR1002", "redis-database"],
  ["a web server", () => `redis://127.0.0.1:${(web.address() as AddressInfo).port}`, "FR2004", "redis-protocol"],
] as const;

/** There is no broker: what is wrong with Redis ends the start all the same. */
function freshet(command: readonly string[], url: string, more: Readonly<Record<string, string>> = {}): Promise<FreshetEnd> {
  const kafka = { FRESHET_KAFKA_BROKERS: `127.0.0.1:${nobody}`, FRESHET_HTTP_PORT: "0" };
  return startFreshet(command, { ...kafka, FRESHET_RULES: join(folder, "rules.yaml"), FRESHET_REDIS_URL: url, ...more }).ended;
}

describe.each(cases)("%s", (_what, url, code, name) => {
  test("ends the start, typed, and database 0 is left alone", async () => {
    const { code: exit, stdout, stderr } = await freshet(["run"], url());
    expect({ exit, output: stdout + stderr }).toEqual({ exit: 1, output: expect.stringContaining(code) });
    expect(stdout + stderr).not.toMatch(new RegExp(`FR9001|${SAID}|RESP type`));
    expect(await admin.keys("*")).toEqual(["page:7"]);
  }, 180_000);

  test("is named by the doctor", async () => {
    const { stdout } = await freshet(["doctor", "--json"], url());
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly name: string; readonly code: string }[] };
    expect(findings.filter((found) => found.name.startsWith("redis-"))).toMatchObject([{ name, code }]);
    expect(stdout).not.toContain(SAID);
    expect(await admin.keys("*")).toEqual(["page:7"]);
  }, 270_000);
});

const sentinel = { FRESHET_REDIS_MODE: "sentinel", FRESHET_REDIS_SENTINEL_NAME: "main" };
test.each([
  [
    "a Redis that is taken for a sentinel",
    () => redis.url,
    sentinel,
    { name: "redis-refused", problem: "What answers there is not a sentinel." },
  ],
  [
    "a Redis without TLS",
    () => redis.url.replace("redis:", "rediss:"),
    {},
    { name: "redis-unreachable", problem: "No TLS connection with Redis came about." },
  ],
])(
  "the doctor does not say of %s that it gave no answer",
  async (_what, url, more, wanted) => {
    const { stdout } = await freshet(["doctor", "--json"], url(), more);
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly name: string }[] };
    expect(findings.filter(({ name }) => name.startsWith("redis-"))).toMatchObject([wanted]);
  },
  270_000,
);
