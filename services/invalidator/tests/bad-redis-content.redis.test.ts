import { runSlice } from "@freshet/pipeline";
import type { BustOutcome, KafkaRecord } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import { createRedisStore, type StorePort } from "@freshet/store";
import { freshPrefix, patientTimeouts, testRedisUrl } from "@freshet/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type BadInput, badInputs } from "./bad-input-lines.ts";

// What others left in Redis is as hostile as a record: each line of bad-inputs/redis-content.txt lies there when an event comes that busts it.
const prefix = `${freshPrefix("content")}:`;
const lines = badInputs("redis-content");
const kinds = ["managed", "hash", "json", "prefix", "opaque", "gated"];
const keyOf = ({ source }: BadInput, at: number): string => `${prefix}${source}:${at}`;
const redis = new Redis(testRedisUrl());
const rules = rulesOf();
const store: StorePort = createRedisStore({ url: testRedisUrl(), prefix: `${prefix}fr:`, timeouts: patientTimeouts });
const outcomes = new Map<string, BustOutcome>();
const previewed = new Map<string, BustOutcome>();
const left = new Map<string, string>();

beforeAll(async () => {
  await Promise.all(lines.map((line, at) => put(keyOf(line, at), line)));
  const before = await runSlice(lines.map(eventFor), { ...ports(), store: { ...store, bust: store.preview } });
  for (const [at, { key }] of before.busts.entries()) previewed.set(key, before.outcomes[at] ?? "absent");
  const report = await runSlice(lines.map(eventFor), ports());
  for (const [at, { key }] of report.busts.entries()) outcomes.set(key, report.outcomes[at] ?? "absent");
  for (const [at, line] of lines.entries()) left.set(keyOf(line, at), await leftAt(keyOf(line, at)));
}, 180_000);

afterAll(async () => {
  await redis.unlink(lines.map(keyOf));
  await Promise.all([store.close(), redis.quit()]);
});

test("there are lines for each kind of entry", () => {
  expect(lines.length).toBeGreaterThanOrEqual(75);
  expect([...new Set(lines.map(({ source }) => source))].toSorted()).toEqual(kinds.toSorted());
});

test.each(lines.map((line, at) => [`${line.place} ${line.source}, ${line.what}: ${line.expected}`, line, at] as const))(
  "%s",
  async (_name, line, at) => {
    const key = keyOf(line, at);
    expect(`${outcomes.get(key)}, ${left.get(key)}`).toBe(line.expected);
    expect(previewed.get(key)).toBe(outcomes.get(key));
    const entry = rules.families.get(line.source)?.entry;
    if (entry === undefined) throw new Error(`${line.place}: there is no kind ${line.source}`);
    expect((await store.inspect(key, entry)).redisType).toBe(await redis.type(key));
    if (line.source === "managed") expect((await store.read(key, entry, [])).found).toBe(left.get(key) === "kept" ? "fresh" : "none");
  },
);

function rulesOf(): CompiledRules {
  const entries: Record<string, string> = {
    managed: "{ kind: managed }",
    hash: "{ kind: hash, version: rev, gate: false }",
    json: "{ kind: json, version: version, gate: false }",
    prefix: "{ kind: prefix, gate: false }",
    opaque: "{ kind: opaque }",
    gated: "{ kind: hash, version: rev, gate: true }",
  };
  const families = kinds.map((kind) => `  ${kind}: { key: "${prefix}${kind}:{at}", ttl: 1h, entry: ${entries[kind]} }`);
  const busts = kinds.map(
    (kind) => `  - { name: ${kind}, source: s, types: [${kind}], bust: [{ family: ${kind}, with: { at: data.at } }] }`,
  );
  const { rules: compiled, findings } = loadRules(`freshet: 1
bounds: { lease: 1h }
sources: [{ name: s, topic: t, format: cloudevents, space: p }]
families:
${families.join("\n")}
rules:
${busts.join("\n")}
`);
  if (compiled === null) throw new Error(JSON.stringify(findings));
  return compiled;
}

function ports() {
  const deadLetters = { topic: "dlq", group: "g", rulesHash: rules.hash };
  return { rules, store, kafka: { produce: async () => undefined }, deadLetters, now: () => "2026-01-01T00:00:00Z" };
}

function eventFor({ source: type }: BadInput, at: number): KafkaRecord {
  const event = { specversion: "1.0", id: "1", source: "/s", type, subject: "42", freshetversion: "7", data: { at } };
  return { topic: "t", partition: 0, offset: at, timestampMs: 1, key: null, value: Buffer.from(JSON.stringify(event)), headers: [] };
}

async function put(key: string, { edits, place }: BadInput): Promise<void> {
  for (const { name, bytes } of edits) {
    if (bytes === null) continue;
    if (name === "string") await redis.set(key, bytes);
    else if (name === "list") await redis.rpush(key, bytes);
    else if (name === "set") await redis.sadd(key, bytes);
    else if (name === "zset") await redis.zadd(key, 1, bytes);
    else if (name === "stream") await redis.xadd(key, "*", "field", bytes);
    else if (name.startsWith("hash.")) await redis.hset(key, name.slice("hash.".length), bytes);
    else throw new Error(`${place}: nothing in Redis is called ${name}`);
  }
}

/** `floor`: nothing but what a bust leaves behind. */
async function leftAt(key: string): Promise<string> {
  const type = await redis.type(key);
  if (type === "none") return "gone";
  if (type === "string") return /^(?:\n?\d{16}[hsHS])/.test((await redis.get(key)) ?? "") ? "floor" : "kept";
  if (type === "hash") return (await redis.hkeys(key)).join() === "fr:f" ? "floor" : "kept";
  return "kept";
}
