import avsc from "avsc";
import { AvroCursor, Refusal } from "./avro-cursor.js";
import { LogicalText, logicalTypes } from "./avro-logical.js";
import { base64Text, doubleText, floatText } from "./avro-text.js";
import { BAD_SCHEMA, MISFIT } from "./rejections.js";

/** A value in Avro's binary form as JSON text, or why it is none of this schema. */
export type AvroReader = (payload: Uint8Array) => string | typeof MISFIT;

/** Goes over one value and writes it. */
type Step = (cursor: AvroCursor) => void;

/**
 * A reader for values of this schema, whose text may use the names that the others define: references first, each after those
 * it needs. avsc reads the schema, and we read the values: avsc trusts their lengths, and its numbers end at 2^53.
 */
export function avroReader(text: string, references: readonly string[]): AvroReader | typeof BAD_SCHEMA {
  try {
    const registry = {};
    for (const reference of references) typeOf(reference, registry);
    const step = new Steps().of(typeOf(text, registry));
    return (payload) => read(payload, step);
  } catch {
    return BAD_SCHEMA;
  }
}

/** Whether this is a reason why there is no reader. */
export function isBadSchema(reader: AvroReader | typeof BAD_SCHEMA): reader is typeof BAD_SCHEMA {
  return typeof reader !== "function";
}

function read(payload: Uint8Array, step: Step): string | typeof MISFIT {
  const cursor = new AvroCursor(payload);
  try {
    step(cursor);
  } catch (error) {
    if (error instanceof Refusal) return error.rejection;
    throw error;
  }
  return cursor.isAtEnd ? cursor.text : MISFIT;
}

/** What only writers and other schemas need: avsc is stricter with it than those who wrote it. */
const NOT_NEEDED = new Set(["default", "doc", "order", "aliases"]);

function typeOf(text: string, registry: Record<string, avsc.Type>): avsc.Type {
  const schema: avsc.Schema = JSON.parse(text, (name, value: unknown) => (NOT_NEEDED.has(name) ? undefined : value));
  return avsc.Type.forSchema(schema, { registry, logicalTypes, wrapUnions: true, omitRecordMethods: true });
}

/** The steps of each type, made once: a record may hold itself. */
class Steps {
  readonly #known = new Map<avsc.Type, Step>();

  of(type: avsc.Type): Step {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    let made: Step | null = null;
    this.#known.set(type, (cursor) => made?.(cursor));
    made = this.#make(type);
    this.#known.set(type, made);
    return made;
  }

  #make(type: avsc.Type): Step {
    const { types } = avsc;
    if (type instanceof LogicalText) return (cursor) => cursor.write(type.say(cursor));
    if (type instanceof types.RecordType) return recordStep(type.fields.map(({ name, type: of }) => [name, this.of(of)]));
    if (type instanceof types.ArrayType) return arrayStep(this.of(type.itemsType));
    if (type instanceof types.MapType) return mapStep(this.of(type.valuesType));
    if (type instanceof types.WrappedUnionType) return choiceStep(type.types.map((branch) => this.of(branch)));
    if (type instanceof types.EnumType) return choiceStep(type.symbols.map((symbol) => (cursor) => cursor.write(JSON.stringify(symbol))));
    if (type instanceof types.FixedType) return (cursor) => cursor.write(base64Text(cursor.take(type.size)));
    const step = primitives.get(type.typeName);
    if (step === undefined) throw new TypeError("a type that nobody knows");
    return step;
  }
}

const INT_MAX = 2 ** 31;

const primitives: ReadonlyMap<string, Step> = new Map<string, Step>([
  ["null", (cursor) => cursor.write("null")],
  ["boolean", (cursor) => cursor.write(booleanText(cursor.byte()))],
  ["int", (cursor) => cursor.write(intText(cursor.integer()))],
  ["long", (cursor) => cursor.write(String(cursor.long()))],
  ["float", (cursor) => cursor.write(floatText(cursor.float()))],
  ["double", (cursor) => cursor.write(doubleText(cursor.double()))],
  ["bytes", (cursor) => cursor.write(base64Text(cursor.take(cursor.integer())))],
  ["string", (cursor) => cursor.write(cursor.string())],
]);

function booleanText(byte: number): string {
  if (byte > 1) throw new Refusal(MISFIT);
  return byte === 1 ? "true" : "false";
}

function intText(value: number): string {
  if (value < -INT_MAX || value >= INT_MAX) throw new Refusal(MISFIT);
  return String(value);
}

function recordStep(fields: readonly (readonly [name: string, step: Step])[]): Step {
  const steps = fields.map(([name, step], at) => ({ before: `${at === 0 ? "" : ","}${JSON.stringify(name)}:`, step }));
  return (cursor) => {
    cursor.enter();
    cursor.write("{");
    for (const { before, step } of steps) {
      cursor.write(before);
      step(cursor);
    }
    cursor.write("}");
    cursor.leave();
  };
}

/** One of some branches or symbols, by number. */
function choiceStep(branches: readonly Step[]): Step {
  return (cursor) => {
    const branch = branches[cursor.integer()];
    if (branch === undefined) throw new Refusal(MISFIT);
    branch(cursor);
  };
}

function arrayStep(item: Step): Step {
  return (cursor) => inBlocks(cursor, ["[", "]"], item);
}

function mapStep(value: Step): Step {
  return (cursor) =>
    inBlocks(cursor, ["{", "}"], () => {
      cursor.write(`${cursor.string()}:`);
      value(cursor);
    });
}

/** Items come in blocks that say how many they hold; a negative count has the block's size in bytes behind it. */
function inBlocks(cursor: AvroCursor, [open, close]: readonly [string, string], item: Step): void {
  cursor.enter();
  cursor.write(open);
  let between = "";
  for (let count = cursor.integer(); count !== 0; count = cursor.integer()) {
    if (count < 0) cursor.long();
    for (let left = Math.abs(count); left > 0; left--) {
      cursor.write(between);
      between = ",";
      cursor.item(item);
    }
  }
  cursor.write(close);
  cursor.leave();
}
