import { isJsonObject, type JsonObject, type KafkaRecord, parseJson } from "@freshet/protocol";
import { type LetterPlace, readLetterId } from "./letter-id.js";
import { type MarkedTime, markedTimeOf } from "./resolved-letters.js";

const KEY = "resolved/";
const KEY_BYTES_MAX = 40;

/** A record of the jobs topic that says of a dead letter whether it is resolved. */
export interface Mark {
  readonly letter: LetterPlace;
  /** `null`: the mark was taken away. */
  readonly time: MarkedTime | null;
  /** What else it says, as far as that can be read. */
  readonly content: JsonObject;
}

/**
 * Reads a mark; `null` for a record that is none. Marks of one letter lie in one partition, so their order is that of time: the last
 * one of a place counts, and only for the letter that it is about (`isAbout`). Whatever was written there marks the letter; what
 * cannot be read tells nothing more.
 */
export function readMark({ key, value, timestampMs }: Pick<KafkaRecord, "key" | "value" | "timestampMs">): Mark | null {
  const text = key === null || key.length > KEY_BYTES_MAX ? "" : new TextDecoder().decode(key);
  const letter = text.startsWith(KEY) ? readLetterId(text.slice(KEY.length)) : null;
  if (letter === null) return null;
  if (value === null) return { letter, time: null, content: {} };
  const content = parsed(value);
  return { letter, time: markedTimeOf(content, { timestampMs }), content };
}

function parsed(value: Uint8Array): JsonObject {
  try {
    const mark = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(value));
    return isJsonObject(mark) ? mark : {};
  } catch {
    return {};
  }
}
