import { parseVersion } from "@freshet/protocol";
import { freshPrefix, patientTimeouts, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { scripts } from "./generated/scripts.js";
import { createMemoryStore } from "./memory-store.js";
import type { IndexAddRequest, StorePort } from "./port.js";
import { createRedisStore } from "./redis-store.js";

const prefix = `${freshPrefix("own-members")}:`;
const [index, state] = [`${prefix}t:{shop}:i`, `${prefix}t:{shop}:f`];
const own = ["sweeps", "bounds", "t:{other}:f", "t:{shop}:i", "g:k:{page:1}", "g:t:{a}b", "canary:1", ""].map((name) => prefix + name);
const others = ["page:1", prefix.slice(0, -1), `x${prefix}sweeps`, "fr:x"];
let client: Redis;
let redis: StorePort;
beforeAll(() => {
  client = new Redis(testRedisUrl());
  redis = createRedisStore({ url: testRedisUrl(), prefix, timeouts: patientTimeouts });
});
afterAll(async () => {
  await client.unlink(index, state);
  await client.quit();
  await redis.close();
});

const add = (member: string, keys = [index, state]) =>
  client.eval(scripts["index-add"].text, 2, ...keys, member, String(Date.now() * 1000), "60000", "60000", "600");

describe("index-add", () => {
  test.each(own)("refuses %j, one of Freshet's own keys, and writes nothing", async (member) => {
    await expect(add(member)).rejects.toThrow(/^ERR freshet: a member is the key of an entry, none of Freshet's own/);
    expect(await client.exists(index, state)).toBe(0);
  });

  test.each(others)("takes %j", async (member) => {
    expect(await add(member)).toHaveLength(3);
    await client.unlink(index, state);
  });

  test("knows no own keys without a prefix", async () => {
    const keys = [`t:{${prefix}}:i`, `t:{${prefix}}:f`];
    expect(await add("page:1", keys)).toHaveLength(3);
    await client.unlink(...keys);
  });
});

describe.each([
  ["Redis", () => redis],
  ["memory", () => createMemoryStore({ nowUs: () => Date.now() * 1000, prefix })],
] as const)("the store in %s", (_name, open) => {
  const request = (key: string): IndexAddRequest => {
    return { tag: "shop", key, fillTimeUs: Date.now() * 1000, keepMs: 60_000, floorTtlMs: 60_000, skewMs: 600 };
  };

  test.each(own)("refuses %j", async (key) => {
    await expect(open().indexAdd(request(key))).rejects.toMatchObject({ code: "FR1006", disposition: "usage" });
  });

  test.each(others)("takes %j", async (key) => {
    expect(await open().indexAdd(request(key))).toMatchObject({ floors: [] });
  });

  test("leaves alone what an old index may hold, and looks at what stands between", async () => {
    const store = open();
    const entry = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 1_000, staleTtlMs: 0 } as const;
    const fact = { subject: "p/1", version: parseVersion("5"), spaceKind: "counter", mode: "hard", rule: "sweep" } as const;
    const keys = [own[0] ?? "", "page:1", "page:1", own[2] ?? "", "page:absent", own[4] ?? ""];
    const outcomes = await store.bustMembers(keys.map((key) => ({ target: "key", key, family: "", entry, ...fact })));
    expect(outcomes).toEqual(["own", "absent", "absent", "own", "absent", "own"]);
    expect(await store.bustMembers([{ target: "key", key: own[1] ?? "", family: "", entry, ...fact }])).toEqual(["own"]);
  });
});
