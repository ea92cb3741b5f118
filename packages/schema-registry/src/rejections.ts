import { type Decoded, limits, rejected } from "@freshet/protocol";

/** Why a framed value or key cannot be read. A record with one is dead-lettered. */

type Rejected = Decoded & { readonly kind: "rejected" };

export const DAMAGED: Rejected = rejected(
  "undecodable",
  "it begins like a value of a schema registry, and names no schema",
  "Look at the record's bytes: its producer writes another format, or cut it short.",
);
export const UNKNOWN_SCHEMA: Rejected = rejected(
  "undecodable",
  "the registry does not have the schema that the record names",
  "Point FRESHET_SCHEMA_REGISTRY_URL at the registry of the producer, or register the schema there; then replay the dead letter.",
);
export const OTHER_SCHEMA: Rejected = rejected(
  "unsupported_format",
  "the schema that the record names is neither Avro nor JSON Schema",
  "Send this topic as Avro or JSON.",
);
export const BAD_SCHEMA: Rejected = rejected(
  "unsupported_format",
  "the schema that the record names, or one it refers to, is not Avro as we read it",
  "Look at the schema in the registry: at its names, its size and its references.",
);
export const MISFIT: Rejected = rejected(
  "undecodable",
  "the bytes do not fit the schema that the record names",
  "Find the producer: it names another schema than it writes by, or cut the record short.",
);
export const TOO_DEEP: Rejected = rejected(
  "too_large",
  `as JSON the value is nested deeper than ${limits.jsonDepthMax} levels`,
  "Send flatter data, or a reference to it.",
);
export const TOO_LARGE: Rejected = rejected(
  "too_large",
  `as JSON the value is larger than ${limits.recordBytesMax} bytes`,
  "Send a reference to large data instead of the data.",
);
