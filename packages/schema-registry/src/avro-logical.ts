import avsc from "avsc";
import { type AvroCursor, Refusal } from "./avro-cursor.js";
import { dateText, decimalText, timestampText, uuidText } from "./avro-text.js";
import { MISFIT } from "./rejections.js";

/** Reads one value of a logical type and gives it as JSON text. */
export type SayLogical = (cursor: AvroCursor) => string;

/** Decimals are at most so many bytes: their digits take time that grows with the square. */
const DECIMAL_BYTES_MAX = 512;
const DECIMAL_DIGITS_MAX = 1200;
const UUID_BYTES = 16;

/**
 * A logical type that is said as text. avsc makes one for each place in a schema that names it; what the constructor refuses is
 * read as the type underneath, as the specification wants it.
 */
export class LogicalText extends avsc.types.LogicalType {
  readonly say: SayLogical;

  constructor(
    schema: avsc.Schema,
    options: unknown,
    sayOf: (attributes: ReadonlyMap<string, unknown>, underlying: avsc.Type) => SayLogical,
  ) {
    super(schema, options);
    const attributes = new Map<string, unknown>(Object.entries(schema));
    this.say = sayOf(attributes, this.underlyingType);
  }
}

type SayOf = ConstructorParameters<typeof LogicalText>[2];
type LogicalClass = new (schema: avsc.Schema, options?: unknown) => LogicalText;

function logical(sayOf: SayOf): LogicalClass {
  return class extends LogicalText {
    constructor(schema: avsc.Schema, options?: unknown) {
      super(schema, options, sayOf);
    }
  };
}

/** By the names of the specification. `time-*`, `local-timestamp-*` and `duration` are what lies underneath. */
export const logicalTypes: Readonly<Record<string, LogicalClass>> = {
  decimal: logical(decimal),
  date: logical((_, underlying) => {
    mustBe(underlying, "int");
    return (cursor) => dateText(cursor.integer());
  }),
  "timestamp-millis": timestamp(3),
  "timestamp-micros": timestamp(6),
  "timestamp-nanos": timestamp(9),
  uuid: logical((_, underlying) => {
    if (!(underlying instanceof avsc.types.FixedType) || underlying.size !== UUID_BYTES) throw new TypeError("a text already");
    return (cursor) => uuidText(cursor.take(UUID_BYTES));
  }),
};

function timestamp(digits: 3 | 6 | 9): LogicalClass {
  return logical((_, underlying) => {
    mustBe(underlying, "long");
    return (cursor) => timestampText(cursor.long(), digits);
  });
}

function decimal(attributes: ReadonlyMap<string, unknown>, underlying: avsc.Type): SayLogical {
  const [precision, scale] = [attributes.get("precision"), attributes.get("scale") ?? 0];
  const isFixed = underlying instanceof avsc.types.FixedType;
  if (!isFixed) mustBe(underlying, "bytes");
  if (!isCount(precision) || !isCount(scale) || scale > precision || precision > DECIMAL_DIGITS_MAX) throw new TypeError("no decimal");
  return (cursor) => {
    const length = isFixed ? underlying.size : cursor.integer();
    if (length < 1 || length > DECIMAL_BYTES_MAX) throw new Refusal(MISFIT);
    return decimalText(cursor.take(length), scale);
  };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function mustBe(type: avsc.Type, name: string): void {
  if (type.typeName !== name) throw new TypeError(`not of ${name}`);
}
