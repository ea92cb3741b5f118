import type { Rejected } from "../decoded.js";
import { type Decoded, rejected } from "../decoded.js";
import type { JsonObject } from "../event.js";
import { followPointer } from "../json.js";
import type { KafkaRecord } from "../record.js";
import type { SourceReads, SourceSpec } from "../source.js";
import { nextVersion, type Version } from "../version.js";
import { type ConnectKey, connectHeader, idText, readConnectJson, readConnectKey, readValueText } from "./connect-json.js";
import { type Change, type Image, isPrintedTalk, type ReadChange, readChange } from "./debezium-change.js";
import { readExtendedJson } from "./extended-json.js";
import { hasLostDigits } from "./lost-digits.js";
import { isRejected, readVersion, VERSION_MISSING } from "./read-version.js";
import { RecordEvent, type RecordEventParts } from "./record-event.js";
import { checkSubject, subjectOfParts } from "./subject.js";
import { nobodyTakes } from "./taker.js";
import { withoutUnavailable } from "./toast.js";
import { decodeTombstone, type Gone } from "./tombstone.js";

/**
 * Changes of rows as Debezium writes them: with or without schemas, in its envelope or unwrapped by `ExtractNewRecordState`.
 * A delete tells the last version and not the next one, so it counts as one more; where the database logs no whole rows
 * (`replicaIdentity: default`) the columns of a deleted row are zeros that look like data, and the delete is blind.
 */

const NO_READS: SourceReads = { id: [], version: null, type: null, time: null, replicaIdentity: "default" };

const NO_ID = rejected(
  "schema_invalid",
  "a column of the id is missing, or is neither a text nor an integer",
  "Name the key columns of the table in `id` of the source.",
);
const NO_BEFORE = rejected(
  "version_missing",
  "a delete has no `before`, though the source says `replicaIdentity: full`",
  "Run ALTER TABLE … REPLICA IDENTITY FULL, or say `replicaIdentity: default`: deletes are blind then.",
);
const NO_NEXT = rejected(
  "version_invalid",
  "the version after the deleted row's last one has too many digits",
  "Let the table's versions start from a smaller number.",
);

/** Decodes a record of a topic whose Debezium sources are these, in file order: the first that matches its table takes it. */
export function decodeDebezium(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const { value } = record;
  if (value === null) return decodeRowTombstone(record, sources);
  const text = readValueText(value);
  if (typeof text !== "string") return text;
  if (isPrintedTalk(text)) return { kind: "ignored" };
  const change = readExactly(text, record);
  if (change === null) return decodeRowTombstone(record, sources);
  if (change.kind !== "change") return change;
  const source = sources.find((candidate) => candidate.matchesType(change.type));
  return source === undefined ? nobodyTakes(sources) : toEvent({ record, change, source, reads: source.reads ?? NO_READS });
}

/** `null` for a value that is the word null. Every change has a time in nanoseconds, so only the rows are looked at for lost digits. */
function readExactly(text: string, record: KafkaRecord): ReadChange | null {
  const change = readOnce(text, record, "quick");
  if (change?.kind !== "change") return change;
  const { before, after } = change;
  const isExact = (before === null || !hasLostDigits(before.row)) && (after === null || !hasLostDigits(after.row));
  return isExact ? change : readOnce(text, record, "exact");
}

function readOnce(text: string, { headers }: KafkaRecord, how: "exact" | "quick"): ReadChange | null {
  const json = readConnectJson(text, how);
  if (json.kind === "rejected") return json;
  return json.value === null ? null : readChange(json, headers);
}

interface Reading {
  readonly record: KafkaRecord;
  readonly change: Change;
  readonly source: SourceSpec;
  readonly reads: SourceReads;
}

/** What a change says about its row. */
type Said = Pick<RecordEventParts, "subject" | "version" | "data" | "previous">;

function toEvent(reading: Reading): Decoded {
  const { record, change, source } = reading;
  const said = readSaid(reading);
  if ("kind" in said) return said;
  const badSubject = checkSubject(said.subject, source);
  if (badSubject !== null) return badSubject;
  const { op, type, time, timeUs } = change;
  const headerOf = (name: string) => connectHeader(record.headers, name);
  return { kind: "event", event: new RecordEvent({ record, source, id: null, op, type, time, timeUs, headerOf, ...said }), source };
}

function readSaid(reading: Reading): Said | Rejected {
  const { change, reads, source } = reading;
  const { op, before, after, type } = change;
  if (op === "truncate") return { subject: type, version: null, data: {}, previous: {} };
  if (op !== "delete") return after === null ? NO_ID : readWritten(reading, after);
  if (reads.replicaIdentity === "full" && before !== null) return readDeleted(reading, before);
  return reads.replicaIdentity === "full" && source.spaceKind !== "none" ? NO_BEFORE : readDeletedKey(reading);
}

function readWritten(reading: Reading, after: Image): Said | Rejected {
  const { record, change, reads } = reading;
  const data = withoutUnavailable(after.row);
  const previous = reads.replicaIdentity === "full" && change.before !== null ? withoutUnavailable(change.before.row) : {};
  const subject = subjectOfRow(data, record, reads);
  if (typeof subject !== "string") return subject;
  const version = versionOf(data, after, reading);
  return isRejected(version) ? version : { subject, version, data, previous };
}

function readDeleted(reading: Reading, before: Image): Said | Rejected {
  const { record, reads } = reading;
  const data = withoutUnavailable(before.row);
  const subject = subjectOfRow(data, record, reads);
  if (typeof subject !== "string") return subject;
  const last = versionOf(data, before, reading);
  if (last === null) return { subject, version: null, data, previous: data };
  if (isRejected(last)) return last;
  const version = nextVersion(last);
  return version === null ? NO_NEXT : { subject, version, data, previous: data };
}

/** Only the record key is sure to be what it says. */
function readDeletedKey({ record, reads }: Reading): Said | Rejected {
  const gone = goneRow(record, reads);
  return gone.kind === "rejected" ? gone : { subject: gone.subject, version: null, data: gone.data, previous: {} };
}

function versionOf(row: JsonObject, image: Image, { source, reads }: Reading): Version | null | Rejected {
  const ref = reads.version;
  if (ref?.from !== "pointer") return source.spaceKind === "none" ? null : VERSION_MISSING;
  return readVersion({ value: followPointer(row, ref.path), text: image.text, path: [...image.path, ...ref.path] }, source.spaceKind);
}

/** The id columns of the row, or of the record key where the row has them not. */
function subjectOfRow(row: JsonObject, record: KafkaRecord, reads: SourceReads): string | Rejected {
  const parts = partsOf(row, reads);
  if (parts !== null) return subjectOfParts(parts);
  const key = keyRow(readConnectKey(record.key), reads);
  const keyed = key.kind === "row" ? partsOf({ ...row, ...key.row }, reads) : null;
  return keyed === null ? NO_ID : subjectOfParts(keyed);
}

function partsOf(row: JsonObject, { id }: SourceReads): readonly string[] | null {
  const parts: string[] = [];
  for (const ref of id) {
    const part = ref.from === "pointer" ? idText(followPointer(row, ref.path)) : null;
    if (part === null) return null;
    parts.push(part);
  }
  return parts.length === 0 ? null : parts;
}

/** MongoDB's name for the id of a document, and the connector's for it in record keys, where it is a text of extended JSON. */
const DOCUMENT_ID = "_id";
const KEYED_ID = "id";

/** A key that is one value and no row is the one id column: `ExtractField` makes such keys. */
function keyRow(key: ConnectKey, { id }: SourceReads): ConnectKey {
  const column = id[0]?.from === "pointer" && id.length === 1 ? id[0].path[0] : undefined;
  if (key.kind === "text") return column === undefined ? key : { kind: "row", row: { [column]: key.text } };
  return key.kind === "row" && column === DOCUMENT_ID ? documentKey(key) : key;
}

function documentKey(key: ConnectKey & { readonly kind: "row" }): ConnectKey {
  const told = followPointer(key.row, [KEYED_ID]);
  if (typeof told !== "string" || Object.hasOwn(key.row, DOCUMENT_ID)) return key;
  const json = readExtendedJson(told);
  return { kind: "row", row: { [DOCUMENT_ID]: json.kind === "rejected" ? told : json.value } };
}

function decodeRowTombstone(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded {
  const headerOf = (name: string) => connectHeader(record.headers, name);
  return decodeTombstone(record, sources, { goneOf: (source) => goneRow(record, source.reads ?? NO_READS), headerOf });
}

function goneRow(record: KafkaRecord, reads: SourceReads): Gone | Rejected {
  const key = keyRow(readConnectKey(record.key), reads);
  if (key.kind === "rejected") return key;
  const parts = key.kind === "row" ? partsOf(key.row, reads) : null;
  return key.kind !== "row" || parts === null ? NO_ID : { kind: "gone", subject: subjectOfParts(parts), data: key.row };
}
