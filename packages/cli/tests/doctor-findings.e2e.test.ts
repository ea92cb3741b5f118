import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafkajsPort, type KafkaPort } from "@freshet/kafka";
import { createRedisStore } from "@freshet/store";
import { freshPrefix, type OwnRedis, startRedis, testKafkaBroker, until } from "@freshet/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { freshet } from "./process.js";

const MAIL = "ada.lovelace@planted.example";
const deployment = freshPrefix("found").replaceAll(":", "-");
const source = `${deployment}.products`;
const folder = mkdtempSync(join(tmpdir(), "freshet-doctor-"));
const rules = join(folder, "rules.yaml");
const bounds = { leaseMs: 1000, lagMs: 0, skewMs: 250, fillMs: 2000, floorMs: 9000, tagFloorMs: 9000 };

let redis: OwnRedis;
let root: Redis;
let kafka: KafkaPort;
let env: Readonly<Record<string, string>>;

interface Report {
  readonly verdict: string;
  readonly findings: readonly { readonly name: string; readonly subject: string; readonly problem: string; readonly fix: string }[];
}

function rulesOf(topic: string): string {
  return `freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: catalog.product }]
families: { page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } } }
rules: [{ name: changed, source: products, types: [product.updated], bust: [{ family: page, with: { id: "subject" } }] }]
`;
}

beforeAll(async () => {
  redis = await startRedis();
  root = new Redis(redis.url);
  kafka = createKafkajsPort({ brokers: [testKafkaBroker()], clientId: deployment, clock: { nowMs: () => Date.now() } });
  await kafka.createTopics([{ topic: source, partitions: 1, replicationFactor: 1, config: {} }]);
  await until(async () => (await kafka.describeTopics([source])).length === 1, { timeoutMs: 60_000 });
  writeFileSync(rules, rulesOf(source));
  env = {
    FRESHET_DEPLOYMENT: deployment,
    FRESHET_KAFKA_BROKERS: testKafkaBroker(),
    FRESHET_REDIS_URL: redis.url,
    FRESHET_RULES: rules,
  };
  expect((await freshet(["topics", "create"], env)).code).toBe(0);
}, 180_000);
afterEach(() => root.flushall());
afterAll(async () => {
  root?.disconnect();
  await kafka?.close();
  await redis?.close();
  rmSync(folder, { recursive: true });
});

/** The names of what it finds, worse than a note. Fails where it takes long, prints an error, or ends in another way than it should. */
async function doctor(more: Readonly<Record<string, string>> = {}): Promise<{ report: Report; names: readonly string[] }> {
  const { code, stdout, stderr, ms } = await freshet(["doctor", "--json"], { ...env, ...more });
  expect({ stderr, isSoon: ms < 60_000 }).toEqual({ stderr: "", isSoon: true });
  const report = JSON.parse(stdout) as Report;
  expect(code).toBe({ ok: 0, findings: 3, unreachable: 5 }[report.verdict]);
  return { report, names: report.findings.map(({ name }) => name) };
}

describe("freshet doctor on what is really there", () => {
  test.each([
    ["a server that only copies", (): readonly string[] => ["--replicaof", "127.0.0.1", String(redis.port)], "redis-role"],
    ["a part of a cluster", (): readonly string[] => ["--cluster-enabled", "yes"], "redis-mode"],
    ["a server that evicts", (): readonly string[] => ["--maxmemory-policy", "allkeys-lfu"], "redis-eviction"],
    ["a server that wants a password", (): readonly string[] => ["--requirepass", "not-told"], "redis-rights"],
  ])(
    "%s",
    async (_what, args, name) => {
      const server = await startRedis({ args: args() });
      try {
        expect((await doctor({ FRESHET_REDIS_URL: server.url })).names).toContain(name);
      } finally {
        await server.close();
      }
    },
    270_000,
  );

  test("a single server that is taken for a cluster", async () => {
    expect((await doctor({ FRESHET_REDIS_MODE: "cluster" })).names).toContain("redis-refused");
  }, 270_000);

  test("time bounds that are published: others than those of the rules file, and no bounds at all", async () => {
    const store = createRedisStore({ url: redis.url, prefix: "fr:" });
    await store.publishBounds(bounds);
    await store.close();
    expect((await doctor()).names).toContain("bounds-differ");
    await root.set("fr:bounds", "none of ours");
    expect((await doctor()).names).toContain("bounds-unreadable");
  }, 270_000);

  test("topics that are not there: of the rules, and Freshet's own", async () => {
    const other = join(folder, "other.yaml");
    writeFileSync(other, rulesOf(`${source}.gone`));
    const { report } = await doctor({ FRESHET_RULES: other, FRESHET_DEPLOYMENT: `${deployment}-new` });
    const found = report.findings.map(({ name, subject }) => `${name} ${subject}`);
    expect(found).toContain(`topic-missing ${source}.gone`);
    expect(found).toContain(`own-topic-missing freshet.dlq.${deployment}-new`);
  }, 270_000);

  test("records that nobody has read, that match nothing, that cannot be read; and nothing of what they hold", async () => {
    const event = { specversion: "1.0", id: "1", source: "/s", type: "product.created", subject: MAIL, freshetversion: "5", data: {} };
    const send = (value: object) => kafka.produce([{ topic: source, key: null, headers: [], value: Buffer.from(JSON.stringify(value)) }]);
    await send(event);
    const first = await doctor({ FRESHET_LOG_LEVEL: "trace" });
    expect(first.names).toEqual(expect.arrayContaining(["lag-stale", "sample-unmatched"]));
    expect(first.report.findings.find(({ name }) => name === "lag-stale")?.problem).toContain("no_commits");
    await send({ ...event, freshetversion: MAIL });
    const second = await doctor();
    expect(second.names).toContain("sample-rejected");
    expect(JSON.stringify([first, second])).not.toContain("lovelace");
    const text = await freshet(["doctor"], env);
    expect(text.stdout + text.stderr).not.toContain("lovelace");
  }, 270_000);
});

describe("freshet doctor on a rules file that is none", () => {
  const files: readonly (readonly [what: string, make: (path: string) => void, name: string])[] = [
    ["a folder", (path) => mkdirSync(path), "rules-unreadable"],
    ["a missing one", () => undefined, "rules-unreadable"],
    ["a pipe that nobody writes to", (path) => void execFileSync("mkfifo", [path]), "rules-lint"],
    ["one of a terabyte", (path) => void writeHuge(path), "rules-unreadable"],
    ["bytes that are no text", (path) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0, 0x80, 0xc3])), "rules-lint"],
    ["a thousand brackets", (path) => writeFileSync(path, "[".repeat(100_000)), "rules-lint"],
    ["aliases of aliases", (path) => writeFileSync(path, bomb()), "rules-lint"],
    ["another program's", (path) => writeFileSync(path, "[mysqld]\npassword=hunter2\n"), "rules-lint"],
  ];

  test.each(files)(
    "%s",
    async (what, make, name) => {
      const path = join(folder, what.replaceAll(" ", "-"));
      make(path);
      const { names, report } = await doctor({ FRESHET_RULES: path });
      rmSync(path, { recursive: true, force: true });
      expect(names).toContain(name);
      expect(report.findings.find((found) => found.name === name)?.fix).not.toBe("");
    },
    270_000,
  );
});

describe("freshet doctor on peers that are something else", () => {
  test.each([
    ["a Redis for a broker", () => ({ FRESHET_KAFKA_BROKERS: new URL(redis.url).host }), /^kafka-/],
    ["a broker for a Redis", () => ({ FRESHET_REDIS_URL: `redis://${testKafkaBroker()}` }), /^redis-/],
  ])(
    "%s",
    async (_what, peers, name) => {
      expect((await doctor(peers())).names).toContainEqual(expect.stringMatching(name));
    },
    360_000,
  );
});

test("a peer that repeats what it is told, passwords too, is not repeated: neither by the doctor nor in a bundle", async () => {
  const echo = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      const said = chunk.toString("latin1").replaceAll(/\s+/g, " ");
      socket.write(`-ERR unknown command, with args beginning with: ${said}\r\n`.repeat(20));
    });
  }).listen(0, "127.0.0.1");
  await once(echo, "listening");
  const at = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
  const [word, pin] = ["hunter2-of-peers", "90210417"];
  const kafkaLogin = { FRESHET_KAFKA_SASL_MECHANISM: "plain", FRESHET_KAFKA_SASL_USERNAME: "svc", FRESHET_KAFKA_SASL_PASSWORD: word };
  const peers = { ...kafkaLogin, FRESHET_KAFKA_BROKERS: at, FRESHET_REDIS_URL: `redis://svc:${pin}@${at}` };
  const file = join(folder, "bundle.json");
  const told = await freshet(["doctor", "--json"], { ...env, ...peers });
  const bundled = await freshet(["support-bundle", "--out", file], { ...env, ...peers });
  echo.close();
  const { findings } = JSON.parse(told.stdout) as Report;
  expect(findings.map(({ name }) => name)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^kafka-/), expect.stringMatching(/^redis-/)]),
  );
  expect(bundled.code).toBe(0);
  for (const text of [told.stdout, told.stderr, bundled.stdout, bundled.stderr, readFileSync(file, "utf8")]) {
    expect([text.includes(word), text.includes(pin)]).toEqual([false, false]);
  }
}, 360_000);

function writeHuge(path: string): void {
  writeFileSync(path, "");
  truncateSync(path, 1024 ** 4);
}

function bomb(): string {
  const lines = ["a: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let at = 1; at < 12; at++)
    lines.push(
      `b${at}: &a${at} [${Array(9)
        .fill(`*a${at - 1}`)
        .join(", ")}]`,
    );
  return `${lines.join("\n")}\n`;
}
