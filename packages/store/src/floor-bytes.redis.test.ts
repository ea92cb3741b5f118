import { type EntrySpec, parseVersion } from "@freshet/protocol";
import { freshPrefix, patientTimeouts, testRedisUrl } from "@freshet/testkit";
import { expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { createRedisStore } from "./redis-store.js";

test("a floor takes at most 136 bytes, with a key of 40 bytes and a subject of 20", async () => {
  const entry: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 0 };
  const key = `${freshPrefix("bytes")}:`.padEnd(40, "x");
  const common = { target: "key", key, family: "f", entry, spaceKind: "counter", mode: "hard", rule: "r" } as const;
  const client = new Redis(testRedisUrl());
  const store = createRedisStore({ url: testRedisUrl(), prefix: "fr:", timeouts: patientTimeouts });
  await store.bust([{ ...common, subject: "catalog.product/1234", version: parseVersion("123456") }]);
  expect(key).toHaveLength(40);
  expect(await client.memory("USAGE", key)).toBeLessThanOrEqual(136);
  await client.unlink(key);
  client.disconnect();
  await store.close();
});
