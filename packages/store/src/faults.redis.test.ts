import { asFreshetError, type EntrySpec, type KeyBust, parseVersion } from "@freshet/protocol";
import {
  type Fault,
  type FaultProxy,
  freshPrefix,
  patientTimeouts,
  startFaultProxy,
  startStopwatch,
  testRedisUrl,
  until,
} from "@freshet/testkit";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import type { StorePort } from "./port.js";
import { createRedisStore } from "./redis-store.js";
import { seedRedis } from "./seed.js";

/** Shorter than in service, so that a fault is over sooner; in the same order. */
const timeouts = { commandMs: 300, socketMs: 600, connectMs: 400, readyMs: 500, deadlineMs: 1_500 };
const entry: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 60_000 };

let proxy: FaultProxy;
let store: StorePort;
let direct: Redis;
let prefix: string;
let errors: string[];

beforeEach(async () => {
  proxy = await startFaultProxy({ to: new URL(testRedisUrl()).host });
  errors = [];
  store = createRedisStore({ url: `redis://${proxy.address}`, prefix: "fr:", timeouts, onError: (error) => errors.push(error.code) });
  direct = new Redis(testRedisUrl());
  prefix = `${freshPrefix("faults")}:`;
});
afterEach(async () => {
  await store.close();
  await proxy.close();
  await direct.quit();
});

function busts(count: number, version = "5"): readonly KeyBust[] {
  const text = parseVersion(version);
  const one = (i: number): KeyBust => {
    return {
      target: "key",
      key: `${prefix}${i}`,
      family: "f",
      entry,
      subject: `p/${i}`,
      version: text,
      spaceKind: "counter",
      mode: "hard",
      rule: "r",
    };
  };
  return Array.from({ length: count }, (_, i) => one(i));
}

async function putAll(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await seedRedis(direct).putManaged(`${prefix}${i}`, { value: "page", deps: new Map() });
  }
}

async function left(count: number): Promise<number> {
  const values = await Promise.all(Array.from({ length: count }, (_, i) => seedRedis(direct).has(`${prefix}${i}`)));
  return values.filter(Boolean).length;
}

/** Busts until a call returns, as a waiting partition does. */
async function bustUntilDone(list: readonly KeyBust[]): Promise<void> {
  await until(
    async () => {
      const outcome = await store.bust(list).catch(asFreshetError);
      if (Array.isArray(outcome)) return true;
      expect(asFreshetError(outcome).disposition).toBe("wait");
      return false;
    },
    { timeoutMs: 60_000, what: "a call that returns" },
  );
}

const faults: readonly (readonly [string, Fault])[] = [
  ["replies are lost", { kind: "drop-replies" }],
  ["nothing passes and nothing is closed", { kind: "black-hole" }],
  ["the connection is cut before any reply", { kind: "cut", afterBytes: 0 }],
  ["the connection is cut in the middle of a reply", { kind: "cut", afterBytes: 5 }],
  ["connections are reset", { kind: "reset" }],
  ["connections are taken and closed at once", { kind: "accept-then-close" }],
  ["answers come too late", { kind: "delay", ms: 1_000 }],
];

describe.each(faults)("%s:", (_what, fault) => {
  test("every call settles in time, as an error that waits, and works again afterwards", async () => {
    await putAll(3);
    await bustUntilDone(busts(1, "1"));
    proxy.set(fault);
    const watch = startStopwatch();
    const calls = [
      store.bust(busts(3)),
      store.bust(busts(700)),
      store.preview(busts(3)),
      store.inspect(`${prefix}0`, entry),
      store.probe(),
    ];
    const settled = await Promise.allSettled(calls);
    expect(watch.ms).toBeLessThan(timeouts.deadlineMs + 1_000);
    watch.stop();
    for (const call of settled) {
      expect(call.status).toBe("rejected");
      if (call.status === "rejected") expect(call.reason).toMatchObject({ code: "FR2001", disposition: "wait" });
    }
    proxy.heal();
    await bustUntilDone(busts(3));
    expect(await left(3)).toBe(0);
  });

  test("a call after the trouble began settles in time too", async () => {
    await bustUntilDone(busts(1));
    proxy.set({ kind: "reset" });
    proxy.set(fault);
    const watch = startStopwatch();
    await expect(store.bust(busts(3))).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
    expect(watch.ms).toBeLessThan(timeouts.deadlineMs + 500);
    watch.stop();
  });

  test("a store that never had a connection settles in time, and connects later", async () => {
    proxy.set(fault);
    await expect(store.bust(busts(3))).rejects.toMatchObject({ code: "FR2001", disposition: "wait" });
    proxy.heal();
    await bustUntilDone(busts(3));
  });
});

test("what a call answered is done, whenever in it the fault begins", async () => {
  let version = 1;
  for (const [, fault] of [...faults, ...faults]) {
    for (const isBefore of [true, false]) {
      await putAll(3);
      version += 1;
      if (isBefore) proxy.set(fault);
      const call = store.bust(busts(3, String(version)));
      if (!isBefore) await new Promise(setImmediate);
      proxy.set(fault);
      const [result] = await Promise.allSettled([call]);
      proxy.heal();
      if (result.status === "rejected") await bustUntilDone(busts(3, String(version)));
      expect(await left(3)).toBe(0);
    }
  }
}, 270_000);

test("trouble is told while nobody calls", async () => {
  await bustUntilDone(busts(1));
  proxy.set({ kind: "reset" });
  await until(() => errors.length > 0);
  expect(errors[0]).toBe("FR2001");
});

describe("scripts", () => {
  test("that the server lost are sent again, in the middle of many calls too", async () => {
    // 9,000 busts at once are slow on a busy machine, and that is no fault of the network.
    await store.close();
    store = createRedisStore({ url: `redis://${proxy.address}`, prefix: "fr:", timeouts: patientTimeouts });
    await putAll(10);
    const flushes = Array.from({ length: 20 }, () => direct.script("FLUSH"));
    const results = await Promise.all([...Array.from({ length: 20 }, () => store.bust(busts(450))), ...flushes]);
    expect(results.slice(0, 20).every((outcomes) => Array.isArray(outcomes) && outcomes.length === 450)).toBe(true);
    await direct.script("FLUSH");
    expect(await store.bust(busts(1, "6"))).toEqual(["absent"]);
    expect(await left(10)).toBe(0);
  });
});

test("a closed store refuses at once", async () => {
  await bustUntilDone(busts(1));
  await store.close();
  await expect(store.bust(busts(1))).rejects.toMatchObject({ code: "FR2001" });
});
