import { createMemoryLog } from "@freshet/kafka";
import { describe, expect, test } from "@jest/globals";
import { type AuditIntention, auditEntrySchema, ended, started } from "./audit-entry.js";
import { writeAudit } from "./write-audit.js";

const NOW_MS = 1_767_225_600_000;
const intention: AuditIntention = {
  id: "id-1",
  deployment: "blue",
  action: "bust",
  who: { user: "ada", host: "ops-1" },
  reason: "wrong prices",
  target: { key: "product:42", family: "product", subject: "cli", version: null, mode: "hard" },
  filter: {},
  rulesHash: "3b".repeat(32),
  tool: { name: "freshet", version: "0.1.0" },
};

function createBroker() {
  const log = createMemoryLog({ clock: { nowMs: () => NOW_MS } });
  return { log, kafka: log.client() };
}

describe("the audit trail", () => {
  test("has intention and outcome of one action under one key, readable by the schema", async () => {
    const { log, kafka } = createBroker();
    await kafka.createTopics([{ topic: "freshet.audit.blue", partitions: 1, replicationFactor: 1, config: {} }]);
    const begun = started(intention, NOW_MS);
    await writeAudit(kafka, begun);
    await writeAudit(kafka, ended(begun, { outcome: "done", counts: { removed: 1 }, nowMs: NOW_MS + 50 }));
    const records = log.records("freshet.audit.blue");
    expect(records.map(({ key }) => Buffer.from(key ?? []).toString())).toEqual(["id-1", "id-1"]);
    const entries = records.map(({ value }) => auditEntrySchema.parse(JSON.parse(Buffer.from(value ?? []).toString())));
    expect(entries).toEqual([
      { ...intention, v: 1, startedAt: "2026-01-01T00:00:00.000Z", endedAt: null, outcome: "started", counts: {} },
      {
        ...intention,
        v: 1,
        startedAt: "2026-01-01T00:00:00.000Z",
        endedAt: "2026-01-01T00:00:00.050Z",
        outcome: "done",
        counts: { removed: 1 },
      },
    ]);
  });

  test("names the code of what failed", () => {
    const failed = ended(started(intention, NOW_MS), { outcome: "failed", counts: {}, error: "FR2001", nowMs: NOW_MS });
    expect(auditEntrySchema.parse(failed)).toMatchObject({ outcome: "failed", error: "FR2001" });
  });

  test("makes no topic unasked", async () => {
    const { kafka } = createBroker();
    await expect(writeAudit(kafka, started(intention, NOW_MS))).rejects.toMatchObject({
      code: "FR3002",
      message: "there is no topic freshet.audit.blue",
    });
    expect(await kafka.describeTopics(["freshet.audit.blue"])).toEqual([]);
  });
});
