import type { Rejected } from "../decoded.js";
import { type Decoded, rejected } from "../decoded.js";
import type { JsonObject, JsonValue } from "../event.js";
import { followPointer, isJsonObject } from "../json.js";
import type { KafkaRecord } from "../record.js";
import type { FieldRef, SourceSpec } from "../source.js";
import { idText } from "./connect-json.js";
import { isRejected, readVersion, VERSION_MISSING } from "./read-version.js";
import { RecordEvent } from "./record-event.js";
import { checkSubject } from "./subject.js";
import { nobodyTakes } from "./taker.js";

/** A JSON document and its record's headers: what the `header:` and pointer references of a source are followed in. */
export interface Document {
  readonly record: KafkaRecord;
  readonly data: JsonObject;
  /** The JSON text that `data` was read from, and where in it; `""` for none. */
  readonly text: string;
  readonly path: readonly string[];
  readonly headerOf: (name: string) => string | null;
}

/** What each format finds in its own way. */
export interface Finders {
  readonly subjectOf: (source: SourceSpec) => string | Rejected;
  readonly typeRefOf: (source: SourceSpec) => FieldRef | null;
  readonly id: string | null;
}

const NO_TYPE = rejected(
  "schema_invalid",
  "what the source names as type is missing or no text",
  "Mend `type` of the source, or the producer.",
);
const BAD_PREVIOUS = rejected(
  "schema_invalid",
  "what the source's `previous` points at is not an object",
  "Mend the `previous` pointer of the source, or the event.",
);

/** The event of a document: the first source that takes its type says how the rest is read. */
export function documentEvent(document: Document, sources: readonly SourceSpec[], finders: Finders): Decoded {
  const source = sources.find((candidate) => candidate.matchesType(typeOf(candidate, document, finders) ?? ""));
  if (source === undefined) return nobodyTakes(sources);
  const type = typeOf(source, document, finders);
  if (type === null && source.reads?.type) return NO_TYPE;
  const subject = finders.subjectOf(source);
  if (typeof subject !== "string") return subject;
  const badSubject = checkSubject(subject, source);
  if (badSubject !== null) return badSubject;
  const previous = source.previous === null ? {} : (followPointer(document.data, source.previous) ?? {});
  if (!isJsonObject(previous)) return BAD_PREVIOUS;
  const version = versionOf(document, source);
  if (isRejected(version)) return version;
  const { record, data, headerOf } = document;
  const time = timeOf(document, source);
  const op = source.ops.get(type ?? "") ?? "update";
  const said = { type: type ?? "", subject, version, op, time, data, previous };
  return { kind: "event", event: new RecordEvent({ record, source, id: finders.id, headerOf, ...said }), source };
}

/** What a reference leads to; `undefined` where it leads nowhere. */
export function fieldOf(ref: FieldRef, { data, headerOf }: Pick<Document, "data" | "headerOf">): JsonValue | undefined {
  return ref.from === "header" ? (headerOf(ref.name) ?? undefined) : followPointer(data, ref.path);
}

function typeOf(source: SourceSpec, document: Document, { typeRefOf }: Finders): string | null {
  const ref = typeRefOf(source);
  return ref === null ? null : idText(fieldOf(ref, document));
}

function versionOf(document: Document, source: SourceSpec) {
  const ref = source.reads?.version ?? null;
  if (ref === null) return source.spaceKind === "none" ? null : VERSION_MISSING;
  const value = fieldOf(ref, document);
  const path = ref.from === "header" ? [] : [...document.path, ...ref.path];
  return readVersion({ value, text: document.text, path }, source.spaceKind);
}

function timeOf(document: Document, source: SourceSpec): string {
  const ref = source.reads?.time ?? null;
  return ref === null ? "" : (idText(fieldOf(ref, document)) ?? "");
}
