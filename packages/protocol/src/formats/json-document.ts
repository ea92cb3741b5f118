import type { Rejected } from "../decoded.js";
import { type Decoded, rejected } from "../decoded.js";
import { followPointer, isJsonObject } from "../json.js";
import { headerText, type KafkaRecord } from "../record.js";
import type { FieldRef, SourceSpec } from "../source.js";
import { type ConnectKey, idText, readConnectKey, readJson, readValueText } from "./connect-json.js";
import { documentEvent, fieldOf } from "./document.js";
import { subjectOfParts } from "./subject.js";
import { decodeTombstone, type Gone } from "./tombstone.js";

/** JSON documents of any shape: the source says by pointers and headers where an event has what. */

const NOT_OBJECT = rejected("schema_invalid", "the document is not a JSON object", "Send an object.");
const NO_ID = rejected(
  "schema_invalid",
  "a part of the id is missing, empty, or neither a text nor an integer",
  "Mend `id` of the source, or the producer.",
);
const NO_KEY_ID = rejected(
  "schema_invalid",
  "the key of a tombstone does not hold the id",
  "Use the id as record key: the id itself, or a JSON object with each of its parts.",
);

/** Decodes a record of a topic whose JSON sources are these, in file order: the first that matches its type takes it. */
export function decodeJsonDocument(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const headerOf = (name: string) => headerText(record.headers, name);
  if (record.value === null) return decodeTombstone(record, sources, { goneOf: (source) => goneOf(record, source), headerOf });
  const text = readValueText(record.value);
  if (typeof text !== "string") return text;
  const json = readJson(text);
  if (json.kind === "rejected") return json;
  if (!isJsonObject(json.value)) return NOT_OBJECT;
  const document = { record, data: json.value, text, path: [], headerOf };
  const partOf = (ref: FieldRef) => idText(fieldOf(ref, document));
  const subjectOf = (source: SourceSpec) => subjectOfAll(idsOf(source).map(partOf)) ?? NO_ID;
  return documentEvent(document, sources, { subjectOf, typeRefOf: (source) => source.reads?.type ?? null, id: null });
}

function idsOf(source: SourceSpec): readonly FieldRef[] {
  return source.reads?.id ?? [];
}

function subjectOfAll(parts: readonly (string | null)[]): string | null {
  const found = parts.filter((part) => part !== null);
  return found.length === 0 || found.length < parts.length ? null : subjectOfParts(found);
}

/** The id of a tombstone: the key itself, or the members of a key that is an object, by pointer or by the pointer's last step. */
function goneOf(record: KafkaRecord, source: SourceSpec): Gone | Rejected {
  const ids = idsOf(source);
  const key = readConnectKey(record.key);
  if (key.kind === "rejected" && ids.some((ref) => ref.from === "pointer")) return key;
  const partOf = (ref: FieldRef) => (ref.from === "header" ? headerText(record.headers, ref.name) : keyPart(key, ref, ids));
  const subject = subjectOfAll(ids.map(partOf).map((part) => (part === "" ? null : part)));
  return subject === null ? NO_KEY_ID : { kind: "gone", subject, data: key.kind === "row" ? key.row : {} };
}

function keyPart(key: ConnectKey, ref: FieldRef & { from: "pointer" }, ids: readonly FieldRef[]): string | null {
  if (key.kind === "row") return idText(followPointer(key.row, ref.path) ?? followPointer(key.row, ref.path.slice(-1)));
  const isOnly = ids.filter(({ from }) => from === "pointer").length === 1;
  return key.kind === "text" && isOnly ? key.text : null;
}
