import { headerText, type RecordHeader } from "@freshet/protocol";
import type { SpanContext } from "@opentelemetry/api";
import { traceHeaders } from "./trace-names.js";

/** W3C Trace Context: version, trace, span, flags; versions to come may say more behind it. */
const FORM = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** Of a version to come; that of today has 55. */
const LENGTH_MAX = 512;

/** Where the producer of a record was in its trace, by its headers; `null` when they do not say, or say what nobody can read. */
export function readTraceparent(headers: readonly RecordHeader[]): SpanContext | null {
  for (const name of traceHeaders) {
    const found = parse(headerText(headers, name)?.trim() ?? "");
    if (found !== null) return found;
  }
  return null;
}

function parse(text: string): SpanContext | null {
  const [, version = "", traceId, spanId, flags = "", more] = text.length <= LENGTH_MAX ? (FORM.exec(text) ?? []) : [];
  if (traceId === undefined || spanId === undefined || (version === "00" && more !== undefined)) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}
