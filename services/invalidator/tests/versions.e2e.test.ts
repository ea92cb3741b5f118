import { freshPrefix, testKafkaBroker, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { drained, openScene, type Scene, stopped } from "./scene.js";
import type { ServiceProcess } from "./service-process.js";
import type { ReadRecord } from "./topics.js";

interface Meeting {
  readonly held: string;
  readonly event: string;
  readonly stays: boolean;
}

/** Each is a product of its own, with an entry of every kind that has versions. */
const MEETINGS: readonly Meeting[] = [
  { held: "9007199254740992", event: "9007199254740993", stays: false },
  { held: "9007199254740993", event: "9007199254740992", stays: true },
  { held: "9007199254740993", event: "9007199254740993", stays: true },
  { held: "9", event: "10", stays: false },
  { held: "10", event: "9", stays: true },
  { held: "0", event: "1", stays: false },
  { held: "18446744073709551615", event: "18446744073709551616", stays: false },
  { held: "99999999999999999999", event: "99999999999999999998", stays: true },
  { held: "1", event: "100000000000000000000", stays: true },
];
const TOO_LONG = MEETINGS.findIndex(({ event }) => event.length === 21);

/** Versions on their whole way: producer, broker, service, script, entry. */
describe("an event of a version meets an entry of a version", () => {
  let scene: Scene;
  let service: ServiceProcess;
  let letters: readonly ReadRecord[];

  beforeAll(async () => {
    scene = await openScene({ name: freshPrefix("versions"), broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: 1 });
    for (const [at, { held }] of MEETINGS.entries()) {
      await scene.redis.hset(`${scene.keyPrefix}product:p${at}`, { v: "value", d: `\ncatalog.product/p${at}\t${held}` });
      await scene.redis.hset(`${scene.keyPrefix}hash:p${at}`, { rev: held, html: "page" });
      await scene.redis.set(`${scene.keyPrefix}json:p${at}`, `{"version":${held}}`);
    }
    const sent = MEETINGS.map(({ event }, at) => ({ partition: 0, key: null, value: eventOf(`p${at}`, event, at % 2 === 0), headers: [] }));
    service = await scene.start();
    await scene.topics.send(scene.topic, sent);
    await drained(scene, service, sent.length);
    letters = await scene.topics.readAll(scene.deadLetterTopic);
  }, 180_000);

  afterAll(async () => {
    await scene.close();
  });

  test.each(MEETINGS.map((meeting, at) => ({ ...meeting, at })))("$event at an entry of $held: stays $stays", async ({ at, stays }) => {
    const product = `${scene.keyPrefix}product:p${at}`;
    const value = (await scene.redis.type(product)) === "hash" ? await scene.redis.hget(product, "v") : null; // floors alone are a string
    const page = await scene.redis.exists(`${scene.keyPrefix}hash:p${at}`);
    const json = await scene.redis.exists(`${scene.keyPrefix}json:p${at}`);
    expect({ managed: value, hash: page, json }).toEqual(
      stays ? { managed: "value", hash: 1, json: 1 } : { managed: null, hash: 0, json: 0 },
    );
  });

  test("a version of 21 digits is dead-lettered, and nothing else is", async () => {
    const told = letters.map(({ value, headers }) => [value?.toString(), headers.get("freshet-reason")?.toString()]);
    expect(told).toEqual([[eventOf(`p${TOO_LONG}`, MEETINGS[TOO_LONG]?.event ?? "", TOO_LONG % 2 === 0).toString(), "version_invalid"]]);
  });

  test("the service goes when it is told to", async () => {
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  });
});

/** The version as a string, or as a bare number whose digits must survive as well. */
function eventOf(subject: string, version: string, quoted: boolean): Buffer {
  const attributes = `"specversion":"1.0","id":"1","source":"/shop","type":"product.updated","subject":"${subject}"`;
  const freshetversion = quoted ? `"${version}"` : version;
  return Buffer.from(`{${attributes},"freshetversion":${freshetversion},"data":{"price":2,"previous":{"price":1},"related":[]}}`);
}
