import {
  areFramed,
  type FramePort,
  isEventWithoutData,
  type KafkaRecord,
  limits,
  type RegistryAccess,
  type SourceSpec,
  type SourcesOf,
  type Unframed,
} from "@freshet/protocol";
import { type Framed, frameOf } from "./frame.js";
import { createRegistryHttp } from "./registry-http.js";
import { DAMAGED, MISFIT, UNKNOWN_SCHEMA } from "./rejections.js";
import type { SchemaReader } from "./schema-reader.js";
import { Schemas, type Wanted } from "./schemas.js";

/** Bytes of JSON text that are made at once: Avro of a few bytes can be megabytes of text, and a slice has hundreds of records. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

/** The frames of records whose schemas are in this registry. Nothing is asked before the first record names a schema. */
export function createFrames(access: RegistryAccess): FramePort {
  const http = createRegistryHttp(access);
  const schemas = new Schemas({ http, clock: access.clock });
  return {
    unframe: (records, sourcesOf) => unframe(records, sourcesOf, schemas),
    close: () => http.close(),
  };
}

/** A record with what is framed of it. */
interface Opening {
  readonly record: KafkaRecord;
  readonly value: Framed | null;
  readonly key: Framed | null;
  readonly format: SourceSpec["format"];
}

/** A record that is as it should be has no opening. */
type Looked = Opening | "plain" | "damaged";

async function unframe(records: readonly KafkaRecord[], sourcesOf: SourcesOf, schemas: Schemas): Promise<readonly Unframed[]> {
  const looked = records.map((record) => lookAt(record, sourcesOf(record.topic)));
  const readers = new Map<string, SchemaReader | null>();
  const wanted = new Map<string, number[]>();
  for (const opening of looked) {
    if (typeof opening === "string") continue;
    for (const name of [opening.value?.schema, opening.key?.schema]) {
      if (name === undefined || readers.has(name)) continue;
      const reader = schemas.known(name);
      if (reader !== undefined) readers.set(name, reader);
      else wanted.set(name, [...(wanted.get(name) ?? []), opening.record.timestampMs]);
    }
  }
  const asked = Array.from(wanted, ([name, timesMs]): Wanted => ({ name, timesMs }));
  if (asked.length > 0) for (const [name, reader] of await schemas.learn(asked)) readers.set(name, reader);
  const unframed: Unframed[] = [];
  let room = TEXT_BYTES_MAX;
  for (let at = 0; at < records.length && room > 0; at++) {
    const record = records[at];
    const opening = looked[at] ?? "plain";
    if (record === undefined) break;
    const one = opened(record, opening, readers);
    if (opening !== "plain" && one.kind === "record") room -= one.record.value?.length ?? 0;
    unframed.push(one);
  }
  return unframed;
}

function lookAt(record: KafkaRecord, sources: readonly SourceSpec[]): Looked {
  const format = sources[0]?.format;
  if (!areFramed(sources) || format === undefined || record.undecodable !== undefined) return "plain";
  if ((record.value?.length ?? 0) > limits.recordBytesMax) return "plain"; // decoding says so
  const value = frameOf(record, "value");
  if (value === "damaged") return "damaged";
  const key = readsKey(format, record) ? frameOf(record, "key") : null;
  // A key that only looks like a frame, eight bytes of a number say, is for decoding to judge.
  const namedKey = key === "damaged" ? null : key;
  return value === null && namedKey === null ? "plain" : { record, value, key: namedKey, format };
}

/** CloudEvents have their id beside the key, and documents in the value: of theirs the key is read of tombstones alone. */
function readsKey(format: SourceSpec["format"], record: KafkaRecord): boolean {
  if (format === "debezium" || format === "outbox") return true;
  return record.value === null && !(format === "cloudevents" && isEventWithoutData(record));
}

function opened(record: KafkaRecord, looked: Looked, readers: ReadonlyMap<string, SchemaReader | null>): Unframed {
  if (looked === "plain") return { kind: "record", record };
  if (looked === "damaged") return DAMAGED;
  const value = looked.value === null ? record.value : textOf(looked.value, readers);
  if (isRejected(value)) return value;
  const read = looked.key === null ? record.key : textOf(looked.key, readers);
  if (isRejected(read)) return read;
  const key = looked.format === "cloudevents" && looked.key !== null ? bareText(read) : read;
  if (isRejected(key)) return key;
  const { topic, partition, offset, timestampMs, headers } = record;
  return { kind: "record", record: { topic, partition, offset, timestampMs, key, value, headers, isUnframed: true } };
}

function textOf({ schema, payload }: Framed, readers: ReadonlyMap<string, SchemaReader | null>): Uint8Array | typeof MISFIT {
  return readers.get(schema)?.(payload) ?? UNKNOWN_SCHEMA;
}

function isRejected(read: Uint8Array | typeof MISFIT | null): read is typeof MISFIT {
  return read !== null && "kind" in read;
}

/** A key that is one text, without its quotes: the subject of a CloudEvent's tombstone is the key as it stands. */
function bareText(key: Uint8Array | null): Uint8Array | typeof MISFIT | null {
  if (key?.[0] !== 0x22) return key;
  try {
    const text: unknown = JSON.parse(utf8.decode(key));
    return typeof text === "string" ? new TextEncoder().encode(text) : key;
  } catch {
    return MISFIT; // under a schema of JSON the key is what its producer sent
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
