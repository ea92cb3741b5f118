import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Decoded, KafkaRecord, RecordHeader, SourceSpec } from "../src/index.js";

const FOLDER = join(import.meta.dirname, "fixtures", "debezium");
const encoder = new TextEncoder();

/** One line of a fixture: a record as kcat prints it. `headers` are names and values in turn. */
interface Line {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

/** The names of all files of records that Debezium wrote. */
export const fixtureNames: readonly string[] = readdirSync(FOLDER).map((file) => file.replace(".ndjson", ""));

/** The records of a file, in the order in which they stand there. */
export function fixtureRecords(name: string): readonly KafkaRecord[] {
  const lines = readFileSync(join(FOLDER, `${name}.ndjson`), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => toRecord(JSON.parse(line) as Line));
}

function toRecord({ topic, partition, offset, ts, headers = [], key, payload }: Line): KafkaRecord {
  return { topic, partition, offset, timestampMs: ts, key: bytes(key), value: bytes(payload), headers: pairs(headers) };
}

function pairs(list: readonly string[]): readonly RecordHeader[] {
  return list.flatMap((name, at) => (at % 2 === 0 ? [{ name, value: bytes(list[at + 1] ?? null) }] : []));
}

export function bytes(text: string): Uint8Array;
export function bytes(text: string | null): Uint8Array | null;
export function bytes(text: string | null): Uint8Array | null {
  return text === null ? null : encoder.encode(text);
}

/** A record made for one test. */
export function record(parts: Partial<Omit<KafkaRecord, "key" | "value" | "headers">> & RecordText = {}): KafkaRecord {
  const { key = null, value = null, headers = {}, ...place } = parts;
  const list = Object.entries(headers).map(([name, text]) => ({ name, value: bytes(text) }));
  return { topic: "t", partition: 0, offset: 7, timestampMs: 0, key: bytes(key), value: bytes(value), headers: list, ...place };
}

interface RecordText {
  readonly key?: string | null;
  readonly value?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A source with what a test cares about on top. */
export function source(over: Partial<SourceSpec>): SourceSpec {
  return {
    name: "rows",
    topic: "t",
    format: "debezium",
    space: "s",
    spaceKind: "counter",
    ops: new Map(),
    previous: null,
    tenant: null,
    matchesType: () => true,
    strict: false,
    tombstones: "ignore",
    ...over,
  };
}

/** What became of a record in one line: `update s/42 v7 public.product`, or why there is no event. */
export function told(decoded: Decoded): string {
  if (decoded.kind === "rejected") return `rejected ${decoded.rejection.reason}`;
  if (decoded.kind !== "event") return decoded.kind;
  const { op, space, subject, version, type } = decoded.event;
  return `${op} ${space}/${subject} ${version === null ? "blind" : `v${version}`} ${type}`;
}
