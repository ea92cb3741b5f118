import { encodeCloudEvent, FreshetError, type KafkaRecord, parseVersion, type TagOutcome } from "@freshet/protocol";
import { loadRules } from "@freshet/rules";
import { readOnly, type StorePort } from "@freshet/store/port";
import { expect, test } from "@jest/globals";
import { type PipelinePorts, runSlice } from "./pipeline.js";

const RULES = `freshet: 1
sources:
  - { name: products, topic: products, format: cloudevents, space: p }
families:
  page: { key: "page:{id}", ttl: 1h }
tags:
  brand: { key: "brand:{id}", kind: swept }
  all: { key: "all", kind: epoch }
rules:
  - { name: page, source: products, types: [changed], bust: [{ family: page, with: { id: subject } }, { tag: brand, with: { id: data.brand } }] }
  - { name: everything, source: products, types: [reset], bust: [{ tag: all }, { tag: brand, with: { id: data.brand }, mode: soft }] }
`;

function record(offset: number, type: string, digits: string): KafkaRecord {
  const version = parseVersion(digits);
  if (version === null) throw new Error(digits);
  const about = { id: `e${offset}`, source: "test", subject: "42", time: "2026-01-01T00:00:00Z" };
  const { key, value, headers } = encodeCloudEvent({ ...about, type, version, data: '{"brand":"acme"}' });
  return { topic: "products", partition: 0, offset, timestampMs: 1, key, value, headers };
}

function ports(outcomeOf: {
  bust: "removed" | "covered";
  tag: TagOutcome;
}): PipelinePorts & { readonly sent: string[]; readonly store: StorePort } {
  const { rules, findings } = loadRules(RULES);
  if (rules === null) throw new Error(JSON.stringify(findings));
  const sent: string[] = [];
  const noted = <O>(name: string, outcome: O): O => {
    sent.push(name);
    return outcome;
  };
  const store: Partial<StorePort> = {
    bust: async (busts) => busts.map(({ key, version }) => noted(`${key} ${version}`, outcomeOf.bust)),
    bustTags: async (busts) => busts.map(({ target, tag, version, mode }) => noted(`${target} ${tag} ${version} ${mode}`, outcomeOf.tag)),
    previewTags: async (busts) => busts.map(() => "pending"),
    preview: async (busts) => busts.map(() => "absent"),
  };
  const kafka = { produce: async () => undefined };
  return { rules, store: store as StorePort, kafka, deadLetters: { topic: "dlq", group: "g", rulesHash: "0" }, now: () => "", sent };
}

test("of one tag and subject the highest version goes out, hard and soft ones apart, epochs beside swept tags", async () => {
  const world = ports({ bust: "removed", tag: "pending" });
  const records = [record(0, "changed", "5"), record(1, "changed", "7"), record(2, "reset", "6"), record(3, "reset", "4")];
  const { ended } = await runSlice(records, world);
  expect(world.sent.toSorted()).toEqual(["epoch all 6 hard", "page:42 7", "tag brand:acme 6 soft", "tag brand:acme 7 hard"]);
  expect(ended).toEqual(["applied", "applied", "applied", "applied"]);
});

test.each([
  ["covered", "covered", "covered"],
  ["covered", "pending", "applied"],
  ["removed", "covered", "applied"],
] as const)("a key %s and a tag %s: %s", async (bust, tag, expected) => {
  const { ended } = await runSlice([record(0, "changed", "5")], ports({ bust, tag }));
  expect(ended).toEqual([expected]);
});

test("a record of which only the tags failed has not ended", async () => {
  const world = ports({ bust: "removed", tag: "pending" });
  const error = new FreshetError("FR2001", "wait", "Redis is gone", "Bring it back");
  const store = { ...world.store, bustTags: () => Promise.reject(error) };
  await expect(runSlice([record(0, "changed", "5")], { ...world, store })).rejects.toBe(error);
});

test("a tag without an answer is not done", async () => {
  const world = ports({ bust: "removed", tag: "pending" });
  const store = { ...world.store, bustTags: async () => [] };
  await expect(runSlice([record(0, "changed", "5")], { ...world, store })).rejects.toMatchObject({ code: "FR2005" });
});

test("observed, tags are looked at and not busted", async () => {
  const world = ports({ bust: "removed", tag: "pending" });
  const { tagOutcomes } = await runSlice([record(0, "reset", "5")], { ...world, store: readOnly(world.store) });
  expect(tagOutcomes).toEqual(["pending", "pending"]);
  expect(world.sent).toEqual([]);
});
