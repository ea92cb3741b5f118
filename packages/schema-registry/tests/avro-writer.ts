/** Avro's binary form, written for tests: every digit of a long, and nothing of the library that reads schemas. */

export type Avro = string | readonly Avro[] | { readonly type: Avro | string; readonly [name: string]: unknown };

/** The bytes of a value by its schema; unions take the first branch that fits. Records are defined where they first stand. */
export function writeAvro(schema: Avro, value: unknown): Buffer {
  return Buffer.from(write(schema, value, new Map()));
}

/** A value with the frame of a schema registry. */
export function framed(id: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(5);
  frame.writeInt32BE(id, 1);
  return Buffer.concat([frame, payload]);
}

type Names = Map<string, Avro>;

function write(schema: Avro, value: unknown, names: Names): number[] {
  if (typeof schema === "string") {
    const named = names.get(schema);
    return named === undefined ? primitive(schema, value) : write(named, value, names);
  }
  if (isUnion(schema)) {
    const at = schema.findIndex((branch) => (value === null) === (branch === "null"));
    return [...writeLong(at), ...write(schema[at] ?? "null", value, names)];
  }
  if (schema.type === "array") return writeArray(schema.items as Avro, value as readonly unknown[], names);
  if (schema.type !== "record") return write(schema.type, value, names);
  names.set(String(schema.name), schema);
  const fields = schema.fields as readonly { readonly name: string; readonly type: Avro }[];
  return fields.flatMap(({ name, type }) => {
    for (const branch of isUnion(type) ? type : [type]) note(branch, names);
    return write(type, new Map(Object.entries(value as object)).get(name) ?? null, names);
  });
}

function writeArray(items: Avro, list: readonly unknown[], names: Names): number[] {
  const written = list.flatMap((item) => write(items, item, names));
  return list.length === 0 ? [0] : [...writeLong(list.length), ...written, 0];
}

/** A name may stand before the value that would define it is written: a union whose branch is null. */
function note(schema: Avro, names: Names): void {
  if (typeof schema === "object" && !isUnion(schema) && schema.type === "record") names.set(String(schema.name), schema);
}

function isUnion(schema: Avro): schema is readonly Avro[] {
  return Array.isArray(schema);
}

function primitive(type: string, value: unknown): number[] {
  switch (type) {
    case "null":
      return [];
    case "boolean":
      return [value === true ? 1 : 0];
    case "int":
    case "long":
      return writeLong(BigInt(value as number | bigint));
    case "double":
      return [...new Uint8Array(new Float64Array([Number(value)]).buffer)];
    case "string":
      return [...writeLong(Buffer.byteLength(String(value))), ...Buffer.from(String(value))];
    case "bytes": {
      const bytes = Buffer.from(String(value), "base64");
      return [...writeLong(bytes.length), ...bytes];
    }
    default:
      throw new TypeError(`this writer does not know ${type}`);
  }
}

/** Seven bits a byte, lowest first, the sign at the bottom. */
export function writeLong(value: bigint | number): number[] {
  let left = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}
