import type { KafkaRecord, RecordHeader } from "@freshet/protocol";

const utf8 = new TextEncoder();

export function header(name: string, value: string | Uint8Array | null): RecordHeader {
  return { name, value: typeof value === "string" ? utf8.encode(value) : value };
}

export function bigEndian(value: number, bytes: 4 | 8): Uint8Array {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 4) buffer.writeInt32BE(value);
  else buffer.writeBigInt64BE(BigInt(value));
  return buffer;
}

/** A record of a dead-letter topic. */
export function record(headers: readonly RecordHeader[], over: Partial<KafkaRecord> = {}): KafkaRecord {
  const place = { topic: "some.dlq", partition: 3, offset: 17, timestampMs: 1_767_225_600_000 };
  return { ...place, key: utf8.encode("42"), value: utf8.encode("{"), headers, ...over };
}

/** What the records had before they failed. */
export const original: readonly RecordHeader[] = [header("trace", "t1"), header("nothing", null), header("trace", "t2")];

/** The headers of each dialect, as its writers put them on a record. */
export const dialects = {
  freshet: [
    header("__dlq.errors.topic", "shop.products"),
    header("__dlq.errors.partition", "5"),
    header("__dlq.errors.offset", "1234"),
    header("__dlq.errors.group", "freshet-default"),
    header("__dlq.errors.message", "there is no field `price`. Fix: ask with has()"),
    header("freshet-reason", "rule_error"),
    header("freshet-rule", "price-changed"),
    header("freshet-fingerprint", "00112233445566ff"),
    header("freshet-first-failed-at", "2026-01-01T00:00:00.000Z"),
    header("freshet-last-failed-at", "2026-01-01T00:05:00.000Z"),
    header("freshet-attempts", "2"),
    header("freshet-rules-hash", "ab".repeat(32)),
  ],
  "share-group": [
    header("__dlq.errors.topic", "shop.orders"),
    header("__dlq.errors.partition", "1"),
    header("__dlq.errors.offset", "99"),
    header("__dlq.errors.group", "order-workers"),
    header("__dlq.errors.delivery.count", "5"),
    header("__dlq.errors.message", "delivery count limit exceeded"),
  ],
  "kafka-connect": [
    header("__connect.errors.topic", "shopdb.public.product"),
    header("__connect.errors.partition", "0"),
    header("__connect.errors.offset", "812"),
    header("__connect.errors.connector.name", "elastic-sink"),
    header("__connect.errors.task.id", "0"),
    header("__connect.errors.stage", "VALUE_CONVERTER"),
    header("__connect.errors.class.name", "org.apache.kafka.connect.json.JsonConverter"),
    header("__connect.errors.exception.class.name", "org.apache.kafka.connect.errors.DataException"),
    header("__connect.errors.exception.message", "Unrecognized token 'abc' at line 1, column 4"),
    header("__connect.errors.exception.stacktrace", `org.apache.kafka.connect.errors.DataException\n\tat x\n${"\tat y\n".repeat(500)}`),
  ],
  "kafka-streams": [
    header("__streams.errors.exception", "org.apache.kafka.common.errors.SerializationException"),
    header("__streams.errors.stacktrace", "at a\nat b"),
    header("__streams.errors.message", "Size of data received by LongDeserializer is not 8"),
    header("__streams.errors.topic", "shop.stock"),
    header("__streams.errors.partition", "2"),
    header("__streams.errors.offset", "31"),
  ],
  spring: [
    header("kafka_dlt-original-topic", "shop.payments"),
    header("kafka_dlt-original-partition", bigEndian(7, 4)),
    header("kafka_dlt-original-offset", bigEndian(5_000_000_000, 8)),
    header("kafka_dlt-original-timestamp", bigEndian(1_767_000_000_000, 8)),
    header("kafka_dlt-original-timestamp-type", "CreateTime"),
    header("kafka_dlt-original-consumer-group", "payments-service"),
    header("kafka_dlt-exception-fqcn", "org.springframework.kafka.listener.ListenerExecutionFailedException"),
    header("kafka_dlt-exception-cause-fqcn", "java.lang.IllegalStateException"),
    header("kafka_dlt-exception-message", "Listener failed; no account 4711"),
    header("kafka_dlt-exception-stacktrace", "at a\nat b"),
  ],
} as const;
