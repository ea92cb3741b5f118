import { senderOfCanary } from "../canary.js";
import type { Decoded, Rejected } from "../decoded.js";
import type { JsonObject } from "../event.js";
import type { KafkaRecord } from "../record.js";
import type { SourceSpec } from "../source.js";
import { isRejected, readVersion } from "./read-version.js";
import { RecordEvent } from "./record-event.js";
import { checkSubject } from "./subject.js";

/** What the key and the headers of a tombstone say. */
export interface Gone {
  readonly kind: "gone";
  readonly subject: string;
  readonly data: JsonObject;
}

interface Readers {
  readonly goneOf: (source: SourceSpec) => Gone | Rejected;
  readonly headerOf: (name: string) => string | null;
}

/** A record without a value: ignored, or a delete where a source says so. Blind, unless its version is in a header. */
export function decodeTombstone(record: KafkaRecord, sources: readonly SourceSpec[], { goneOf, headerOf }: Readers): Decoded {
  const source = sources.find((candidate) => candidate.tombstones === "delete");
  if (source === undefined || senderOfCanary(record) !== null) return { kind: "ignored" };
  const gone = goneOf(source);
  if (gone.kind === "rejected") return gone;
  const { subject, data } = gone;
  const badSubject = checkSubject(subject, source);
  if (badSubject !== null) return badSubject;
  const ref = source.reads?.version;
  const value = ref?.from === "header" ? headerOf(ref.name) : null;
  const version = value === null ? null : readVersion({ value, text: null, path: [] }, source.spaceKind);
  if (isRejected(version)) return version;
  const said = { id: null, type: "tombstone", op: "delete", time: "", previous: {} } as const;
  return { kind: "event", event: new RecordEvent({ record, source, headerOf, subject, data, version, ...said }), source };
}
