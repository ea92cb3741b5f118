import { createHash } from "node:crypto";
import type { Expected, SentRecord } from "./oracle.js";
import type { Place, ReadRecord } from "./topics.js";

/** What Freshet adds, by the protocol; a dead letter without these headers is the record as it was sent. */
const ADDED = new Set([
  "__dlq.errors.topic",
  "__dlq.errors.partition",
  "__dlq.errors.offset",
  "__dlq.errors.group",
  "__dlq.errors.message",
  "freshet-reason",
  "freshet-rule",
  "freshet-fingerprint",
  "freshet-first-failed-at",
  "freshet-last-failed-at",
  "freshet-attempts",
  "freshet-rules-hash",
]);

export interface DeadLetterReport {
  /** Dead letters that stand for no poison record, or differ from it, or give another reason. */
  readonly wrong: readonly string[];
  /** Poison records without a dead letter. */
  readonly missing: readonly string[];
  /** Dead letters in all, repeated ones included. */
  readonly letters: number;
}

/** Holds the dead-letter topic against the poison the oracle found, byte for byte, by the place of each record. */
export function checkDeadLetters(found: {
  letters: readonly ReadRecord[];
  sent: readonly SentRecord[];
  places: readonly Place[];
  expected: Expected;
}): DeadLetterReport {
  const { letters, sent, places, expected } = found;
  const missing = new Map<string, { record: SentRecord; reason: string }>();
  for (const [at, reason] of expected.poison) {
    const [place, record] = [places[at], sent[at]];
    if (place !== undefined && record !== undefined) missing.set(`${place.partition}/${place.offset}`, { record, reason });
  }
  const all = new Map(missing);
  const wrong = letters.flatMap((letter) => {
    const at = `${textOf(letter, "__dlq.errors.partition")}/${textOf(letter, "__dlq.errors.offset")}`;
    missing.delete(at);
    const poison = all.get(at);
    if (poison === undefined) return [`${at} is a dead letter (${textOf(letter, "freshet-reason")}) and was no poison`];
    const reason = textOf(letter, "freshet-reason");
    if (reason !== poison.reason) return [`${at} is dead for ${reason} instead of ${poison.reason}`];
    return fingerprintOfLetter(letter) === fingerprintOfRecord(poison.record) ? [] : [`${at} is not the record that was sent`];
  });
  return { wrong, missing: [...missing].map(([at, { reason }]) => `${at} (${reason})`), letters: letters.length };
}

function textOf(letter: ReadRecord, name: string): string {
  const values = letter.headers.get(name) ?? [];
  return values.length === 1 ? (values[0]?.toString("utf8") ?? "null") : `${values.length} headers`;
}

function fingerprintOfLetter({ key, value, headers }: ReadRecord): string {
  return fingerprint(key, value, new Map([...headers].filter(([name]) => !ADDED.has(name))));
}

function fingerprintOfRecord({ key, value, headers }: SentRecord): string {
  const byName = new Map<string, (Buffer | null)[]>();
  for (const [name, bytes] of headers) byName.set(name, [...(byName.get(name) ?? []), bytes]);
  return fingerprint(key, value, byName);
}

function fingerprint(key: Buffer | null, value: Buffer | null, headers: ReadonlyMap<string, readonly (Buffer | null)[]>): string {
  const hash = createHash("sha256");
  const add = (bytes: Buffer | null) => hash.update(bytes === null ? "null;" : `${bytes.length};`).update(bytes ?? "");
  add(key);
  add(value);
  for (const [name, values] of [...headers].sort(([a], [b]) => (a < b ? -1 : 1))) {
    add(Buffer.from(name));
    values.forEach(add);
  }
  return hash.digest("hex");
}
