import { createMemoryLog, type KafkaPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { auditEntrySchema } from "@freshet/replay";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { type MemoryWorld, openMemoryWorld } from "../../tests/memory-world.js";
import { NOW_MS, transcript } from "../../tests/transcript.js";

const AUDIT = "freshet.audit.default";
const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product }
families:
  page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
tags:
  brand: { key: "brand:{id}", kind: swept }
rules:
  - { name: any, source: products, bust: [{ family: page, with: { id: subject } }] }
`;
const page = ["bust", "--key", "page:42", "--family", "page"];

let log: MemoryWorld["log"];
let kafka: MemoryWorld["kafka"];
let store: MemoryWorld["store"];
let world: MemoryWorld["world"];
beforeEach(async () => {
  ({ log, kafka, store, world } = await openMemoryWorld(RULES, [AUDIT]));
  await store.seed.putJson("page:42", { text: '{"version":7}' });
});

function trail() {
  return log.records(AUDIT).map(({ value }) => auditEntrySchema.parse(JSON.parse(Buffer.from(value ?? []).toString())));
}

const away = () => Promise.reject(new FreshetError("FR3001", "wait", "Kafka is away", "Wait."));

describe("bust --yes", () => {
  test("leaves intention and outcome in the audit trail: who, what, why, by which rules", async () => {
    const of = ["--space", "catalog.product", "--subject", "42", "--version", "8"];
    expect((await transcript([...page, ...of, "--yes", "--reason", "wrong price, INC-7"], world)).code).toBe(0);
    const common = {
      v: 1,
      id: "id-1",
      deployment: "default",
      action: "bust",
      who: { user: "ada", host: "ops-1" },
      reason: "wrong price, INC-7",
      target: { key: "page:42", family: "page", subject: "catalog.product/42", version: "8", mode: "hard" },
      filter: {},
      rulesHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      tool: { name: "freshet", version: "0.0.0-test" },
      startedAt: "2026-01-01T00:00:00.000Z",
    };
    expect(trail()).toEqual([
      { ...common, endedAt: null, outcome: "started", counts: {} },
      { ...common, endedAt: "2026-01-01T00:00:00.000Z", outcome: "done", counts: { removed: 1 } },
    ]);
  });

  test("of a tag does so too", async () => {
    await transcript(["bust", "--tag", "brand:acme", "--mode", "soft", "--yes"], world);
    expect(trail()[1]).toMatchObject({
      target: { tag: "brand:acme", subject: "cli", version: null, mode: "soft" },
      outcome: "done",
      counts: { pending: 1 },
    });
  });

  test("has the intention in the trail before Redis is asked", async () => {
    const seen: number[] = [];
    const bust: typeof store.bust = async (busts) => {
      seen.push(trail().length);
      return await store.bust(busts);
    };
    await transcript([...page, "--yes"], { ...world, store: { ...store, bust } });
    expect(seen).toEqual([1]);
  });

  test("does nothing where there is no audit topic: 2, with the command that makes it", async () => {
    const bare = createMemoryLog({ clock: { nowMs: () => NOW_MS } }).client();
    const { code, out, talk } = await transcript([...page, "--yes"], { ...world, kafka: bare });
    expect({ code, out, talk }).toEqual({
      code: 2,
      out: [],
      talk: [
        "FR3002 nothing was done, as the audit trail cannot be written: there is no topic freshet.audit.default",
        "  fix: Run freshet topics create; without an audit trail nothing is done by hand.",
      ],
    });
    expect(await store.seed.has("page:42")).toBe(true);
  });

  test("does nothing while Kafka is away: 5", async () => {
    const { code, out, talk } = await transcript([...page, "--yes"], { ...world, kafka: { ...kafka, produce: away } });
    expect({ code, out, first: talk[0] }).toEqual({
      code: 5,
      out: [],
      first: "FR3001 nothing was done, as the audit trail cannot be written: Kafka is away",
    });
    expect(await store.seed.has("page:42")).toBe(true);
  });

  test("does nothing without the right to write there: 1, and names it", async () => {
    const refused = () => Promise.reject(new FreshetError("FR3006", "halt", `may not write to ${AUDIT}`, "Ask."));
    const { code, talk } = await transcript([...page, "--yes"], { ...world, kafka: { ...kafka, produce: refused } });
    expect({ code, talk }).toEqual({
      code: 1,
      talk: [
        "FR3006 nothing was done, as the audit trail cannot be written: may not write to freshet.audit.default (to leave an audit trail)",
        "  fix: Grant the client's user Write and Describe on topic freshet.audit.default.",
      ],
    });
    expect(await store.seed.has("page:42")).toBe(true);
  });

  test("that fails is in the trail with the code it failed with", async () => {
    const bust = () => Promise.reject(new FreshetError("FR2001", "wait", "Redis is away", "Wait."));
    const { code, talk } = await transcript([...page, "--yes"], { ...world, store: { ...store, bust } });
    expect({ code, first: talk[0] }).toEqual({ code: 5, first: "FR2001 Redis is away" });
    expect(trail().map(({ outcome, error }) => ({ outcome, error }))).toEqual([
      { outcome: "started", error: undefined },
      { outcome: "failed", error: "FR2001" },
    ]);
  });

  test("tells what was done when only the outcome cannot be written: 5", async () => {
    let sent = 0;
    const produce: KafkaPort["produce"] = (records) => (++sent > 1 ? away() : kafka.produce(records));
    const { code, out, talk } = await transcript([...page, "--yes"], { ...world, kafka: { ...kafka, produce } });
    expect({ code, out, first: talk[0] }).toEqual({
      code: 5,
      out: ["page:42: removed (blind)"],
      first: "FR3001 it is done, but its outcome is missing in the audit trail: Kafka is away",
    });
  });

  test("takes reasons of at most 1000 characters", async () => {
    const { code, talk } = await transcript([...page, "--yes", "--reason", "x".repeat(1001)], world);
    expect({ code, first: talk[0] }).toEqual({ code: 2, first: "FR1001 --reason is longer than 1000 characters" });
    expect(trail()).toEqual([]);
  });
});

test("a preview asks nothing of Kafka and leaves no trace", async () => {
  const { code } = await transcript(page, { files: { "rules.yaml": RULES }, store });
  expect(code).toBe(4);
  expect(trail()).toEqual([]);
});
