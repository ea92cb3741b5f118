import { type FramePort, FreshetError } from "@freshet/protocol";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { createWorld, RULES, type World } from "../../tests/explain-world.js";
import { type AuditIntention, ended, started } from "../audit/audit-entry.js";
import { writeAudit } from "../audit/write-audit.js";
import { explanationSchema } from "./explanation.js";

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

async function verdicts(key = "product:42", family = "product") {
  const { events } = (await world.explain(key, family)).explanation;
  return events?.list.map(({ offset, verdict, because }) => ({ offset, verdict, because }));
}

const MORE_THAN_R_MS = 3000;
const FLOOR_OVER_MS = 60_000;

describe("each event with its verdict", () => {
  test("not yet consumed, by what the live group has committed", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "6" });
    expect(await verdicts()).toEqual([
      { offset: 0, verdict: "not yet consumed", because: "the group has committed nothing of this partition" },
    ]);
    await world.serve();
    await world.send({ subject: "42", version: "8" });
    expect(await verdicts()).toEqual([
      { offset: 1, verdict: "not yet consumed", because: "the group is at 1" },
      { offset: 0, verdict: "covered", because: "what is there is new enough" },
    ]);
  });

  test("removed, gone or written again", async () => {
    await world.send({ subject: "42", version: "8" });
    await world.serve();
    expect(await verdicts()).toEqual([{ offset: 0, verdict: "removed", because: "nothing is there now" }]);
    world.advance(FLOOR_OVER_MS);
    await world.fill("product:42", "product", { deps: { "price/42": "1" } });
    expect(await verdicts()).toEqual([{ offset: 0, verdict: "removed", because: "it was written again afterwards" }]);
  });

  test("softened", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "8", type: "product.renamed" });
    await world.serve();
    expect(await verdicts()).toEqual([{ offset: 0, verdict: "softened", because: "it is served as stale" }]);
  });

  test("no_match, with the condition that is false", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "8", data: { price: 1 } });
    await world.serve();
    const [event] = (await verdicts()) ?? [];
    expect(event?.verdict).toBe("no_match");
    expect(event?.because).toContain("product-changed: `data.price > 5` is false");
    expect(event?.because).toContain("product-renamed: types are product.renamed, the event's type is product.updated");
  });

  test("no_match, because a rule busts others", async () => {
    await world.fill("listing:acme:1", "listing");
    await world.send({ subject: "42", version: "8", type: "brand.updated", data: { brand: "emca" } });
    await world.serve();
    expect(await verdicts("listing:acme:1", "listing")).toEqual([
      { offset: 0, verdict: "no_match", because: "brand-changed: it busts others than this one" },
    ]);
  });

  test("no_match, for what says nothing about any subject", async () => {
    await world.fill("product:42", "product");
    await world.sendRaw("42", null);
    await world.serve();
    expect(await verdicts()).toEqual([{ offset: 0, verdict: "no_match", because: "it says nothing about any subject" }]);
  });

  test("dead-lettered, with the letter and its reason", async () => {
    await world.fill("product:42", "product");
    await world.send({ subject: "42", version: "8", data: {} });
    await world.sendRaw("42", "{");
    await world.serve();
    const { events } = (await world.explain("product:42", "product")).explanation;
    expect(events?.list.map(({ offset, verdict, letter }) => ({ offset, verdict, letter }))).toEqual([
      { offset: 1, verdict: "dead-lettered", letter: { id: "0-1", reason: expect.any(String), resolved: false, checked: true } },
      { offset: 0, verdict: "dead-lettered", letter: { id: "0-0", reason: "rule_error", resolved: false, checked: true } },
    ]);
  });

  test("dead-lettered and resolved since, which makes nothing stale", async () => {
    await world.send({ subject: "42", version: "8", data: {} });
    await world.serve();
    await world.store.seed.putManaged("product:42", { value: "v", deps: new Map() });
    expect((await world.explain("product:42", "product")).explanation.answer.kind).toBe("stale");
    await world.kafka.createTopics([{ topic: "freshet.jobs.test", partitions: 1, replicationFactor: 1, config: {} }]);
    const bytes = (text: string) => new TextEncoder().encode(text);
    await world.kafka.produce([{ topic: "freshet.jobs.test", key: bytes("resolved/0-0"), value: bytes("{}"), headers: [] }]);
    const { answer, events } = (await world.explain("product:42", "product")).explanation;
    expect(events?.list[0]).toMatchObject({ verdict: "dead-lettered", letter: { id: "0-0", resolved: true } });
    expect(events?.list[0]?.because).toMatch(/ \(resolved since\)$/);
    expect(answer.kind).toBe("fresh");
  });

  test("not yet consumed, and refused by the rules; no_match already before it is consumed", async () => {
    await world.send({ subject: "42", version: "8", data: {} });
    await world.fill("listing:acme:1", "listing");
    await world.send({ subject: "42", version: "8", type: "brand.updated", data: { brand: "emca" } });
    const [refused] = (await verdicts()) ?? [];
    expect(refused).toMatchObject({ offset: 1, verdict: "no_match" });
    expect((await verdicts())?.[1]?.because).toMatch(
      /^the group has committed nothing of this partition; these rules refuse it: rule_error: rule product-changed: /,
    );
    expect((await verdicts("listing:acme:1", "listing"))?.[0]).toMatchObject({ offset: 1, verdict: "no_match" });
  });

  test("dead-lettered, even where the letter is not there any more", async () => {
    await world.send({ subject: "42", version: "8", data: {} });
    await world.serve();
    const { events } = (await world.explain("product:42", "product", { deployment: "other" })).explanation;
    expect(events?.list[0]).toMatchObject({ verdict: "dead-lettered", letter: null });
    expect(events?.list[0]?.because).toMatch(/^rule_error: .+ \(no dead letter of it was found\)$/);
  });

  test("a record on which mapping throws spoils no explanation", async () => {
    await world.send({ subject: "42", version: "8" });
    await world.serve();
    const map = () => {
      throw new RangeError("too deep");
    };
    const { explanation, errors } = await world.explain("product:42", "product", { rules: { ...world.rules, map } });
    expect(errors).toEqual([]);
    expect(explanation.events?.list).toMatchObject([{ verdict: "dead-lettered", because: expect.stringMatching(/^undecodable: /) }]);
  });

  test("a letter counts under rules that would take its event today", async () => {
    await world.send({ subject: "42", version: "8", data: {} });
    await world.serve();
    const mended = await createWorld(RULES.replace("data.price > 5", "!has(data.price) || data.price > 5"));
    const { events } = (await world.explain("product:42", "product", { rules: mended.rules })).explanation;
    expect(events?.list[0]).toMatchObject({ verdict: "dead-lettered", letter: { reason: "rule_error" } });
  });

  test("pending, while a walk has not reached it; covered where the entry is new enough", async () => {
    await world.fill("listing:acme:1", "listing");
    const brand = { subject: "42", type: "brand.updated", data: { brand: "acme" } };
    await world.send({ ...brand, version: "7" });
    await world.send({ ...brand, version: "8" });
    await world.serve();
    expect(await verdicts("listing:acme:1", "listing")).toEqual([
      { offset: 1, verdict: "pending", because: "the walk of tag brand:acme has not ended" },
      { offset: 0, verdict: "covered", because: "what is there is new enough" },
    ]);
  });

  test("of an epoch: removed, then covered by what was loaded after it", async () => {
    await world.fill("page:42:eu", "page");
    world.advance(MORE_THAN_R_MS);
    await world.fill("page:42:eu", "page");
    world.advance(1000);
    await world.send({ subject: "eu", type: "tenant.updated" });
    await world.serve();
    expect((await verdicts("page:42:eu", "page"))?.[0]).toEqual({
      offset: 0,
      verdict: "removed",
      because: "what is there is from before it, and not served",
    });
    world.advance(MORE_THAN_R_MS);
    expect(await world.fill("page:42:eu", "page")).toBe("filled");
    expect((await verdicts("page:42:eu", "page"))?.[0]).toEqual({
      offset: 0,
      verdict: "covered",
      because: "what is there was loaded after it",
    });
  });

  test("events of others are none of its own", async () => {
    await world.send({ subject: "43", version: "8" });
    await world.send({ subject: "44", version: "8", data: {} });
    expect(await verdicts()).toEqual([]);
  });
});

describe("the rules that can touch it", () => {
  test("are found from the key, with what an event must have", async () => {
    const { rules, parameters } = (await world.explain("product:42", "product")).explanation;
    expect(parameters).toEqual([{ id: "42" }]);
    expect(
      rules.map(({ rule, topic, busts }) => ({ rule, topic, busts: busts.map(({ needs, subject, mode }) => ({ needs, subject, mode })) })),
    ).toEqual([
      {
        rule: "product-changed",
        topic: "shop.products",
        busts: [{ needs: [{ expression: "subject", value: "42" }], subject: "catalog.product/42", mode: "hard" }],
      },
      {
        rule: "product-renamed",
        topic: "shop.products",
        busts: [{ needs: [{ expression: "subject", value: "42" }], subject: "catalog.product/42", mode: "soft" }],
      },
      {
        rule: "price-changed",
        topic: "shop.prices",
        busts: [{ needs: [{ expression: "subject", value: "42" }], subject: "price/42", mode: "hard" }],
      },
    ]);
  });

  test("also by its tags, there or not", async () => {
    const told = async () => (await world.explain("listing:acme:1", "listing")).explanation;
    const expected = [{ target: "tag", name: "brand:acme", needs: [{ expression: "data.brand", value: "acme" }], subject: null }];
    const absent = await told();
    expect(absent.rules).toMatchObject([{ rule: "brand-changed", busts: expected }]);
    expect(absent.tags).toMatchObject([{ tag: "brand:acme", kind: "swept", carried: false }]);
    await world.fill("listing:acme:1", "listing");
    expect((await told()).tags).toMatchObject([{ tag: "brand:acme", kind: "swept", carried: true, members: 1 }]);
  });

  test("a key of another family is refused", async () => {
    await expect(world.explain("listing:acme:1", "product")).rejects.toMatchObject({ code: "FR1001", disposition: "usage" });
  });
});

describe("what cannot be asked", () => {
  const away = (code: "FR2001" | "FR3001") => () => Promise.reject(new FreshetError(code, "wait", "away", "Wait."));

  test("Redis: the events are told, and what they did is not", async () => {
    await world.send({ subject: "42", version: "8" });
    await world.serve();
    const { explanation, errors } = await world.explain("product:42", "product", { withStore: away("FR2001") });
    expect(explanation.answer).toEqual({ kind: "unknown", text: "unknown: Redis could not be asked" });
    expect(explanation.entry).toBeNull();
    expect(explanation.events?.list).toMatchObject([{ verdict: "consumed", because: "Redis could not be asked what it did" }]);
    expect(errors.map(({ code }) => code)).toEqual(["FR2001"]);
    expect(explanation.problems).toEqual([{ peer: "redis", code: "FR2001", message: "away", fix: "Wait." }]);
    expect(explanationSchema.parse(explanation)).toEqual(explanation);
  });

  test("Kafka: the state is told, and the answer says what it rests on", async () => {
    await world.fill("product:42", "product");
    const { explanation, errors } = await world.explain("product:42", "product", { withKafka: away("FR3001") });
    expect(explanation.answer.text).toBe("fresh as far as Redis tells: events could not be read");
    expect(explanation.entry).toMatchObject({ deps: { "catalog.product/42": "7" } });
    expect(explanation.events).toBeNull();
    expect(explanation.rules).toHaveLength(3);
    expect(errors.map(({ code }) => code)).toEqual(["FR3001"]);
  });

  test("rights that are missing are named", async () => {
    const read = () => Promise.reject(new FreshetError("FR3006", "halt", "not allowed", ""));
    await world.send({ subject: "42" });
    const { errors } = await world.explain("product:42", "product", {
      withKafka: (use) => use({ ...world.kafka, read }, new AbortController().signal),
    });
    expect(errors[0]?.fix).toBe(
      "Grant the client's user Read on the topics shop.products, shop.prices, freshet.dlq.test, freshet.jobs.test, Describe on group freshet-test, and Read, Describe and Delete on group explain-1.",
    );
  });
});

describe("busts by hand", () => {
  const intention = {
    id: "a1",
    deployment: "test",
    action: "bust",
    who: { user: "ada", host: "ops-1" },
    reason: "INC-7",
    filter: {},
    rulesHash: null,
    tool: { name: "freshet", version: "0.1.0" },
  } as const;

  async function bustByHand(target: AuditIntention["target"], id = "a1"): Promise<void> {
    await world.kafka.createTopics([{ topic: "freshet.audit.test", partitions: 1, replicationFactor: 1, config: {} }]);
    const begun = started({ ...intention, id, target }, 1_767_225_600_000);
    await writeAudit(world.kafka, begun);
    await writeAudit(world.kafka, ended(begun, { outcome: "done", counts: { removed: 1 }, nowMs: 1_767_225_600_000 }));
  }

  test("are told with who and why, once each, and are what removed it", async () => {
    await bustByHand({ key: "product:42", family: "product", subject: "cli", version: null, mode: "hard" });
    await bustByHand({ key: "product:43", family: "product", subject: "cli", version: null, mode: "hard" }, "a2");
    const { answer, events } = (await world.explain("product:42", "product")).explanation;
    expect(events?.byHand).toEqual([
      {
        id: "a1",
        at: "2026-01-01T00:00:00.000Z",
        user: "ada",
        host: "ops-1",
        reason: "INC-7",
        name: "product:42",
        subject: "cli",
        version: null,
        mode: "hard",
        outcome: "done",
        counts: { removed: 1 },
      },
    ]);
    expect(answer.text).toBe("absent because a bust by hand (ada@ops-1, 2026-01-01T00:00:00.000Z) removed it, or nothing was there");
  });

  test("of its tags too; what is no entry is passed over", async () => {
    await bustByHand({ tag: "brand:acme", subject: "cli", version: null, mode: "soft" });
    const bytes = (text: string) => new TextEncoder().encode(text);
    await world.kafka.produce([{ topic: "freshet.audit.test", key: null, value: bytes("{"), headers: [] }]);
    const { events } = (await world.explain("listing:acme:1", "listing")).explanation;
    expect(events?.byHand).toMatchObject([{ name: "brand:acme", mode: "soft" }]);
  });

  test("are not known without the right to read the trail, and all else is", async () => {
    await bustByHand({ key: "product:42", family: "product", subject: "cli", version: null, mode: "hard" });
    const offsets: typeof world.kafka.offsets = (topics) =>
      topics.includes("freshet.audit.test")
        ? Promise.reject(new FreshetError("FR3006", "halt", "not allowed", ""))
        : world.kafka.offsets(topics);
    const { explanation, errors } = await world.explain("product:42", "product", {
      withKafka: (use) => use({ ...world.kafka, offsets }, new AbortController().signal),
    });
    expect(errors).toEqual([]);
    expect(explanation.events).toMatchObject({ byHand: null, complete: true });
  });
});

describe("what is read", () => {
  test("values that name their schema too, by the registry's reader", async () => {
    const framed = await createWorld(RULES.replaceAll("space: catalog.product }", "space: catalog.product, encoding: registry }"));
    await framed.send({ subject: "42", version: "8", data: { price: 0 } });
    await framed.send({ subject: "42", version: "9", data: { price: 0 } });
    const frames: FramePort = {
      // one at a time, as where each is very large
      unframe: async (records) =>
        records.slice(0, 1).map((record) => ({ kind: "record", record: { ...record, value: Buffer.from('{"price":9}') } })),
      close: () => undefined,
    };
    const { events } = (await framed.explain("product:42", "product", { frames })).explanation;
    const unconsumed = { verdict: "not yet consumed", hits: [{ rule: "product-changed" }] };
    expect(events?.list).toMatchObject([unconsumed, unconsumed]);
    const { explanation, errors } = await framed.explain("product:42", "product");
    expect(explanation.events).toBeNull();
    expect(errors.map(({ code }) => code)).toEqual(["FR1007"]);
  });

  test("nobody else's group is touched, and the own one is gone afterwards", async () => {
    await world.send({ subject: "42" });
    await world.serve();
    const before = await world.kafka.committed("freshet-test", world.rules.topics);
    await world.explain("product:42", "product");
    expect(await world.kafka.committed("freshet-test", world.rules.topics)).toEqual(before);
    expect(await world.kafka.describeGroup("explain-1")).toMatchObject({ state: "missing" });
  });

  test("the entry is read once, after the offsets of the live group", async () => {
    const asked: string[] = [];
    const committed: typeof world.kafka.committed = (...about) => {
      asked.push("committed");
      return world.kafka.committed(...about);
    };
    await world.explain("product:42", "product", {
      withKafka: (use) => use({ ...world.kafka, committed }, new AbortController().signal),
      withStore: (use) => {
        asked.push("store");
        return use(world.store);
      },
    });
    expect(asked).toEqual(["committed", "store"]);
  });

  test("only what is new enough", async () => {
    await world.send({ subject: "42", version: "1" });
    world.advance(3_600_001);
    await world.send({ subject: "42", version: "2" });
    const { events } = (await world.explain("product:42", "product")).explanation;
    expect(events).toMatchObject({ found: 1, read: 1, within: 1, complete: true, because: "", list: [{ version: "2" }] });
  });

  test("the newest within the budget, which is stated", async () => {
    for (const version of ["1", "2", "3", "4", "5"]) await world.send({ subject: "42", version });
    const { events } = (await world.explain("product:42", "product", { recordsMax: 3 })).explanation;
    expect(events).toMatchObject({ read: 3, within: 5, recordsMax: 3, complete: false, because: "2 older ones were not read" });
    expect(events?.list.map(({ version }) => version)).toEqual(["5", "4", "3"]);
  });

  test("as many as were asked for are told, and how many there are", async () => {
    for (const version of ["1", "2", "3"]) await world.send({ subject: "42", version });
    const { events } = (await world.explain("product:42", "product", { limit: 1 })).explanation;
    expect(events).toMatchObject({ found: 3, list: [{ version: "3" }] });
  });

  test("a stop ends it, and that is said", async () => {
    await world.send({ subject: "42", version: "8" });
    await world.fill("product:42", "product");
    const { explanation } = await world.explain("product:42", "product", { withKafka: (use) => use(world.kafka, AbortSignal.abort()) });
    expect(explanation.events).toMatchObject({ complete: false, because: "the time for reading was over" });
    expect(explanation.answer.text).toBe("fresh as far as events were read");
  });
});
