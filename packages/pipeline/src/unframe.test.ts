import { type FramePort, FreshetError, type KafkaRecord, rejected } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import type { StorePort } from "@freshet/store/port";
import { expect, test } from "@jest/globals";
import { type PipelinePorts, runSlice } from "./pipeline.js";
import { hasFrames } from "./unframe.js";

function rulesOf(encoding: string): CompiledRules {
  const { rules } = loadRules(`freshet: 1
sources:
  - { name: s, topic: framed, format: json, encoding: ${encoding}, space: s, id: [/id], version: /v }
  - { name: p, topic: plain, format: json, space: s, id: [/id], version: /v }
families: { f: { key: "f:{id}", ttl: 1h } }
rules: [{ name: r, source: s, bust: [{ family: f, with: { id: subject } }] }]
`);
  if (rules === null) throw new Error("the rules file has findings");
  return rules;
}

const recordOf = (offset: number, value: string): KafkaRecord => {
  return { topic: "framed", partition: 0, offset, timestampMs: 0, key: null, value: Buffer.from(value), headers: [] };
};

function world(rules: CompiledRules, frames?: FramePort) {
  const letters: (Uint8Array | null)[] = [];
  const busted: string[] = [];
  const store: Partial<StorePort> = {
    bust: async (busts) => {
      busted.push(...busts.map(({ key }) => key));
      return busts.map(() => "removed");
    },
    bustTags: async () => [],
  };
  const ports: PipelinePorts = {
    rules,
    frames,
    store: store as StorePort,
    kafka: { produce: async (records) => void letters.push(...records.map(({ value }) => value)) },
    deadLetters: { topic: "dlq", group: "g", rulesHash: "0" },
    now: () => "",
  };
  return { ports, letters, busted };
}

/** Takes the first letter off; a value of nothing but that letter is refused. */
const frames: FramePort = {
  unframe: async (records) =>
    records.map((record) => {
      const value = record.value?.subarray(1) ?? null;
      return value?.length === 0 ? rejected("undecodable", "it is empty", "Fill it.") : { kind: "record", record: { ...record, value } };
    }),
  close: () => undefined,
};

test("records are decoded without their frames, and dead-lettered with them", async () => {
  const { ports, letters, busted } = world(rulesOf("registry"), frames);
  const records = [recordOf(0, '!{"id":1,"v":2}'), recordOf(1, "!"), recordOf(2, "!{")];
  const { ended, records: told } = await runSlice(records, ports);
  expect(ended).toEqual(["applied", "dead", "dead"]);
  expect(busted).toEqual(["f:1"]);
  expect(letters.map((value) => Buffer.from(value ?? []).toString())).toEqual(["!", "!{"]);
  expect(told).toBe(records);
});

test("a schema that cannot be had fails the slice before anything is done", async () => {
  const error = new FreshetError("FR4001", "wait", "down", "Start it");
  const { ports, letters, busted } = world(rulesOf("registry"), { ...frames, unframe: () => Promise.reject(error) });
  await expect(runSlice([recordOf(0, "!")], ports)).rejects.toBe(error);
  expect([letters, busted]).toEqual([[], []]);
});

test("who cannot read frames does not run rules that need it, and dead-letters nothing", async () => {
  const { ports, letters } = world(rulesOf("registry"));
  await expect(runSlice([recordOf(0, "!")], ports)).rejects.toMatchObject({ code: "FR1007", disposition: "halt" });
  expect(letters).toEqual([]);
});

test("rules without framed sources ask nobody", async () => {
  const { ports } = world(rulesOf("plain"), { ...frames, unframe: () => Promise.reject(new Error("asked")) });
  expect((await runSlice([recordOf(0, '{"id":1,"v":2}')], ports)).ended).toEqual(["applied"]);
  expect([hasFrames(rulesOf("registry")), hasFrames(rulesOf("plain"))]).toEqual([true, false]);
});
