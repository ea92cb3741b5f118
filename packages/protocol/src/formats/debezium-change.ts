import type { Rejected } from "../decoded.js";
import { type Decoded, rejected } from "../decoded.js";
import type { JsonObject, JsonValue, Op } from "../event.js";
import { followPointer, isJsonObject } from "../json.js";
import type { RecordHeader } from "../record.js";
import { type ConnectJson, connectHeader, idText } from "./connect-json.js";
import { readExtendedJson } from "./extended-json.js";

/** A row as it was before or after a change, and where in which text it stands: a document of MongoDB is a text of its own. */
export interface Image {
  readonly row: JsonObject;
  readonly text: string;
  readonly path: readonly string[];
}

/** One change as Debezium tells it, with or without its envelope. */
export interface Change {
  readonly kind: "change";
  readonly op: Op;
  /** `<schema>.<table>`, else `<database>.<table>`; `row` where the record does not say. */
  readonly type: string;
  readonly before: Image | null;
  /** Never null for create, update and snapshot. */
  readonly after: Image | null;
  /** Commit time as written, and in microseconds. */
  readonly time: string;
  readonly timeUs: number | null;
}

export type ReadChange = Change | (Decoded & { readonly kind: "ignored" }) | Rejected;

const OPS: ReadonlyMap<string, Op> = new Map([
  ["c", "create"],
  ["u", "update"],
  ["d", "delete"],
  ["r", "snapshot"],
  ["t", "truncate"],
]);
/** Times of a commit, best first, and what they are in microseconds. */
const CLOCKS: readonly (readonly [name: string, us: (digits: string) => number])[] = [
  ["ts_us", Number],
  ["ts_ns", (digits) => Number(BigInt(digits) / 1000n)],
  ["ts_ms", (digits) => Number(digits) * 1000],
];
const MESSAGE = "m";
/** `ExtractNewRecordState` puts this before the names of what it adds to a row. */
const ADDED = "__";
const IGNORED = { kind: "ignored" } as const;
/** What StringConverter makes of logical messages and heartbeats. */
const PRINTED_TALK = /^Struct\{(?:op=m,|ts_ms=\d+\}$)/;

const UNKNOWN_OP = rejected("unsupported_format", "the op is none of c, u, d, r, t and m", "Ask for it: Debezium says more than we know.");
const NOT_ROW = rejected("schema_invalid", "the change is not a JSON object", "Mend the producer: this is no change of a row.");
const BAD_IMAGE = rejected(
  "schema_invalid",
  "`before` or `after` is neither an object nor null, nor a document of MongoDB",
  "Mend the producer of the change.",
);
const NO_AFTER = rejected("schema_invalid", "the change has no `after`", "Mend the producer: only deletes and truncates have none.");

/** Logical messages and heartbeats as StringConverter prints them: nothing about any row. */
export function isPrintedTalk(text: string): boolean {
  return PRINTED_TALK.test(text);
}

/** The change that a value holds; logical messages, heartbeats and transaction borders are ignored. */
export function readChange(json: ConnectJson, headers: readonly RecordHeader[]): ReadChange {
  const { value, text, path } = json;
  if (!isJsonObject(value)) return NOT_ROW;
  if (isTalk(value)) return IGNORED;
  return isEnvelope(value) ? readEnvelope(value, json) : readRow({ row: value, text, path }, headers);
}

/** What Debezium says besides changes: a logical message, a heartbeat, the beginning or end of a transaction. */
export function isTalk(value: JsonObject): boolean {
  if (member(value, "op") === MESSAGE) return isJsonObject(member(value, "source"));
  const names = Object.keys(value);
  if (names.length > 0 && names.every((name) => name === "ts_ms" || name === "ts_us" || name === "ts_ns")) return true;
  const status = member(value, "status");
  return (status === "BEGIN" || status === "END") && "event_count" in value && "data_collections" in value;
}

/** A row may have a column `op` too: an envelope says besides where the change came from, or what it changed. */
function isEnvelope(value: JsonObject): boolean {
  const op = member(value, "op");
  if (typeof op !== "string") return false;
  if (isJsonObject(member(value, "source"))) return true;
  return OPS.has(op) && (isJsonObject(member(value, "after")) || isJsonObject(member(value, "before")));
}

function readEnvelope(value: JsonObject, json: ConnectJson): ReadChange {
  const op = opOf(value.op);
  if (op === undefined) return UNKNOWN_OP;
  const before = imageOf(value, "before", json);
  const after = imageOf(value, "after", json) ?? (op === "update" ? updatedFields(value, json) : null);
  if (isRefused(before)) return before;
  if (isRefused(after)) return after;
  if (after === null && op !== "delete" && op !== "truncate") return NO_AFTER;
  const source = member(value, "source");
  const from = isJsonObject(source) ? source : {};
  const type = tableOf((name) => member(from, name));
  return { kind: "change", op, type, before, after, ...timeOf((name) => member(from, name)) };
}

/** A row without an envelope: what it is about stands in members and headers that were asked for, or nowhere. */
function readRow(image: Image, headers: readonly RecordHeader[]): Change | Rejected {
  const { row } = image;
  const added = (name: string) =>
    member(row, `${ADDED}${name}`) ?? member(row, `${ADDED}source_${name}`) ?? connectHeader(headers, `${ADDED}${name}`) ?? undefined;
  const letter = added("op");
  const said = letter === undefined ? "update" : opOf(letter);
  if (said === undefined) return UNKNOWN_OP;
  const deleted = added("deleted");
  const op = deleted === "true" || deleted === true ? "delete" : said;
  const type = tableOf(added);
  const isGone = op === "delete" || op === "truncate";
  const source = (name: string) => member(row, `${ADDED}source_${name}`) ?? connectHeader(headers, `${ADDED}source_${name}`) ?? undefined;
  return { kind: "change", op, type, before: isGone ? image : null, after: isGone ? null : image, ...timeOf(source) };
}

function opOf(letter: JsonValue | undefined): Op | undefined {
  return typeof letter === "string" ? OPS.get(letter) : undefined;
}

/** `null` for an image that is not there. */
function imageOf(value: JsonObject, name: string, { text, path }: Pick<ConnectJson, "text" | "path">): Image | null | Rejected {
  const row = member(value, name) ?? null;
  if (row === null) return null;
  if (typeof row === "string") return documentOf(row);
  return isJsonObject(row) ? { row, text, path: [...path, name] } : BAD_IMAGE;
}

function documentOf(text: string): Image | Rejected {
  const json = readExtendedJson(text);
  if (json.kind === "rejected") return json;
  return isJsonObject(json.value) ? { row: json.value, text, path: [] } : BAD_IMAGE;
}

/** All that MongoDB tells of an update where the connector does not look the document up, or found it gone: the fields it set. */
function updatedFields(value: JsonObject, json: ConnectJson): Image | null | Rejected {
  const description = member(value, "updateDescription");
  if (!isJsonObject(description)) return null;
  return imageOf(description, "updatedFields", json) ?? { row: {}, text: "", path: [] };
}

function isRefused(read: Image | Rejected | null): read is Rejected {
  return read !== null && "kind" in read;
}

type Look = (name: string) => JsonValue | undefined;

function tableOf(look: Look): string {
  const table = textOf(look("table")) ?? textOf(look("collection"));
  if (table === null) return "row";
  const owner = textOf(look("schema")) ?? textOf(look("db"));
  return owner === null ? table : `${owner}.${table}`;
}

/** When the database committed the change. The connector's own `ts_ms` beside the envelope is when it read it. */
function timeOf(look: Look): { readonly time: string; readonly timeUs: number | null } {
  for (const [unit, us] of CLOCKS) {
    const time = idText(look(unit)) ?? "";
    if (/^\d{1,20}$/.test(time)) return { time, timeUs: us(time) };
  }
  return { time: "", timeUs: null };
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function member(value: JsonObject, name: string): JsonValue | undefined {
  return followPointer(value, [name]);
}
