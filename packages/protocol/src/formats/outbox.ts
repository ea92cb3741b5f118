import type { Rejected } from "../decoded.js";
import { type Decoded, rejected } from "../decoded.js";
import type { JsonObject } from "../event.js";
import { isJsonObject } from "../json.js";
import type { KafkaRecord } from "../record.js";
import type { FieldRef, SourceSpec } from "../source.js";
import { type ConnectJson, connectHeader, readConnectJson, readConnectKey, readValueText } from "./connect-json.js";
import { isPrintedTalk, isTalk } from "./debezium-change.js";
import { type Document, documentEvent } from "./document.js";
import { decodeTombstone } from "./tombstone.js";

/**
 * Events that Debezium's outbox event router makes of an outbox table: the aggregate's id is the record key, the payload
 * column the value. StringConverter writes both bare, JsonConverter in quotes, and the payload as a document where it was
 * told to expand it.
 */

/** The header the router always sets: the event's id. Logical messages and heartbeats have none. */
const ROUTED = "id";
const EVENT_TYPE = { from: "header", name: "eventType" } as const satisfies FieldRef;

const NOT_OBJECT = rejected(
  "schema_invalid",
  "the payload is not a JSON object",
  "Write a JSON object into the payload column, or leave it empty.",
);
const KEY_NOT_ID = rejected(
  "schema_invalid",
  "the record key is not one id",
  "Let the router use a column with the aggregate's id as key.",
);

/** Decodes a record of a topic whose outbox sources are these, in file order: the first that matches its type takes it. */
export function decodeOutbox(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const headerOf = (name: string) => connectHeader(record.headers, name);
  const id = headerOf(ROUTED);
  const subjectOf = () => subjectOfKey(record);
  if (record.value === null && id === null && headerOf(EVENT_TYPE.name) === null) {
    return decodeTombstone(record, sources, { goneOf: () => goneOf(record), headerOf });
  }
  const text = record.value === null ? "" : readValueText(record.value);
  if (typeof text !== "string") return text;
  if (id === null && isPrintedTalk(text)) return { kind: "ignored" };
  const payload = readPayload(text);
  if (payload.kind === "rejected") return payload;
  if (id === null && isTalk(payload.data)) return { kind: "ignored" };
  const document: Document = { record, headerOf, data: payload.data, text: payload.text, path: payload.path };
  return documentEvent(document, sources, { subjectOf, typeRefOf: (source) => source.reads?.type ?? EVENT_TYPE, id });
}

interface Payload extends Omit<ConnectJson, "kind" | "value"> {
  readonly kind: "payload";
  readonly data: JsonObject;
}

/** A payload that is empty is no data: a value of no bytes, or the word `null`, by converter. */
function readPayload(text: string): Payload | Rejected {
  if (text === "") return { kind: "payload", data: {}, text, path: [] };
  const outer = readConnectJson(text);
  if (outer.kind === "rejected") return outer;
  const json = typeof outer.value === "string" && outer.value !== "" ? readConnectJson(outer.value) : outer;
  if (json.kind === "rejected") return json;
  const data = json.value === null || json.value === "" ? {} : json.value;
  return isJsonObject(data) ? { kind: "payload", data, text: json.text, path: json.path } : NOT_OBJECT;
}

function subjectOfKey(record: KafkaRecord): string | Rejected {
  const key = readConnectKey(record.key);
  if (key.kind === "rejected") return key;
  return key.kind === "text" ? key.text : KEY_NOT_ID;
}

function goneOf(record: KafkaRecord) {
  const subject = subjectOfKey(record);
  return typeof subject === "string" ? ({ kind: "gone", subject, data: {} } as const) : subject;
}
