import { createMemoryLog } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import { type DeadReason, encodeCloudEvent, type FramePort, FreshetError } from "@freshet/protocol";
import { compileEventFilter, loadRules } from "@freshet/rules";
import { createClock } from "@freshet/testkit";
import { describe, expect, test } from "@jest/globals";
import { dialects, record } from "../../tests/foreign-letters.js";
import { type DeadLetterQuery, listDeadLetters, statDeadLetters } from "./query.js";
import { deadLetterListSchema, deadLetterShownSchema, deadLetterStatsSchema } from "./reports.js";
import { showDeadLetter } from "./show.js";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const HOUR_MS = 3_600_000;
const { rules } = loadRules(`freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product, tenant: "header:x-tenant" }
families:
  page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - { name: price, source: products, when: "data.price > 5", bust: [{ family: page, with: { id: subject } }] }
`);
const never = new AbortController().signal;

async function createWorld() {
  const clock = createClock(START_MS);
  const log = createMemoryLog({ clock });
  const kafka = log.client();
  const topics = ["freshet.dlq.blue", "freshet.jobs.blue", "others.dlq"];
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  const fail = async (reason: DeadReason, over: { subject?: string; data?: string; tenant?: string; rule?: string } = {}) => {
    const { subject = "42", data = "{}", tenant = "acme", rule = "" } = over;
    const event = encodeCloudEvent({ id: "1", source: "s", type: "t", subject, version: "7", time: "2026-01-01T00:00:00Z", data });
    const headers = [...event.headers, { name: "x-tenant", value: new TextEncoder().encode(tenant) }];
    const failed = { ...record(headers, { topic: "shop.products", key: event.key, value: event.value }) };
    const context = { topic: "freshet.dlq.blue", group: "g", rulesHash: "0".repeat(64), at: new Date(clock.nowMs()).toISOString() };
    await kafka.produce([deadLetter(failed, { reason, message: `it is ${reason}`, fix: "Mend it", rule }, context)]);
  };
  const mark = (id: string, value: string | null) =>
    kafka.produce([{ topic: "freshet.jobs.blue", key: bytes(`resolved/${id}`), value: value === null ? null : bytes(value), headers: [] }]);
  return { clock, log, kafka, fail, mark };
}

const bytes = (text: string) => new TextEncoder().encode(text);

function query(over: Partial<DeadLetterQuery> = {}): DeadLetterQuery {
  const choice = { reason: null, rule: null, where: null };
  const none = { topic: null, sinceMs: null, untilMs: null, rules, stop: never, onProgress: () => {} };
  return { deployment: "blue", group: "freshet-dlq-blue-1", choice, ...none, ...over };
}

describe("dead letters by cause", () => {
  test("groups, with first and last, a sample, tenants, and what is open", async () => {
    const { clock, kafka, fail, mark, log } = await createWorld();
    await fail("rule_error", { rule: "price" });
    await clock.advance(HOUR_MS);
    await fail("rule_error", { rule: "price", tenant: "umbra" });
    await fail("undecodable");
    await mark("0-0", "{}");
    const list = await listDeadLetters(kafka, query(), 50);
    expect(deadLetterListSchema.parse(list)).toEqual(list);
    expect(list).toMatchObject({ wanted: 3, open: 2, resolved: 1, unanswered: null, groupsFound: 2, others: { letters: 0, open: 0 } });
    expect(list.window).toEqual({
      topic: "freshet.dlq.blue",
      since: null,
      until: null,
      ranges: [{ partition: 0, from: 0, to: 3 }],
      complete: true,
      letters: 3,
      oldest: "2026-01-01T00:00:00.000Z",
      newest: "2026-01-01T01:00:00.000Z",
    });
    expect(list.groups.find(({ reason }) => reason === "rule_error")).toMatchObject({
      ...{ dialect: "freshet", rule: "price", message: "it is rule_error. Fix: Mend it", letters: 2, open: 1, resolved: 1, sample: "0-1" },
      ...{ first: "2026-01-01T00:00:00.000Z", last: "2026-01-01T01:00:00.000Z", topics: ["shop.products"], tenants: ["acme", "umbra"] },
    });
    expect((await kafka.describeGroup("freshet-dlq-blue-1")).state).toBe("missing");
    expect(log.committed("freshet-dlq-blue-1", { topic: "freshet.dlq.blue", partition: 0 })).toBeNull();
  });

  test("a mark that was taken away opens the letter again; other keys and unreadable marks do no harm", async () => {
    const { kafka, fail, mark } = await createWorld();
    for (let count = 0; count < 3; count++) await fail("undecodable");
    await mark("0-0", "{}");
    await mark("0-0", null);
    await mark("0-1", "{");
    for (const id of ["", "0", "0-1-2", "-1-0", "0-99999999999999999999", "00-0"]) await mark(id, "{}");
    expect(await listDeadLetters(kafka, query(), 50)).toMatchObject({ open: 2, resolved: 1 });
  });

  test("since and until choose by when letters were written; the window says both", async () => {
    const { clock, kafka, fail } = await createWorld();
    for (let hour = 0; hour < 4; hour++) {
      await fail("undecodable");
      await clock.advance(HOUR_MS);
    }
    const span = { sinceMs: START_MS + HOUR_MS, untilMs: START_MS + 3 * HOUR_MS };
    const { window, wanted } = await listDeadLetters(kafka, query(span), 50);
    expect(wanted).toBe(2);
    expect(window).toMatchObject({ since: "2026-01-01T01:00:00.000Z", until: "2026-01-01T03:00:00.000Z", letters: 2 });
  });

  test("reason, rule and --where choose; what --where cannot answer for is counted and not wanted", async () => {
    const { kafka, fail } = await createWorld();
    await fail("rule_error", { rule: "price", data: '{"price":1}' });
    await fail("rule_error", { rule: "price", data: '{"price":9}' });
    await fail("rule_error", { rule: "other", data: '{"price":9}' });
    await fail("rule_error", { rule: "price", data: "{}" });
    await fail("rule_error", { rule: "price", data: "{" });
    const filter = compileEventFilter("data.price > 5");
    if ("problem" in filter || rules === null) throw new Error("the filter or the rules are wrong");
    const choice = { reason: "rule_error", rule: "price", where: { filter, rules } };
    const list = await listDeadLetters(kafka, query({ choice }), 50);
    expect(list).toMatchObject({ wanted: 1, unanswered: { noEvent: 1, failed: 1 }, window: { letters: 5 } });
    expect(list.groups.map(({ sample }) => sample)).toEqual(["0-1"]);
  });

  test("letters written during the scan are not in it", async () => {
    const { kafka, fail } = await createWorld();
    await fail("undecodable");
    const growing = { ...kafka, read: (options: Parameters<typeof kafka.read>[0]) => fail("undecodable").then(() => kafka.read(options)) };
    expect((await listDeadLetters(growing, query(), 50)).wanted).toBe(1);
  });

  test("a topic of somebody else: every dialect, and nobody says what is open", async () => {
    const { kafka } = await createWorld();
    await kafka.produce(Object.values(dialects).map((headers) => ({ topic: "others.dlq", key: null, value: bytes("x"), headers })));
    const list = await listDeadLetters(kafka, query({ topic: "others.dlq" }), 50);
    expect(deadLetterListSchema.parse(list)).toEqual(list);
    expect(list).toMatchObject({ open: null, resolved: null, groupsFound: 5 });
    expect(list.groups.map(({ dialect }) => dialect).toSorted()).toEqual(Object.keys(dialects).toSorted());
  });

  test("more causes than are told apart count as others", async () => {
    const { kafka } = await createWorld();
    const headers = (at: number) => [{ name: "kafka_dlt-exception-fqcn", value: bytes(`E${at}`) }];
    const letters = Array.from({ length: 10_005 }, (_, at) => ({ topic: "others.dlq", key: null, value: null, headers: headers(at) }));
    await kafka.produce(letters);
    const list = await listDeadLetters(kafka, query({ topic: "others.dlq" }), 3);
    expect(list.groups).toHaveLength(3);
    expect(list).toMatchObject({ groupsFound: 10_000, others: { letters: 5, open: null }, wanted: 10_005 });
    const stats = await statDeadLetters(kafka, query({ topic: "others.dlq" }));
    expect(stats.reasons).toHaveLength(1000);
    expect(stats.others).toMatchObject({ reasons: 9005, rules: 0 });
  });

  test("without rules the tenants are not known", async () => {
    const { kafka, fail } = await createWorld();
    await fail("undecodable");
    const list = await listDeadLetters(kafka, query({ rules: null }), 50);
    expect(list.groups[0]?.tenants).toBeNull();
  });

  test("stopped, it ends with what it has and says how far it came", async () => {
    const { kafka, fail } = await createWorld();
    for (let count = 0; count < 1200; count++) await fail("undecodable");
    const stop = new AbortController();
    const list = await listDeadLetters(kafka, query({ stop: stop.signal, onProgress: () => stop.abort() }), 50);
    expect(list.window.complete).toBe(false);
    expect(list.window.ranges).toEqual([{ partition: 0, from: 0, to: list.wanted }]);
    expect(list.wanted).toBeLessThan(1200);
  });

  test("lack of rights names the rights", async () => {
    const { kafka } = await createWorld();
    const refuse = () => Promise.reject(new FreshetError("FR3006", "halt", "Kafka refused rights", "?"));
    await expect(listDeadLetters({ ...kafka, offsets: refuse }, query({ topic: "others.dlq" }), 50)).rejects.toMatchObject({
      code: "FR3006",
      fix: "Grant the client's user Read on topic others.dlq, and Read, Describe and Delete on group freshet-dlq-blue-1.",
    });
  });

  test("no such topic, no jobs topic", async () => {
    const { kafka } = await createWorld();
    await expect(listDeadLetters(kafka, query({ topic: "missing" }), 50)).rejects.toMatchObject({ code: "FR3002", disposition: "usage" });
    await kafka.createTopics([{ topic: "freshet.dlq.red", partitions: 1, replicationFactor: 1, config: {} }]);
    expect(await listDeadLetters(kafka, query({ deployment: "red" }), 50)).toMatchObject({ wanted: 0, open: 0, resolved: 0 });
  });
});

test("dead letters in numbers: reasons, rules, sources, tenants, dialects, hours, then days", async () => {
  const { clock, kafka, fail, mark } = await createWorld();
  await fail("rule_error", { rule: "price" });
  await clock.advance(HOUR_MS);
  await fail("rule_error", { rule: "price" });
  await fail("undecodable", { data: "{" });
  await mark("0-1", "{}");
  const stats = await statDeadLetters(kafka, query());
  expect(deadLetterStatsSchema.parse(stats)).toEqual(stats);
  expect(stats).toMatchObject({
    ...{ wanted: 3, open: 2, resolved: 1 },
    reasons: [
      { reason: "rule_error", letters: 2, open: 1 },
      { reason: "undecodable", letters: 1, open: 1 },
    ],
    rules: [
      { rule: "price", letters: 2, open: 1 },
      { rule: "", letters: 1, open: 1 },
    ],
    sources: [{ topic: "shop.products", letters: 3, open: 2 }],
    tenants: [{ tenant: "acme", letters: 3, open: 2 }],
    dialects: [{ dialect: "freshet", letters: 3, open: 2 }],
  });
  expect(stats.times).toEqual({
    unit: "hour",
    counts: [
      { from: "2026-01-01T00:00:00.000Z", letters: 1, open: 1 },
      { from: "2026-01-01T01:00:00.000Z", letters: 2, open: 1 },
    ],
  });
  await clock.advance(72 * HOUR_MS);
  await fail("undecodable");
  expect((await statDeadLetters(kafka, query())).times).toEqual({
    unit: "day",
    counts: [
      { from: "2026-01-01T00:00:00.000Z", letters: 3, open: 2 },
      { from: "2026-01-04T00:00:00.000Z", letters: 1, open: 1 },
    ],
  });
});

describe("values that name their schema", () => {
  const { rules: framed } = loadRules(`freshet: 1
sources:
  - { name: orders, topic: shop.products, format: json, encoding: registry, space: orders, id: [/id], version: /rev, tenant: /owner }
families:
  order: { key: "order:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - { name: any, source: orders, bust: [{ family: order, with: { id: subject } }] }
`);
  /** One at a time, as where each is very large. */
  const unframe: FramePort["unframe"] = async (records) =>
    records
      .slice(0, 1)
      .map((one) => ({ kind: "record", record: { ...one, value: bytes('{"id":"7","rev":3,"owner":"acme"}'), valueSpan: null } }));
  const away: FramePort["unframe"] = () => Promise.reject(new FreshetError("FR3001", "wait", "the registry is away", "Wait."));

  test("are looked up for --where and for tenants; a registry that is away stops only --where", async () => {
    const { kafka, fail } = await createWorld();
    await fail("rule_error");
    const filter = compileEventFilter('data.owner == "acme"');
    if ("problem" in filter || framed === null) throw new Error("the filter or the rules are wrong");
    const choice = { reason: null, rule: null, where: { filter, rules: framed } };
    const asked = query({ choice, rules: framed, frames: { unframe, close: () => {} } });
    await fail("rule_error");
    expect(await listDeadLetters(kafka, asked, 50)).toMatchObject({
      wanted: 2,
      unanswered: { noEvent: 0, failed: 0 },
      groups: [{ letters: 2, tenants: ["acme"] }],
    });
    const frames = { unframe: away, close: () => {} };
    expect((await listDeadLetters(kafka, query({ rules: framed, frames }), 50)).groups).toMatchObject([{ letters: 2, tenants: [] }]);
    await expect(listDeadLetters(kafka, { ...asked, frames }, 50)).rejects.toMatchObject({ code: "FR3001" });
  });

  test("one in full says what it would come to, where the registry answers", async () => {
    const { kafka, fail } = await createWorld();
    await fail("rule_error");
    const one = { ...query({ rules: framed }), partition: 0, offset: 0, payload: false, onProgress: () => {} };
    const shown = await showDeadLetter(kafka, { ...one, frames: { unframe, close: () => {} } });
    expect(shown).toMatchObject({ event: { subject: "7", version: "3", tenant: "acme" }, now: { outcome: "busts", busts: 1 } });
    expect(await showDeadLetter(kafka, { ...one, frames: { unframe: away, close: () => {} } })).toMatchObject({ event: null, now: null });
  });
});

describe("all of one dead letter", () => {
  const one = (over: object = {}) => ({ ...query(), partition: 0, offset: 0, payload: false, onProgress: () => {}, ...over });

  test("how it failed, where from, what the rules of now make of it; no payload unless asked for", async () => {
    const { kafka, fail, mark } = await createWorld();
    await fail("rule_error", { rule: "price", data: '{"price":9,"secret":"geheim"}', tenant: "acme" });
    await mark("0-0", '{"id":"0-0","jobId":"j1","at":"2026-01-02T00:00:00Z","by":{"user":"ada","host":"ops"},"outcome":"applied"}');
    const shown = await showDeadLetter(kafka, one());
    expect(deadLetterShownSchema.parse(shown)).toEqual(shown);
    expect(shown).toMatchObject({
      ...{ id: "0-0", topic: "freshet.dlq.blue", reason: "rule_error", rule: "price", attempts: 1, group: "g", batch: null, payload: null },
      source: { topic: "shop.products", partition: 3, offset: 17 },
      resolution: { state: "resolved", job: "j1", at: "2026-01-02T00:00:00Z", by: "ada@ops", outcome: "applied" },
      event: { space: "catalog.product", subject: "42", version: "7", type: "t", tenant: "acme", op: "update" },
      now: { outcome: "busts", busts: 1 },
      sizes: { value: 29 },
    });
    expect(JSON.stringify(shown)).not.toContain("geheim");
    expect(shown?.headers.find(({ name }) => name === "x-tenant")).toEqual({ name: "x-tenant", bytes: 4, text: null });
    const whole = await showDeadLetter(kafka, one({ payload: true }));
    expect(whole?.payload).toEqual({ key: { text: expect.any(String) }, value: { text: '{"price":9,"secret":"geheim"}' } });
    expect(whole?.headers.find(({ name }) => name === "x-tenant")?.text).toBe("acme");
  });

  test("what would fail again says so, and bytes that are no text are base64", async () => {
    const { kafka } = await createWorld();
    const value = Uint8Array.of(0xff, 0);
    await kafka.produce([{ topic: "others.dlq", key: null, value, headers: dialects.freshet }]);
    const shown = await showDeadLetter(kafka, one({ topic: "others.dlq", payload: true }));
    expect(shown).toMatchObject({ event: null, now: { outcome: "dead", reason: "undecodable" }, resolution: { state: "unknown" } });
    expect(shown?.payload).toEqual({ key: null, value: { base64: "/wA=" } });
  });

  test.each([{ offset: 1 }, { partition: 1 }])("%j is not there", async (place) => {
    const { kafka, fail } = await createWorld();
    await fail("undecodable");
    expect(await showDeadLetter(kafka, one(place))).toBeNull();
  });
});
