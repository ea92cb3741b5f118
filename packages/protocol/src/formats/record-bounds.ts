import type { Rejected } from "../decoded.js";
import { rejected } from "../decoded.js";
import { jsonExcess } from "../json-bounds.js";
import { limits } from "../limits.js";
import type { KafkaRecord, RecordHeader } from "../record.js";

const KEY_TOO_LARGE = rejected(
  "too_large",
  `the record key is larger than ${limits.recordKeyBytesMax} bytes`,
  "Send the id as record key, and nothing else.",
);
const TOO_MANY_HEADERS = rejected(
  "too_large",
  `the record has more than ${limits.headersPerRecordMax} headers`,
  "Look for a producer or a hop that adds headers again and again.",
);
const HEADERS_TOO_LARGE = rejected(
  "too_large",
  `the headers are larger than ${limits.headerBytesMax} bytes together`,
  "Send in headers what is about the record, and the data in the value.",
);
const TOO_DEEP = rejected(
  "too_large",
  `the JSON is nested deeper than ${limits.jsonDepthMax} levels`,
  "Send flatter data, or a reference to it.",
);
const TOO_MANY_DIGITS = rejected("too_large", `a number has more than ${limits.numberDigitsMax} digits`, "Send such a number as a text.");

/** Why a record is refused before anything of it is read; `null` when it is small enough. `headers` are the record's own. */
export function checkRecord(record: KafkaRecord, headers: readonly RecordHeader[]): Rejected | null {
  if ((record.keyBytes ?? record.key?.length ?? 0) > limits.recordKeyBytesMax) return KEY_TOO_LARGE;
  if (headers.length === 0) return null;
  if (headers.length > limits.headersPerRecordMax) return TOO_MANY_HEADERS;
  let bytes = 0;
  for (const { name, value } of headers) bytes += name.length + (value?.length ?? 0);
  return bytes > limits.headerBytesMax ? HEADERS_TOO_LARGE : null;
}

/** Why a JSON text is not parsed; `null` when it may be. */
export function checkJson(text: string): Rejected | null {
  const excess = jsonExcess(text);
  if (excess === null) return null;
  return excess === "depth" ? TOO_DEEP : TOO_MANY_DIGITS;
}
