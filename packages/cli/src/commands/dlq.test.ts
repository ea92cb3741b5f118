import { createMemoryLog, type KafkaPort } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import { type DeadReason, encodeCloudEvent, FreshetError } from "@freshet/protocol";
import { deadLetterListSchema, deadLetterShownSchema, deadLetterStatsSchema } from "@freshet/replay";
import { describe, expect, test } from "@jest/globals";
import { NOW_MS, transcript } from "../../tests/transcript.js";

const HOUR_MS = 3_600_000;
/** What the transcripts' clock says is two hours after the first letter. */
const FIRST_MS = NOW_MS - 2 * HOUR_MS;
const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product, tenant: "header:x-tenant" }
families:
  page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - { name: price-changed, source: products, when: "data.price > 5", bust: [{ family: page, with: { id: subject } }] }
`;
const files = { "rules.yaml": RULES };
const topics = ["freshet.dlq.default", "freshet.jobs.default", "shop.orders.DLT"];
const bytes = (text: string) => new TextEncoder().encode(text);

async function createIncident() {
  let nowMs = FIRST_MS;
  const log = createMemoryLog({ clock: { nowMs: () => nowMs } });
  const kafka = log.client();
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  const fail = async (reason: DeadReason, data: string, tenant: string) => {
    const at = new Date(nowMs).toISOString();
    const event = encodeCloudEvent({ id: "e1", source: "s", type: "product.updated", subject: "42", version: "7", time: at, data });
    const headers = [...event.headers, { name: "x-tenant", value: bytes(tenant) }];
    const failed = { topic: "shop.products", partition: 0, offset: 11, timestampMs: nowMs, key: event.key, value: event.value, headers };
    const isRule = reason === "rule_error";
    const problem = isRule
      ? { message: "there is no field `price`", fix: "Ask with has(data.price)" }
      : { message: "no JSON", fix: "Mend it" };
    const rejection = { reason, rule: isRule ? "price-changed" : "", ...problem };
    const context = { topic: "freshet.dlq.default", group: "freshet-default", rulesHash: "ab".repeat(32), at };
    await kafka.produce([deadLetter(failed, rejection, context)]);
  };
  await fail("rule_error", "{}", "acme");
  nowMs += HOUR_MS;
  await fail("rule_error", '{"price":9,"secret":"geheim"}', "umbra");
  await fail("undecodable", "{", "acme");
  await kafka.produce([{ topic: "freshet.jobs.default", key: bytes("resolved/0-0"), value: bytes('{"jobId":"j1"}'), headers: [] }]);
  await kafka.produce([
    {
      topic: "shop.orders.DLT",
      key: null,
      value: bytes("x"),
      headers: [
        { name: "kafka_dlt-exception-fqcn", value: bytes("java.lang.IllegalStateException") },
        { name: "kafka_dlt-exception-message", value: bytes("\u001b[31mno account 4711") },
      ],
    },
  ]);
  return { files, kafka };
}

describe("dlq list", () => {
  test("the window first, then each cause with most open letters first", async () => {
    expect(await transcript(["dlq", "list"], await createIncident())).toEqual({
      code: 0,
      out: [
        "scanned freshet.dlq.default from its beginning to its end:",
        "  3 letters in 1 partition, written 2025-12-31T22:00:00Z to 2025-12-31T23:00:00Z",
        "wanted 3: 2 open, 1 resolved",
        "",
        "278f64e9640e8c32  rule_error",
        "  2 letters, 1 open, 2025-12-31T22:00:00Z to 2025-12-31T23:00:00Z",
        "  rule price-changed; from shop.products; tenants acme, umbra; newest 0-1",
        "  there is no field `price`. Fix: Ask with has(data.price)",
        "",
        "0aeaea8e5e458768  undecodable",
        "  1 letter, 1 open, 2025-12-31T23:00:00Z",
        "  from shop.products; tenants acme; newest 0-2",
        "  no JSON. Fix: Mend it",
      ],
      talk: ["one of them in full: freshet dlq show 0-1"],
    });
  });

  test.each([
    [["--since", "90m"], "scanned freshet.dlq.default written since 2025-12-31T22:30:00Z to its end:", "wanted 2: 2 open, 0 resolved"],
    [["--until", "90m"], "scanned freshet.dlq.default from its beginning and before 2025-12-31T22:30:00Z:", "wanted 1: 0 open, 1 resolved"],
    [["--reason", "undecodable"], "scanned freshet.dlq.default from its beginning to its end:", "wanted 1: 1 open, 0 resolved"],
    [["--rule", ""], "scanned freshet.dlq.default from its beginning to its end:", "wanted 1: 1 open, 0 resolved"],
    [["--where", 'tenant == "acme"'], "scanned freshet.dlq.default from its beginning to its end:", "wanted 1: 0 open, 1 resolved"],
  ])("%j", async (more, first, wanted) => {
    const { code, out } = await transcript(["dlq", "list", ...more], await createIncident());
    expect([code, out[0]]).toEqual([0, first]);
    expect(out).toContain(wanted);
  });

  test("what --where cannot answer for is counted", async () => {
    const { out } = await transcript(["dlq", "list", "--where", "data.price > 5"], await createIncident());
    expect(out.slice(2, 5)).toEqual([
      "wanted 1: 1 open, 0 resolved",
      "  --where had no answer for 2: 1 without an event, 1 not evaluated",
      "",
    ]);
  });

  test("a topic of others: control characters do nothing, and nobody says what is open", async () => {
    const { code, out, talk } = await transcript(["dlq", "list", "--topic", "shop.orders.DLT"], await createIncident());
    expect({ code, out: out.slice(2), talk }).toEqual({
      code: 0,
      out: [
        "wanted 1: nobody marks these as resolved",
        "",
        expect.stringMatching(/^[0-9a-f]{16} {2}java\.lang\.IllegalStateException$/),
        "  1 letter, 2025-12-31T23:00:00Z",
        "  written by spring; newest 0-0",
        "  [31mno account 4711",
      ],
      talk: ["one of them in full: freshet dlq show 0-0 --topic shop.orders.DLT"],
    });
  });

  test("--limit shows fewer and says so", async () => {
    const { out, talk } = await transcript(["dlq", "list", "--limit", "1"], await createIncident());
    expect(out.filter((line) => /^[0-9a-f]{16} /.test(line))).toHaveLength(1);
    expect(talk[0]).toBe("1 more group: raise --limit");
  });

  test("an empty topic, and rules that are what is broken: it goes on without them", async () => {
    const { kafka } = await createIncident();
    const world = { kafka, files: { "rules.yaml": "freshet: 2" }, env: { FRESHET_RULES: "rules.yaml" } };
    const { code, out, talk } = await transcript(["dlq", "list"], world);
    expect([code, out[2]]).toEqual([0, "wanted 3: 2 open, 1 resolved"]);
    expect(talk[0]).toMatch(/^going on without rules, so tenants and events are not known: the rules file has \d+ findings/);
    expect((await transcript(["dlq", "list", "--until", "30d"], world)).out).toEqual([
      "scanned freshet.dlq.default from its beginning and before 2025-12-02T00:00:00Z:",
      "  0 letters in 1 partition",
      "wanted 0: 0 open, 0 resolved",
    ]);
  });
});

test("dlq stats: the window first, then a table for each question", async () => {
  expect(await transcript(["dlq", "stats"], await createIncident())).toEqual({
    code: 0,
    out: [
      "scanned freshet.dlq.default from its beginning to its end:",
      "  3 letters in 1 partition, written 2025-12-31T22:00:00Z to 2025-12-31T23:00:00Z",
      "wanted 3: 2 open, 1 resolved",
      "",
      "reason                                                      letters         open",
      "rule_error                                                        2            1",
      "undecodable                                                       1            1",
      "",
      "rule                                                        letters         open",
      "price-changed                                                     2            1",
      "(before any rule)                                                 1            1",
      "",
      "source topic                                                letters         open",
      "shop.products                                                     3            2",
      "",
      "tenant                                                      letters         open",

      "acme                                                              2            1",
      "umbra                                                             1            1",
      "",
      "written by                                                  letters         open",
      "freshet                                                           3            2",
      "",
      "hour (UTC)                                                  letters         open",
      "2025-12-31T22:00:00Z                                              1            0",
      "2025-12-31T23:00:00Z                                              2            2",
    ],
    talk: [],
  });
  const { out } = await transcript(["dlq", "stats", "--limit", "1"], await createIncident());
  expect(out).toContain("  and 1 letter elsewhere: raise --limit, or choose with --since and --reason");
});

describe("dlq show", () => {
  test("why it failed, where from, what the rules of now make of it; no payload", async () => {
    const { code, out, talk } = await transcript(["dlq", "show", "0-1"], await createIncident());
    expect({ code, talk }).toEqual({ code: 0, talk: [] });
    expect(out.slice(0, 15)).toEqual([
      "letter        0-1 in freshet.dlq.default, written 2025-12-31T23:00:00Z by",
      "              freshet",
      "state         open",
      "reason        rule_error",
      "rule          price-changed",
      "message       there is no field `price`. Fix: Ask with has(data.price)",
      "fingerprint   278f64e9640e8c32",
      "record        shop.products, partition 0, offset 11",
      "failed        2025-12-31T23:00:00Z, 1 attempt",
      "group         freshet-default",
      `rules         ${"ab".repeat(32)}`,
      "event         product.updated (update) of catalog.product/42, version 7, source",
      "              products, tenant umbra",
      "now           would be applied: 1 bust",
      expect.stringMatching(/^sizes {9}key \d+ B, value 29 B, headers \d+ B$/),
    ]);
    expect(out).toContain("              ce_type = product.updated");
    expect(out).toContain("              x-tenant (5 B)");
    expect(out.at(-1)).toBe("payload       not shown: it may be private; --payload shows it");
    expect(out.join("\n")).not.toContain("geheim");
    expect(out.filter((line) => line.length > 80)).toEqual([]);
  });

  test("--payload shows key, value and every header", async () => {
    const { out } = await transcript(["dlq", "show", "0-1", "--payload"], await createIncident());
    expect(out.at(-1)).toBe('value         {"price":9,"secret":"geheim"}');
    expect(out).toContain("              x-tenant = umbra");
  });

  test("a resolved one names the job; one that would fail again says why", async () => {
    const incident = await createIncident();
    const { out } = await transcript(["dlq", "show", "0-0"], incident);
    expect(out).toContain("state         resolved by job j1");
    expect(out.join("\n")).toContain("now           would fail again as rule_error: ");
  });

  test.each([
    [["0-9"], "FR1001 there is no dead letter 0-9 in freshet.dlq.default"],
    [["first"], "FR1001 that is no id of a dead letter"],
    [[], "FR1001 missing required argument 'id'"],
  ])("%j: 2", async (more, problem) => {
    const { code, out, talk } = await transcript(["dlq", "show", ...more], await createIncident());
    expect({ code, out, problem: talk[0] }).toEqual({ code: 2, out: [], problem });
  });
});

test.each([
  [["dlq", "list"], deadLetterListSchema],
  [["dlq", "stats"], deadLetterStatsSchema],
  [["dlq", "show", "0-1"], deadLetterShownSchema],
])("%j --json is one object of its schema", async (argv, schema) => {
  const { code, out } = await transcript([...argv, "--json"], await createIncident());
  expect([code, out.length]).toEqual([0, 1]);
  const json: unknown = JSON.parse(out[0] ?? "");
  expect(schema.parse(json)).toEqual(json);
});

describe("what goes wrong", () => {
  test.each([
    [["--since", "yesterday"], "FR1001 --since is not a time"],
    [["--since", "1h", "--until", "2h"], "FR1001 --since is not before --until"],
    [["--where", "data.price >"], "FR1001 --where, character 13: the expression cannot be read"],
    [["--where", "data.price > 5 ? 1 : 2"], "FR1001 --where, character 1: the expression gives int, not true or false"],
    [["--reason", "rule-error"], "FR1001 --reason is none that Freshet writes"],
    [["--limit", "0"], "FR1001 option '--limit <groups>' argument '0' is invalid. It must be 1 to 10000."],
    [["--topic", "missing"], "FR3002 there is no topic missing, or it may not be described"],
  ])("%j: 2", async (more, problem) => {
    const { code, out, talk } = await transcript(["dlq", "list", ...more], await createIncident());
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(talk[0]).toContain(problem);
    expect(talk[1]).toMatch(/^ {2}fix: ./);
  });

  const failing = (error: FreshetError): Partial<KafkaPort> => ({ offsets: () => Promise.reject(error) });
  test.each([
    [5, new FreshetError("FR3001", "wait", "away", "wait"), "  fix: wait"],
    [
      1,
      new FreshetError("FR3006", "halt", "Kafka refused rights", "?"),
      "  fix: Grant the client's user Read on topic freshet.dlq.default, and Read, Describe and Delete on group freshet-dlq-default-id-1.",
    ],
  ])("Kafka away or refusing: %d", async (code, error, fix) => {
    for (const command of ["list", "stats"]) {
      const { kafka } = await createIncident();
      const told = await transcript(["dlq", command], { files, kafka: { ...kafka, ...failing(error) } });
      expect({ code: told.code, out: told.out, fix: told.talk.at(-1) }).toEqual({ code, out: [], fix });
    }
  });

  test("Ctrl-C: what was read so far, marked as incomplete, and 130", async () => {
    const { kafka } = await createIncident();
    const stop = new AbortController();
    const slow: KafkaPort = {
      ...kafka,
      read: (options) => {
        stop.abort();
        return kafka.read(options);
      },
    };
    const { code, out } = await transcript(["dlq", "list"], { files, kafka: slow, stop: stop.signal, interrupt: stop.signal });
    expect(code).toBe(130);
    expect(out).toContain("  INCOMPLETE: stopped before the end, so there may be more than this");
  });
});
