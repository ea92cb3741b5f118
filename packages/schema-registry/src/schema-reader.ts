import { avroReader, isBadSchema } from "./avro-schema.js";
import { BAD_SCHEMA, type MISFIT, OTHER_SCHEMA } from "./rejections.js";
import type { SchemaText } from "./schema-source.js";

/** A payload as JSON text in UTF-8, or why it is none. */
export type SchemaReader = (payload: Uint8Array) => Uint8Array | typeof MISFIT;

/** JSON is what it is: whether it fits its schema is its producer's affair. */
export function readerOf(schema: SchemaText | "unusable"): SchemaReader {
  if (schema === "unusable") return () => BAD_SCHEMA;
  if (schema.kind === "json") return (payload) => payload;
  if (schema.kind === "other") return () => OTHER_SCHEMA;
  const read = avroReader(schema.text, schema.references);
  if (isBadSchema(read)) return () => BAD_SCHEMA;
  return (payload) => {
    const text = read(payload);
    return typeof text === "string" ? Buffer.from(text) : text;
  };
}
