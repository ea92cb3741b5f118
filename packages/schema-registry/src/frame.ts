import type { KafkaRecord, RecordHeader } from "@freshet/protocol";

/** What some bytes say of their schema: the path at which a registry has it, and the bytes without the frame. */
export interface Framed {
  /** `ids/7`, or `guids/<uuid>`. */
  readonly schema: string;
  readonly payload: Uint8Array;
}

/** The schema that a record's value or key names; `null` for plain bytes, `"damaged"` for a frame that names none. */
export type FrameOf = Framed | "damaged" | null;

const MAGIC_ID = 0;
const MAGIC_GUID = 1;
const ID_BYTES = 5;
const GUID_BYTES = 17;
const HEADERS = { value: "__value_schema_id", key: "__key_schema_id" } as const;

/**
 * The frame of one part of a record: a zero and the schema's number before the payload, or both in a header of its own, which
 * may have a GUID in place of the number.
 */
export function frameOf(record: KafkaRecord, part: "value" | "key"): FrameOf {
  const bytes = record[part];
  if (bytes === null) return null;
  const header = lastHeader(record.headers, HEADERS[part]);
  if (header !== null) {
    const schema = schemaIn(header);
    return schema === null ? "damaged" : { schema, payload: bytes };
  }
  if (bytes[0] !== MAGIC_ID) return null;
  const schema = schemaIn(bytes.subarray(0, ID_BYTES));
  return schema === null ? "damaged" : { schema, payload: bytes.subarray(ID_BYTES) };
}

function schemaIn(bytes: Uint8Array): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] === MAGIC_ID && bytes.length >= ID_BYTES) {
    const id = view.getInt32(1);
    return id > 0 ? `ids/${id}` : null;
  }
  if (bytes[0] !== MAGIC_GUID || bytes.length < GUID_BYTES) return null;
  const hex = Buffer.from(bytes.subarray(1, GUID_BYTES)).toString("hex");
  return `guids/${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}`;
}

function lastHeader(headers: readonly RecordHeader[], name: string): Uint8Array | null {
  return headers.findLast((header) => header.name === name)?.value ?? null;
}
