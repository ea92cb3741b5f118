import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshPrefix, testKafkaBroker, testRedisUrl, until } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { drained, openScene, type Scene, stopped } from "../scene.js";
import type { ServiceProcess } from "../service-process.js";
import { addReplayTopics, commandsIn, type Replayed } from "./commands.js";

const PARTITIONS = 4;
const PRODUCTS = 20;
const INFO = "freshet_rules_info";

const oldRules = (topic: string, keyPrefix: string): string => `freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: catalog.product }]
families:
  page: { key: "${keyPrefix}page:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - { name: page, source: products, bust: [{ family: page, with: { id: "subject" } }] }
`;
/** Busts another family as well. */
const newRules = (topic: string, keyPrefix: string): string =>
  oldRules(topic, keyPrefix).replace(
    "rules:\n",
    `  tile: { key: "${keyPrefix}tile:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - { name: tile, source: products, bust: [{ family: tile, with: { id: "subject" } }] }
`,
  );

let scene: Scene;
let folder: string;
let changed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-rollout-"));
  const name = freshPrefix("rollout");
  scene = await openScene({ name, broker: testKafkaBroker(), redisUrl: testRedisUrl(), partitions: PARTITIONS, rules: oldRules });
  await addReplayTopics(scene);
  changed = join(folder, "rules.yaml");
  await writeFile(changed, newRules(scene.topic, scene.keyPrefix));
}, 180_000);
afterAll(async () => {
  await scene?.redis.unlink(...keysOf("page"), ...keysOf("tile"));
  await scene?.close();
  await rm(folder, { recursive: true, force: true });
});

const ids = Array.from({ length: PRODUCTS }, (_, id) => String(id));
const keysOf = (family: string): string[] => ids.map((id) => `${scene.keyPrefix}${family}:${id}`);

async function fill(digits: string): Promise<void> {
  for (const key of [...keysOf("page"), ...keysOf("tile")]) await scene.redis.set(key, `{"version":${digits}}`, "EX", 600);
}

async function sendAll(digits: string): Promise<void> {
  const records = ids.map((id, at) => {
    const fields = { specversion: "1.0", id: `${id}-${digits}`, source: "/test", type: "changed", subject: id };
    const value = Buffer.from(JSON.stringify({ ...fields, freshetversion: digits, data: {} }));
    return { partition: at % PARTITIONS, key: null, value, headers: [] };
  });
  await scene.topics.send(scene.topic, records);
}

/** The hash of the rules that a process runs, as Prometheus would see it. */
async function hashOf(service: ServiceProcess): Promise<string> {
  return new RegExp(`^${INFO}\\{.*rules_hash="([0-9a-f]+)".*\\} 1$`, "m").exec(await service.metrics())?.[1] ?? "";
}

async function haveHalves(): Promise<void> {
  const shares = async () => (await scene.topics.shares(scene.group)).sort().join();
  await until(async () => (await shares()) === "2,2", { timeoutMs: 60_000, what: "each has half of the partitions" });
}

describe("a change of rules, process by process", () => {
  test("two hashes are visible and harmless; the replay of the guide catches up on what the old rules left", async () => {
    const say = commandsIn({ ...scene.env, FRESHET_RULES: changed });
    const first = await scene.start();
    const second = await scene.start({ env: { FRESHET_RULES: changed } });
    await haveHalves();
    const [before, after] = [await hashOf(first), await hashOf(second)];
    expect(before).toMatch(/^[0-9a-f]{8,}$/);
    expect(after).not.toBe(before);
    expect(first.output()).toContain(`"rulesHash":"${before}`);

    await fill("4");
    await sendAll("5");
    await drained(scene, first, PRODUCTS);
    expect(await scene.redis.exists(...keysOf("page"))).toBe(0);
    // Those whose partitions the old rules had.
    expect(await scene.redis.exists(...keysOf("tile"))).toBe(PRODUCTS / 2);
    for (const service of [first, second]) {
      expect(await service.metric("freshet_events_total", { outcome: "applied" })).toBe(PRODUCTS / 2);
      expect((await service.readyz())?.status).toBe(200);
    }

    expect(await stopped(first, "SIGTERM")).toEqual({ code: 0, signal: null });
    const history = ["replay", "history", "--topic", scene.topic, "--from", "1h", "--to", "0s"];
    expect((await say<Replayed>(history)).printed.counts.keys.removed).toBe(PRODUCTS / 2);
    const job = await say<Replayed>([...history, "--apply", "--because", "rollout-17"]);
    expect({ code: job.code, status: job.printed.status }).toEqual({ code: 0, status: "done" });
    expect(await scene.redis.exists(...keysOf("tile"))).toBe(0);

    await fill("5");
    await sendAll("6");
    await drained(scene, second, 2 * PRODUCTS);
    expect(await scene.redis.exists(...keysOf("page"), ...keysOf("tile"))).toBe(0);
    expect(await hashOf(second)).toBe(after);
    expect(await stopped(second, "SIGTERM")).toEqual({ code: 0, signal: null });
  }, 720_000);
});
