import { parseVersion, type Version } from "@freshet/protocol";
import { freshPrefix, patientTimeouts, testRedisUrl } from "@freshet/testkit";
import { afterAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { createRedisStore, type FillRequest } from "./index.js";

const OVERHEAD_BYTES_MAX = 300;
const client = new Redis(testRedisUrl());
const store = createRedisStore({ url: testRedisUrl(), prefix: `${freshPrefix("size")}:`, timeouts: patientTimeouts });
const key = freshPrefix("product:1234567");
const entry = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 5_000 } as const;
const token = "0123456789abcdef";
afterAll(async () => {
  await client.unlink(key);
  await client.quit();
  await store.close();
});

const bytesOfKey = async () => Number(await client.memory("USAGE", key));
const deps: ReadonlyMap<string, Version> = new Map([["catalog.product/1234567", parseVersion("123") as Version]]);

/** Bytes of a filled entry over those of a plain string with the same value and time to live. */
async function overhead(value: Buffer, change: Partial<FillRequest> = {}): Promise<number> {
  await client.unlink(key);
  await client.set(key, value, "PX", 60_000);
  const plain = await bytesOfKey();
  await client.unlink(key);
  await store.lease({ key, entry, token, epochs: new Map(), leaseTtlMs: 5_000 });
  const common = { key, entry, token, value, encoding: "", deps, tags: [], epochs: new Map(), primaryRead: false, freshMs: null };
  const filled = await store.fill({ ...common, keepMs: 60_000, readLagMs: 0, provisionalMs: 1_000, ...change });
  expect(filled.outcome).toBe("filled");
  await store.promote(key, entry, token);
  return (await bytesOfKey()) - plain;
}

test(`a managed entry of 200 bytes with one dep takes at most ${OVERHEAD_BYTES_MAX} bytes over a plain string`, async () => {
  const value = Buffer.alloc(200, "x");
  const measured = { bare: await overhead(value), tagged: await overhead(value, { tags: ["list:shop"] }) };
  process.stdout.write(`bytes of a managed entry over a plain string of 200 bytes: ${JSON.stringify(measured)}\n`);
  expect(measured.bare).toBeLessThanOrEqual(OVERHEAD_BYTES_MAX);
  expect(measured.tagged).toBeLessThanOrEqual(OVERHEAD_BYTES_MAX + 50);
});
