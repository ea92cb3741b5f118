import { encodeCloudEvent, FreshetError, parseVersion } from "@freshet/protocol";
import { explanationSchema } from "@freshet/replay";
import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { type MemoryWorld, openMemoryWorld } from "../../tests/memory-world.js";
import { transcript } from "../../tests/transcript.js";

const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
families:
  product: { key: "product:{id}", ttl: 1h, epochs: [{ tag: shop, with: {} }] }
  page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
tags:
  shop: { key: "shop", kind: epoch }
rules:
  - name: product-changed
    source: products
    types: ["product.*"]
    when: 'data.price > 5'
    bust: [{ family: product, with: { id: subject } }, { family: page, with: { id: subject } }]
`;

let log: MemoryWorld["log"];
let kafka: MemoryWorld["kafka"];
let store: MemoryWorld["store"];
let world: MemoryWorld["world"];
beforeEach(async () => {
  ({ log, kafka, store, world } = await openMemoryWorld(RULES, ["shop.products"]));
});

async function send(version: string, price = 9, type = "product.updated"): Promise<void> {
  const event = { id: "1", source: "test", type, subject: "42", version, time: "2026-01-01T00:00:00Z" };
  await kafka.produce([{ topic: "shop.products", ...encodeCloudEvent({ ...event, data: JSON.stringify({ price, note: "secret" }) }) }]);
}

async function consumed(): Promise<void> {
  const stop = new AbortController().signal;
  const [end] = await kafka.offsets(["shop.products"]);
  const range = { topic: "shop.products", partition: 0, from: 0, to: end?.latest ?? 0 };
  await kafka.read({ group: "freshet-default", ranges: [range], onBatch: async () => undefined, stop });
}

async function put(version: string): Promise<void> {
  const parsed = parseVersion(version);
  const deps = new Map(parsed === null ? [] : [["catalog.product/42", parsed]]);
  await store.seed.putManaged("product:42", { value: "a secret", deps, ttlMs: 60_000 });
}

const product = ["explain", "product:42", "--family", "product"];
const away = (code: "FR2001" | "FR3001") => () => Promise.reject(new FreshetError(code, "wait", "it is away", "Wait."));

describe("explain", () => {
  test("its help", async () => {
    expect(await transcript(["explain", "--help"])).toEqual({
      code: 0,
      talk: [],
      out: [
        "Examples:",
        "  freshet explain page:42 --family product-page",
        "  freshet explain page:42 --family product-page --since 24h --json",
        "",
        "Usage: freshet explain [options] <key>",
        "",
        "why an entry is as it is: its state, its rules, the events that touch it",
        "",
        "Options:",
        "  --family <family>  the entry's family in the rules file",
        "  --since <time>     events since so long ago (90m, 24h), or since a time",
        "                     (2026-11-21T03:00Z); default: 1h",
        "  --limit <events>   events to show, newest first; default: 20",
        "  --scan <records>   records to read at most, the newest; default: 100000",
        "  --json             one JSON object (schemas/explain.v1.json)",
        "  -h, --help         show this help",
        "",
        "Every setting is a flag as well, e.g. --kafka-brokers: see freshet run --help.",
      ],
    });
  });

  test("the answer first, then state, rules and events, in 80 columns and without the value", async () => {
    await put("7");
    await send("7");
    await send("8", 1);
    await consumed();
    await send("9");
    const { code, out, talk } = await transcript(product, world);
    expect({ code, talk }).toEqual({ code: 0, talk: [] });
    expect(out).toEqual([
      "stale because shop.products 0/2 (catalog.product/42 version 9) is not yet",
      "  consumed",
      "",
      "key           product:42",
      "family        product, managed",
      "made of       id 42",
      "type          hash",
      "value         8 bytes",
      "dep           catalog.product/42 7",
      "ttl           60000 ms",
      "epoch         shop (nobody has made it yet, which its entries get)",
      "",
      "rules that can touch it:",
      "  product-changed: source products, topic shop.products",
      "    types product.*",
      "    when data.price > 5",
      "    key product:42, hard, where subject is 42 (catalog.product/42)",
      "",
      "events since 2025-12-31T23:00:00.000Z, newest first: 3 of 3",
      "  3 records read, 3 offsets in that time, at most 100,000 (--scan); consumed is",
      "      what group freshet-default has committed",
      "  2026-01-01T00:00:00.000Z  not yet consumed  shop.products 0/2",
      "    product.updated (update) of catalog.product/42, version 9",
      "    the group is at 2",
      "    rule product-changed: key product:42, hard",
      "  2026-01-01T00:00:00.000Z  no_match  shop.products 0/1",
      "    product.updated (update) of catalog.product/42, version 8",
      "    product-changed: `data.price > 5` is false",
      "  2026-01-01T00:00:00.000Z  covered  shop.products 0/0",
      "    product.updated (update) of catalog.product/42, version 7",
      "    what is there is new enough",
      "    rule product-changed: key product:42, hard",
    ]);
    expect(out.filter((line) => line.length > 80)).toEqual([]);
    expect(out.join("\n")).not.toContain("secret");
  });

  test("--json is one object of schemas/explain.v1.json", async () => {
    await put("7");
    await send("8");
    const { code, out } = await transcript([...product, "--json"], world);
    expect({ code, lines: out.length }).toEqual({ code: 0, lines: 1 });
    const told = explanationSchema.parse(JSON.parse(out[0] ?? ""));
    expect(told.answer.kind).toBe("stale");
    expect(out[0]).not.toContain("secret");
  });

  test("changes nothing: no group, no entry, no epoch", async () => {
    await put("7");
    await send("8");
    await transcript(product, world);
    expect(await store.inspectTag("shop")).toMatchObject({ epoch: null });
    expect(await kafka.describeGroup("freshet-explain-default-id-1")).toMatchObject({ state: "missing" });
    expect(await kafka.describeGroup("freshet-default")).toMatchObject({ state: "missing" });
  });

  test("a bust by hand is told with who and why", async () => {
    await kafka.createTopics([{ topic: "freshet.audit.default", partitions: 1, replicationFactor: 1, config: {} }]);
    await put("7");
    await transcript(["bust", "--key", "product:42", "--family", "product", "--yes", "--reason", "INC-7"], world);
    const { out } = await transcript(product, { ...world, kafka: log.client() }); // a command closes its own
    expect(out[0]).toBe("fills refused until 2026-01-01T00:00:02.250Z: it was busted blind at");
    expect(out.slice(-3)).toEqual([
      "  2026-01-01T00:00:00.000Z  by hand  ada@ops-1",
      "    product:42, hard, blind: done, 1 removed",
      "    INC-7",
    ]);
  });

  test("what producers wrote does not steer the terminal", async () => {
    await send("8", 9, "product.\u001b[31mred");
    const { out } = await transcript(product, world);
    expect(out.join("\n")).toContain("product.\u{fffd}[31mred (update)");
    expect(out.join("")).not.toContain("\u001b");
  });

  test("--since, --limit and --scan bound what is read and told", async () => {
    for (const version of ["1", "2", "3", "4"]) await send(version);
    const { out } = await transcript([...product, "--since", "2025-12-31T23:30Z", "--limit", "1", "--scan", "2", "--json"], world);
    const { answer, events } = JSON.parse(out[0] ?? "");
    expect(events).toMatchObject({ since: "2025-12-31T23:30:00.000Z", read: 2, within: 4, recordsMax: 2, complete: false, found: 2 });
    expect(events.list).toHaveLength(1);
    expect(answer.text).toBe("absent because nothing filled it, or its 1h are over: no event since 2025-12-31T23:30:00.000Z removed it");
    const text = (await transcript([...product, "--scan", "2"], world)).out;
    expect(text).toContain("  INCOMPLETE: 2 older ones were not read");
  });

  test("Redis away: 5, with the rules and the events", async () => {
    await send("8");
    const { code, out, talk } = await transcript(product, { ...world, store: { ...store, inspect: away("FR2001") } });
    expect({ code, talk }).toEqual({ code: 5, talk: ["FR2001 it is away", "  fix: Wait."] });
    expect(out[0]).toBe("unknown: Redis could not be asked");
    expect(out).toContain("rules that can touch it:");
    expect(out).toContain("  2026-01-01T00:00:00.000Z  not yet consumed  shop.products 0/0");
  });

  test("Kafka away: 5, with the state and the rules", async () => {
    await put("7");
    const { code, out, talk } = await transcript(product, { ...world, kafka: { ...kafka, committed: away("FR3001") } });
    expect({ code, talk }).toEqual({ code: 5, talk: ["FR3001 it is away", "  fix: Wait."] });
    expect(out[0]).toBe("fresh as far as Redis tells: events could not be read");
    expect(out).toContain("dep           catalog.product/42 7");
    expect(out).toContain("rules that can touch it:");
    expect(out.join("\n")).not.toContain("newest first");
  });

  test.each(["kafka", "store"] as const)("a %s that never answers: 5, in time", async (silent) => {
    await put("7");
    const never = () => new Promise<never>(() => {});
    const hung = silent === "kafka" ? { kafka: { ...kafka, offsets: never } } : { store: { ...store, inspect: never } };
    jest.useFakeTimers();
    try {
      const running = transcript(product, { ...world, ...hung });
      await jest.advanceTimersByTimeAsync(20_000);
      const { code, out, talk } = await running;
      expect({ code, first: out[0] }).toEqual({
        code: 5,
        first: silent === "kafka" ? "fresh as far as Redis tells: events could not be read" : "unknown: Redis could not be asked",
      });
      expect(talk[0]).toMatch(silent === "kafka" ? /^FR3001 Kafka did not answer in time/ : /^FR2001 Redis did not answer in time/);
    } finally {
      jest.useRealTimers();
    }
  });

  test("a right that is missing in Redis: 1, and named as the store names it", async () => {
    const inspect = () => Promise.reject(new FreshetError("FR2003", "halt", "no right to HKEYS", "Grant +hkeys."));
    const { code, talk } = await transcript(product, { ...world, store: { ...store, inspect } });
    expect({ code, talk }).toEqual({ code: 1, talk: ["FR2003 no right to HKEYS", "  fix: Grant +hkeys."] });
  });

  test("rights that are missing: 1, and named", async () => {
    const offsets = () => Promise.reject(new FreshetError("FR3006", "halt", "not allowed", "Ask."));
    const { code, talk } = await transcript(product, { ...world, kafka: { ...kafka, offsets } });
    expect(code).toBe(1);
    expect(talk).toEqual([
      "FR3006 not allowed",
      "  fix: Grant the client's user Read on the topics shop.products, freshet.dlq.default, freshet.jobs.default, Describe on group freshet-default, and Read, Describe and Delete on group freshet-explain-default-id-1.",
    ]);
  });

  test("Ctrl-C: 130, with what was found", async () => {
    await put("7");
    const { code, out } = await transcript(product, { ...world, stop: AbortSignal.abort() });
    expect(code).toBe(130);
    expect(out[0]).toMatch(/^fresh as far as /);
  });

  test.each([
    [["explain", "product:42"], "FR1001 required option '--family <family>' not specified"],
    [["explain", "--family", "product"], "FR1001 missing required argument 'key'"],
    [["explain", "product:42", "--family", "prodct"], "FR1001 the rules file has no family prodct"],
    [["explain", "page:42", "--family", "product"], "FR1001 the family product makes no such key"],
    [[...product, "--since", "yesterday"], "FR1001 --since is not a time"],
  ])("%j is refused with 2", async (argv, problem) => {
    const { code, out, talk } = await transcript(argv, world);
    expect({ code, out, problem: talk[0] }).toEqual({ code: 2, out: [], problem });
  });

  test.each([
    ["--limit", "0"],
    ["--limit", "1001"],
    ["--scan", "1.5"],
    ["--scan", "99999999"],
  ])("%s %s is refused with 2", async (option, value) => {
    const { code, talk } = await transcript([...product, option, value], world);
    expect(code).toBe(2);
    expect(talk[0]).toContain(`option '${option} <`);
  });
});
