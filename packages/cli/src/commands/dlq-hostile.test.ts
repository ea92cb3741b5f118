import { createMemoryLog } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import { encodeCloudEvent } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { transcript, type World } from "../../tests/transcript.js";

const NOW_MS = 1_767_225_600_000;
const DLQ = "freshet.dlq.default";
const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product, tenant: /owner }
families:
  page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - { name: any, source: products, bust: [{ family: page, with: { id: subject } }] }
`;
/** Clears the screen and paints in red, in seven bits and in eight; turns the reading direction; begins a line. */
const HOSTILE = "\u001b[2J\u009b31mred\u202e\nmore";
const bytes = (text: string) => new TextEncoder().encode(text);

/** One dead letter in which everything is hostile that its writer may choose. */
async function createWorld(): Promise<World> {
  const kafka = createMemoryLog({ clock: { nowMs: () => NOW_MS } }).client();
  const topics = [DLQ, "freshet.jobs.default"];
  await kafka.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicationFactor: 1, config: {} })));
  const data = JSON.stringify({ owner: HOSTILE });
  const event = { id: HOSTILE, source: "s", type: HOSTILE, subject: HOSTILE, version: "7", time: "2026-01-01T00:00:00Z", data };
  const { headers, value } = encodeCloudEvent(event);
  const own = { name: HOSTILE, value: bytes(HOSTILE) };
  const record = { topic: "shop.products", partition: 0, offset: 1, timestampMs: NOW_MS, key: bytes(HOSTILE), value, headers };
  const context = { topic: DLQ, group: HOSTILE, rulesHash: "0".repeat(64), at: "2026-01-01T00:00:00.000Z" };
  const rejection = { reason: "rule_error", message: HOSTILE, fix: HOSTILE, rule: HOSTILE } as const;
  await kafka.produce([deadLetter({ ...record, headers: [...headers, own] }, rejection, context)]);
  const mark = { jobId: HOSTILE, at: HOSTILE, by: { user: HOSTILE, host: HOSTILE }, outcome: HOSTILE };
  const resolved = { topic: "freshet.jobs.default", key: bytes("resolved/0-0"), value: bytes(JSON.stringify(mark)), headers: [] };
  await kafka.produce([resolved]);
  return { files: { "rules.yaml": RULES }, kafka };
}

/** What a terminal obeys, or what hides in it. */
const steering = /[\p{C}\p{Zl}\p{Zp}\n]/u;

describe("a letter whose writer aims at the terminal", () => {
  test.each([
    ["list", []],
    ["stats", []],
    ["show", ["0-0"]],
    ["show", ["0-0", "--payload"]],
  ])("dlq %s %j prints nothing that steers it, also as JSON", async (command, options) => {
    const argv = ["dlq", command, ...options];
    for (const more of [[], ["--json"]]) {
      const { code, out, talk } = await transcript([...argv, ...more], await createWorld());
      expect(code).toBe(0);
      expect(out.length).toBeGreaterThan(0);
      expect([...out, ...talk].filter((line) => steering.test(line))).toEqual([]);
    }
  });
});
