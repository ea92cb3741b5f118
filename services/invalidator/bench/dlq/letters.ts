import type { KafkaPort, ProduceRecord } from "@freshet/kafka";
import { deadLetter } from "@freshet/pipeline";
import { deadReasons, encodeCloudEvent, type KafkaRecord } from "@freshet/protocol";

/** Where the letters of one run lie. */
export interface Incident {
  readonly broker: string;
  readonly deployment: string;
  readonly letters: number;
}

/** Sources have a tenant, so counting has to decode every event. */
export const RULES = `freshet: 1
sources:
  - { name: products, topic: shop.products, format: cloudevents, space: catalog.product, tenant: "header:x-tenant" }
families:
  page: { key: "page:{id}", ttl: 1h, entry: { kind: json, version: version } }
rules:
  - { name: any, source: products, bust: [{ family: page, with: { id: subject } }] }
`;
const PARTITIONS = 6;
const PRODUCE_BATCH = 2000;
const CAUSES = 50;
const TENANTS = 20;
const DATA = JSON.stringify({ price: 1800, name: "n".repeat(300) });

const encoder = new TextEncoder();

/** Makes the topics of an incident and writes its letters, one of a hundred of them resolved. */
export async function writeIncident(kafka: KafkaPort, { deployment, letters }: Incident): Promise<void> {
  const spec = (topic: string, partitions: number) => ({ topic, partitions, replicationFactor: 1, config: {} });
  const dlq = `freshet.dlq.${deployment}`;
  const jobs = `freshet.jobs.${deployment}`;
  await kafka.createTopics([spec(dlq, PARTITIONS), spec(jobs, 1)]);
  for (let first = 0; first < letters; first += PRODUCE_BATCH) {
    const count = Math.min(PRODUCE_BATCH, letters - first);
    await kafka.produce(Array.from({ length: count }, (_, at) => letterOf(first + at, dlq)));
  }
  const marks = Array.from({ length: Math.floor(letters / 100) }, (_, at) => `resolved/${at % PARTITIONS}-${Math.floor(at / PARTITIONS)}`);
  const value = encoder.encode('{"jobId":"bench","outcome":"applied"}');
  await kafka.produce(marks.map((key) => ({ topic: jobs, key: encoder.encode(key), value, headers: [] })));
}

function letterOf(at: number, topic: string): ProduceRecord {
  const time = "2026-01-01T00:00:00.000Z";
  const event = { id: String(at), source: "/shop", type: "product.updated", subject: String(at), version: "7", time, data: DATA };
  const { key, value, headers } = encodeCloudEvent(event);
  const tenant = { name: "x-tenant", value: encoder.encode(`tenant-${at % TENANTS}`) };
  const failed: KafkaRecord = {
    topic: "shop.products",
    partition: at % PARTITIONS,
    offset: at,
    timestampMs: 0,
    key,
    value,
    headers: [...headers, tenant],
  };
  const cause = at % CAUSES;
  const rejection = {
    reason: deadReasons[cause % deadReasons.length] ?? "undecodable",
    rule: `rule-${cause}`,
    message: `there is no field \`field${cause}\``,
    fix: "Ask with has()",
  };
  return deadLetter(failed, rejection, { topic, group: "freshet-bench", rulesHash: "ab".repeat(32), at: time });
}
