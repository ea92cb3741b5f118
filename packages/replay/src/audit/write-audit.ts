import type { KafkaPort } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { withWriteRights } from "../dead-letters/rights.js";
import { auditTopicOf } from "../topics.js";
import type { AuditEntry } from "./audit-entry.js";

const encoder = new TextEncoder();

/**
 * Appends an entry to the audit topic of its deployment, keyed by its id, and returns when the brokers have it. Whoever acts
 * writes the intention first and acts only when this returns: what nobody can look up later is not done.
 *
 * @throws FreshetError FR3002 (`usage`) when the topic is missing, nothing is made unasked; as `KafkaPort.produce`.
 */
export async function writeAudit(kafka: Pick<KafkaPort, "describeTopics" | "produce">, entry: AuditEntry): Promise<void> {
  const topic = auditTopicOf(entry.deployment);
  const found = await kafka.describeTopics([topic]);
  if (found.length === 0) {
    const fix = "Run freshet topics create; without an audit trail nothing is done by hand.";
    throw new FreshetError("FR3002", "usage", `there is no topic ${topic}`, fix);
  }
  const value = encoder.encode(JSON.stringify(entry));
  const contentType = { name: "content-type", value: encoder.encode("application/json") };
  const record = { topic, key: encoder.encode(entry.id), value, headers: [contentType] };
  await withWriteRights({ topic, what: "to leave an audit trail" }, kafka.produce([record]));
}
