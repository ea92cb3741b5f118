import { freshPrefix, testRedisUrl } from "@freshet/testkit";
import { afterAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { inspectEntry } from "./inspect.js";

const client = new Redis(testRedisUrl());
afterAll(() => client.quit());

const entry = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 0 } as const;
const floor = "1700000000000000hcatalog.product/1\t7";

/** The client, but that `change` happens between the look at the key's type and the reading of what lies there, so many times. */
function changingUnder(times: number, change: (time: number) => Promise<unknown>): { redis: Redis; changes: () => number } {
  let done = 0;
  const redis = new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (name !== "get" && name !== "pipeline") return typeof member === "function" ? member.bind(target) : member;
      if (name === "get") return async (key: string) => await target.get(key);
      return () => {
        const pipeline = target.pipeline();
        const exec = pipeline.exec.bind(pipeline);
        pipeline.exec = (async () => {
          const replies = await exec();
          if (done < times) await change(++done);
          return replies;
        }) as typeof pipeline.exec;
        return pipeline;
      };
    },
  });
  return { redis, changes: () => done };
}

test("an entry that turns from value to floor and back while it is read is shown as one of them", async () => {
  const key = freshPrefix("inspect");
  const asValue = () => client.multi().del(key).hset(key, "v", "x", "d", "\ncatalog.product/1\t7").exec();
  const asFloor = () => client.set(key, floor);
  await asValue();
  const { redis, changes } = changingUnder(3, (time) => (time % 2 === 1 ? asFloor() : asValue()));
  expect(await inspectEntry(redis, { key, entry, versionKey: undefined, prefix: "fr:" })).toMatchObject({
    redisType: "string",
    value: null,
  });
  expect(changes()).toBe(3);
});

test("one that never holds still is told as what Redis said", async () => {
  const key = freshPrefix("inspect");
  const { redis } = changingUnder(Number.POSITIVE_INFINITY, async () => {
    const isHash = (await client.type(key)) === "hash";
    await (isHash ? client.multi().set(key, floor).exec() : client.multi().del(key).hset(key, "d", "").exec());
  });
  await client.hset(key, "d", "");
  await expect(inspectEntry(redis, { key, entry, versionKey: undefined, prefix: "fr:" })).rejects.toMatchObject({ code: "FR2004" });
});
