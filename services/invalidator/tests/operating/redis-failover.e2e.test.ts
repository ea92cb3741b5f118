import {
  freshPrefix,
  type OwnRedis,
  type OwnSentinel,
  SENTINEL_NAME,
  startRedis,
  startSentinel,
  testKafkaBroker,
  until,
} from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { openScene, type Scene, stopped } from "../scene.js";
import { eventOf, rules } from "../security/secure-bench.js";
import { addReplayTopics, commandsIn, type Replayed, type Say } from "./commands.js";

const HOUR = ["--from", "1h", "--to", "0s"];
/** The replica logs in as this user, so that it can be cut off. */
const COPYING = { name: "copying", password: "copying" };

let master: OwnRedis;
let replica: OwnRedis;
let sentinel: OwnSentinel;
let survivor: Redis;
let scene: Scene;
let say: Say;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  master = await startRedis();
  const name = freshPrefix("failover");
  scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: master.url, partitions: 1, rules });
  await addReplayTopics(scene);
  await scene.redis.call("ACL", "SETUSER", COPYING.name, "on", `>${COPYING.password}`, "+psync", "+replconf", "+ping");
  const follow = ["--replicaof", "127.0.0.1", String(master.port), "--masteruser", COPYING.name, "--masterauth", COPYING.password];
  replica = await startRedis({ args: follow });
  survivor = new Redis(replica.url);
  survivor.on("error", () => undefined);
  await until(async () => /state=online/.test(await scene.redis.info("replication")), { what: "the replica follows" });
  sentinel = await startSentinel(master, { downAfterMs: 5000 });
  const knowsReplica = async () => (await sentinel.output()).includes("+slave slave");
  await until(knowsReplica, { timeoutMs: 60_000, what: "the sentinel knows the replica" });
  env = { FRESHET_REDIS_MODE: "sentinel", FRESHET_REDIS_SENTINEL_NAME: SENTINEL_NAME, FRESHET_REDIS_URL: sentinel.url };
  say = commandsIn({ ...scene.env, ...env });
}, 270_000);
afterAll(async () => {
  survivor?.disconnect();
  await scene?.close();
  await Promise.all([sentinel?.close(), replica?.close(), master?.close()]);
});

const keyOf = (id: string): string => `${scene.keyPrefix}page:${id}`;

async function put(redis: Redis, id: string, digits: string): Promise<void> {
  await redis.set(keyOf(id), `{"version":${digits}}`, "EX", 600);
}

/** Sends the event of version 5 and waits until the old entry is gone from this server. */
async function bust(redis: Redis, id: string): Promise<void> {
  await scene.topics.send(scene.topic, [{ partition: 0, key: null, value: eventOf(id), headers: [] }]);
  const isGone = async () => (await redis.exists(keyOf(id)).catch(() => 1)) === 0;
  await until(isGone, { timeoutMs: 90_000, what: `${id} is busted` });
}

/** Nothing that the master is told from now on reaches the replica. */
async function cutOff(): Promise<void> {
  await scene.redis.call("ACL", "DELUSER", COPYING.name);
  const isCut = async () => /master_link_status:down/.test(await survivor.info("replication"));
  await until(isCut, { what: "the replica is cut off" });
}

describe("a failover of Redis that loses the newest writes", () => {
  test("brings a busted entry back; the replay of the guide removes it, and nothing that is newer", async () => {
    const service = await scene.start({ env });
    for (const id of ["before", "lost"]) await put(scene.redis, id, "4");
    await put(scene.redis, "newer", "9");
    await scene.topics.send(scene.topic, [{ partition: 0, key: null, value: eventOf("newer"), headers: [] }]);
    await bust(scene.redis, "before");
    expect(await scene.redis.wait(1, 60_000)).toBe(1);

    await cutOff();
    await bust(scene.redis, "lost");
    await master.kill();
    const isMaster = async () => /role:master/.test(await survivor.info("replication"));
    await until(isMaster, { timeoutMs: 180_000, what: "the replica is the master" });
    expect(await survivor.exists(keyOf("lost"))).toBe(1);

    await put(survivor, "after", "4");
    await bust(survivor, "after");
    expect({ lost: await survivor.exists(keyOf("lost")), alive: !service.isGone() }).toEqual({ lost: 1, alive: true });

    const history = ["replay", "history", "--topic", scene.topic, ...HOUR];
    const plan = await say<Replayed>(history);
    expect({ code: plan.code, removed: plan.printed.counts.keys.removed }).toEqual({ code: 0, removed: 1 });
    expect(await survivor.exists(keyOf("lost"))).toBe(1);
    const job = await say<Replayed>([...history, "--apply", "--because", "redis-failover"]);
    expect({ code: job.code, status: job.printed.status }).toEqual({ code: 0, status: "done" });
    expect(await survivor.exists(keyOf("lost"), keyOf("before"), keyOf("after"))).toBe(0);
    expect(await survivor.get(keyOf("newer"))).toBe('{"version":9}');
    const again = await say<Replayed>(history);
    expect(again.printed.counts.keys.removed).toBe(0);
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 720_000);

  test("the new master has the time bounds again, from the service's next start at the latest", async () => {
    await survivor.unlink(`${scene.env.FRESHET_REDIS_PREFIX}bounds`);
    const service = await scene.start({ env });
    const isThere = async () => (await survivor.exists(`${scene.env.FRESHET_REDIS_PREFIX}bounds`)) === 1;
    await until(isThere, { timeoutMs: 90_000, what: "the bounds are published" });
    const { printed } = await say<{ readonly findings: readonly { readonly name: string }[] }>(["doctor"]);
    expect(printed.findings.map(({ name }) => name)).not.toContain("bounds-unpublished");
    expect(await stopped(service, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 270_000);
});
