import { decodeEvent, FreshetError, parseVersion } from "@freshet/protocol";
import { loadRules } from "@freshet/rules";
import { describe, expect, jest, test } from "@jest/globals";
import { openMemoryWorld } from "../../tests/memory-world.js";
import { transcript } from "../../tests/transcript.js";

const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
families:
  page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
  product: { key: "product:{id}", ttl: 1h }
rules:
  - { name: any, source: products, bust: [{ family: page, with: { id: subject } }, { family: product, with: { id: subject } }] }
`;

const createShop = () => openMemoryWorld(RULES, ["shop.products", "freshet.audit.default"]);

describe("publish", () => {
  const argv = (...more: string[]) => [
    "publish",
    ...["--topic", "shop.products", "--space", "catalog.product", "--subject", "42", "--type", "product.updated"],
    ...more,
  ];

  test("sends what `decode` reads, version digit for digit", async () => {
    const { log, world } = await createShop();
    const { code, out } = await transcript(argv("--version", "9007199254740993", "--data", '{"price":1800}'), world);
    expect(code).toBe(0);
    expect(out).toEqual(["sent id-1 to shop.products: product.updated catalog.product/42 version 9007199254740993"]);
    const [record] = log.records("shop.products");
    const { rules } = loadRules(RULES);
    if (record === undefined || rules === null) throw new Error("nothing was sent");
    const decoded = decodeEvent(record, rules.sourcesOf("shop.products"));
    expect(decoded).toMatchObject({ kind: "event" });
    if (decoded.kind !== "event") return;
    const { subject, space, version, type, data } = decoded.event;
    expect({ subject, space, version, type, data }).toEqual({
      subject: "42",
      space: "catalog.product",
      version: "9007199254740993",
      type: "product.updated",
      data: { price: 1800 },
    });
  });

  test("a topic whose records are no CloudEvents gets none", async () => {
    const { log, world } = await createShop();
    const rows = RULES.replace("format: cloudevents", "format: debezium, id: [id], version: rev");
    const { code, talk } = await transcript(argv("--version", "7"), {
      ...world,
      files: { "rules.yaml": rows },
      env: { FRESHET_RULES: "rules.yaml" },
    });
    expect([code, talk[0]]).toEqual([2, "FR1001 records of shop.products are read as debezium, and this sends CloudEvents"]);
    expect(log.records("shop.products")).toEqual([]);
  });

  test("--json holds the same", async () => {
    const { world } = await createShop();
    const { out } = await transcript(argv("--version", "7", "--json"), world);
    expect(JSON.parse(out[0] ?? "")).toMatchObject({ id: "id-1", topic: "shop.products", subject: "42", version: "7" });
  });

  test.each([
    [["--version", "007"], /^FR1001 --version is not a canonical decimal of at most 20 digits$/],
    [["--version", "123456789012345678901"], /^FR1001 --version is not/],
    [["--version", "1.5"], /^FR1001 --version is not/],
    [["--version", "7", "--data", "{price:1}"], /^FR1001 --data is not JSON$/],
    [["--version", "7", "--data", "[1]"], /^FR1001 --data is not a JSON object$/],
    [["--version", "7", "--source", ""], /^FR1001 --source is empty$/],
  ])("%j is refused with 2 and nothing is sent", async (more, problem) => {
    const { log, world } = await createShop();
    const { code, out, talk } = await transcript(argv(...more), world);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(talk[0]).toMatch(problem);
    expect(log.records("shop.products")).toEqual([]);
  });

  test("a topic that is not there: 2, and it is not made", async () => {
    const { world } = await createShop();
    const { code, talk } = await transcript([...argv("--version", "7"), "--topic", "shop.prodcts"], world);
    expect(code).toBe(2);
    expect(talk[0]).toBe("FR3002 there is no topic shop.prodcts");
    expect(await world.kafka.describeTopics(["shop.prodcts"])).toEqual([]);
  });

  test("a space that no source of the topic has: 2, where the rules are known", async () => {
    const { world } = await createShop();
    const { code, talk } = await transcript([...argv("--version", "7"), "--space", "catalog.prodct"], world);
    expect(code).toBe(2);
    expect(talk[0]).toBe("FR1001 no source of shop.products has the space catalog.prodct");
  });

  test("Kafka away: 5", async () => {
    const { world } = await createShop();
    const away = () => Promise.reject(new FreshetError("FR3001", "wait", "away", "wait"));
    const { code, talk } = await transcript(argv("--version", "7"), { ...world, kafka: { ...world.kafka, describeTopics: away } });
    expect({ code, talk }).toEqual({ code: 5, talk: ["FR3001 away", "  fix: wait"] });
  });
});

describe("bust", () => {
  const page = ["bust", "--key", "page:42", "--family", "page"];
  const versioned = (version: string) => [...page, "--space", "catalog.product", "--subject", "42", "--version", version];

  test("without --yes it only shows what it would do: 4", async () => {
    const { store, world } = await createShop();
    await store.seed.putJson("page:42", { text: '{"version":7}' });
    const { code, out, talk } = await transcript(page, world);
    expect({ code, out }).toEqual({ code: 4, out: ["page:42: would be removed (blind)"] });
    expect(talk).toEqual(["FR1005 nothing was changed: this was a preview", "  fix: Add --yes to do it."]);
    expect(await store.seed.has("page:42")).toBe(true);
  });

  test("with --yes and no version it busts whatever is there", async () => {
    const { store, world } = await createShop();
    await store.seed.putJson("page:42", { text: '{"version":7}' });
    expect(await transcript([...page, "--yes"], world)).toEqual({ code: 0, out: ["page:42: removed (blind)"], talk: [] });
    expect(await store.seed.has("page:42")).toBe(false);
  });

  test("with a version it leaves what is new enough", async () => {
    const { store, world } = await createShop();
    await store.seed.putJson("page:42", { text: '{"version":7}' });
    const covered = await transcript([...versioned("7"), "--yes"], world);
    expect(covered.out).toEqual(["page:42: stays: it is new enough (catalog.product/42 version 7)"]);
    expect(await store.seed.has("page:42")).toBe(true);
    const removed = await transcript([...versioned("8"), "--yes", "--json"], world);
    expect(JSON.parse(removed.out[0] ?? "")).toEqual({
      key: "page:42",
      family: "page",
      subject: "catalog.product/42",
      version: "8",
      mode: "hard",
      outcome: "removed",
      applied: true,
    });
    expect(await store.seed.has("page:42")).toBe(false);
  });

  test("FRESHET_MODE=observe allows the preview only", async () => {
    const { world } = await createShop();
    const env = { FRESHET_MODE: "observe" };
    expect((await transcript([...page, "--yes"], { ...world, env })).talk[0]).toBe("FR1005 FRESHET_MODE=observe allows no writes");
    expect((await transcript(page, { ...world, env })).out).toEqual(["page:42: is not there (blind)"]);
  });

  test.each([
    [["bust", "--key", "page:42"], "FR1001 --key and --family are both needed, or --tag"],
    [[...page, "--mode", "sfot"], "FR1001 --mode is neither hard nor soft"],
    [[...page, "--mode", "soft"], "FR1001 entries of kind json cannot be marked stale"],
    [["bust", "--key", "page:42", "--family", "pgae"], "FR1001 the rules file has no family pgae"],
    [[...page, "--version", "7"], "FR1001 --version needs --space and --subject"],
    [[...page, "--space", "catalog.product"], "FR1001 --space and --subject belong together"],
    [[...page, "--space", "catalog.product", "--subject", "a\tb"], "FR1001 --space or --subject holds control characters"],
    [[...page, "--space", "catalog.product", "--subject", "4".repeat(512)], "FR1001 --space and --subject are longer than 512 bytes"],
    [versioned("07"), "FR1001 --version is not a canonical decimal of at most 20 digits"],
    [[...versioned("7"), "--space", "catalog.prodct"], "FR1001 no source of the rules file has the space catalog.prodct"],
  ])("%j is refused with 2", async (argv, problem) => {
    const { world } = await createShop();
    const { code, out, talk } = await transcript(argv, world);
    expect({ code, out, problem: talk[0] }).toEqual({ code: 2, out: [], problem });
  });
});

describe("bust of Freshet's own keys", () => {
  const rules = `freshet: 1
sources: [{ name: products, topic: shop.products, format: cloudevents, space: catalog.product }]
families: { any: { key: "{id}", escape: none, ttl: 1h, entry: { kind: opaque } } }
rules: [{ name: any, source: products, bust: [{ family: any, with: { id: subject } }] }]
`;
  test.each([
    [{}, "fr:sweeps", 2, "FR1001 keys that begin with fr: are Freshet's own"],
    [{ FRESHET_REDIS_PREFIX: "q:" }, "q:sweeps", 2, "FR1001 keys that begin with q: are Freshet's own"],
    [{ FRESHET_REDIS_PREFIX: "q:" }, "fr:sweeps", 4, "FR1005 nothing was changed: this was a preview"],
  ])("%j: %s ends with %i", async (env, key, wanted, problem) => {
    const { store, world } = await createShop();
    await store.seed.putOpaque(key, { value: "x" });
    const { code, talk } = await transcript(["bust", "--key", key, "--family", "any"], {
      ...world,
      env: { ...world.env, ...env },
      files: { ...world.files, "rules.yaml": rules },
    });
    expect({ code, problem: talk[0] }).toEqual({ code: wanted, problem });
    expect(await store.seed.has(key)).toBe(true);
  });
});

describe("get", () => {
  const version = parseVersion("7");
  if (version === null) throw new Error("unreachable");

  test("shows size, versions, floors and times, and never the value", async () => {
    const { store, world } = await createShop();
    await store.seed.putManaged("product:42", { value: "secret", deps: new Map([["catalog.product/42", version]]), ttlMs: 60_000 });
    const bust = ["bust", "--key", "product:42", "--family", "product", "--space", "catalog.product", "--subject", "42"];
    await transcript([...bust, "--version", "6", "--yes"], world);
    const { code, out } = await transcript(["get", "product:42", "--family", "product"], world);
    expect(code).toBe(0);
    expect(out).toEqual([
      "key         product:42",
      "type        hash, read as managed",
      "value       6 bytes",
      "version     catalog.product/42 7",
      "ttl         60000 ms",
      "floor       catalog.product/42 6 hard, raised 2026-01-01T00:00:00.000Z",
    ]);
    const json = await transcript(["get", "product:42", "--family", "product", "--json"], world);
    expect(JSON.parse(json.out[0] ?? "")).toMatchObject({
      key: "product:42",
      kind: "managed",
      redisType: "hash",
      valueBytes: 6,
      value: { deps: { "catalog.product/42": "7" } },
      ttlMs: 60_000,
      floors: [{ subject: "catalog.product/42", version: "6", mode: "hard" }],
      lease: null,
    });
  });

  test("nothing there is an answer, not an error", async () => {
    const { world } = await createShop();
    const { code, out } = await transcript(["get", "page:1", "--family", "page"], world);
    expect({ code, out }).toEqual({
      code: 0,
      out: ["key         page:1", "type        none, read as json", "value       none", "ttl         none"],
    });
  });

  test.each([
    ["page:42", "product"],
    ["product:", "product"],
    ["pag:1", "page"],
    ["page:a b", "page"],
  ])("a key that the family cannot make is refused with 4, as it is by bust: %j in %s", async (key, family) => {
    const { world } = await createShop();
    for (const argv of [
      ["get", key, "--family", family],
      ["bust", "--key", key, "--family", family],
    ]) {
      const { code, out, talk } = await transcript(argv, world);
      expect({ code, out, problem: talk[0] }).toEqual({ code: 4, out: [], problem: `FR1005 the family ${family} makes no such key` });
    }
  });

  test("no rules file: 2, with what to set", async () => {
    const { world } = await createShop();
    const { code, talk } = await transcript(["get", "page:1", "--family", "page"], { ...world, env: { FRESHET_RULES: "" } });
    expect(code).toBe(2);
    expect(talk).toEqual([
      "FR1002 no rules file is named, and it says how entries are stored",
      "  fix: Set FRESHET_RULES, or give --rules FILE.",
    ]);
  });
});

describe("topics create", () => {
  const topicsFile = JSON.stringify({
    topics: [{ topic: `freshet.dlq.\${deployment}`, partitions: 3, replicationFactor: -1, config: { "max.message.bytes": "9437184" } }],
  });
  const withTopics = { "topics.json": topicsFile };

  test("makes what is missing, and the second time nothing", async () => {
    const { world } = await createShop();
    const env = { FRESHET_DEPLOYMENT: "blue" };
    const run = () => transcript(["topics", "create"], { ...world, env, files: withTopics });
    expect(await run()).toEqual({ code: 0, out: ["freshet.dlq.blue created"], talk: [] });
    expect(await run()).toEqual({ code: 0, out: ["freshet.dlq.blue was there already"], talk: [] });
    expect(await world.kafka.describeTopics(["freshet.dlq.blue"])).toEqual([
      { topic: "freshet.dlq.blue", partitions: 3, maxMessageBytes: 9_437_184 },
    ]);
  });

  test("brokers that take their time have twenty seconds", async () => {
    jest.useFakeTimers();
    const { world } = await createShop();
    const { kafka } = world;
    const slow = Promise.withResolvers<void>();
    const after =
      (made: Promise<void>): typeof kafka.createTopics =>
      (specs) =>
        made.then(() => kafka.createTopics(specs));
    const run = (made: Promise<void>) =>
      transcript(["topics", "create"], { ...world, files: withTopics, kafka: { ...kafka, createTopics: after(made) } });
    try {
      const both = Promise.all([run(slow.promise), run(new Promise(() => {}))]);
      await jest.advanceTimersByTimeAsync(18_000);
      slow.resolve();
      await jest.advanceTimersByTimeAsync(7000);
      expect((await both).map(({ code }) => code)).toEqual([0, 5]);
    } finally {
      jest.useRealTimers();
    }
  });

  test("a topic that is there and too small is a finding: 3", async () => {
    const { world } = await createShop();
    await world.kafka.createTopics([{ topic: "freshet.dlq.default", partitions: 1, replicationFactor: 1, config: {} }]);
    const { code, talk } = await transcript(["topics", "create"], { ...world, files: withTopics });
    expect(code).toBe(3);
    expect(talk).toEqual([
      "freshet.dlq.default takes records of 1048588 bytes only — set its max.message.bytes to 9437184, so that every dead letter fits",
    ]);
  });

  test("a broken topics file: 2", async () => {
    const { world } = await createShop();
    const { code, talk } = await transcript(["topics", "create"], { ...world, files: { "topics.json": "{}" } });
    expect({ code, first: talk[0] }).toEqual({ code: 2, first: "FR1002 infra/kafka/topics.json has no list named topics" });
  });
});

describe("config show", () => {
  test("each value with its origin: flag, then variable, then default; no secrets", async () => {
    const env = { FRESHET_MODE: "observe", FRESHET_DEPLOYMENT: "blue", FRESHET_REDIS_URL: "redis://u:geheim@localhost:6379" };
    const { code, out } = await transcript(["config", "show", "--deployment", "green", "--json"], { env });
    expect(code).toBe(0);
    const { settings } = JSON.parse(out[0] ?? "");
    const by = (variable: string) => settings.find((line: { variable: string }) => line.variable === variable);
    expect(by("FRESHET_DEPLOYMENT")).toMatchObject({ value: "green", origin: "the flag --deployment" });
    expect(by("FRESHET_MODE")).toMatchObject({ value: "observe", origin: "the variable FRESHET_MODE" });
    expect(by("FRESHET_REDIS_PREFIX")).toMatchObject({ value: "fr:", origin: "default" });
    expect(out.join()).not.toContain("geheim");
  });

  test("a variable nobody knows: 2, with the nearest", async () => {
    const { code, talk } = await transcript(["config", "show"], { env: { FRESHET_REDIS_URI: "x" } });
    expect(code).toBe(2);
    expect(talk.join("\n")).toContain("FRESHET_REDIS_URL");
  });
});
