import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeEvent, type FieldRef, type FramePort, type KafkaRecord, parseJson, type SourceSpec } from "@freshet/protocol";
import { type RegistryStub, startRegistryStub } from "@freshet/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Avro, framed, writeAvro } from "../tests/avro-writer.js";
import { createFrames } from "./frames.js";

/** Records that a real Debezium wrote as JSON, written again as AvroConverter would, must say the same. */

const FOLDER = join(import.meta.dirname, "../../protocol/tests/fixtures/debezium");
const column = (name: string): FieldRef => ({ from: "pointer", path: [name] });

const sourceOf = (replicaIdentity: "full" | "default"): SourceSpec => ({
  name: "rows",
  topic: "t",
  format: "debezium",
  space: "s",
  spaceKind: "counter",
  ops: new Map(),
  previous: null,
  tenant: null,
  matchesType: () => true,
  strict: false,
  tombstones: "delete",
  reads: { id: [column("id")], version: column("version"), type: null, time: null, replicaIdentity },
});

interface Connect {
  readonly type: string;
  readonly name?: string;
  readonly field?: string;
  readonly optional?: boolean;
  readonly fields?: readonly Connect[];
  readonly items?: Connect;
}

/** The Avro schema that AvroConverter makes of a schema of Kafka Connect. */
function avroOf(schema: Connect, seen = new Set<string>()): Avro {
  const inner = plainAvroOf(schema, seen);
  return schema.optional === true ? ["null", inner] : inner;
}

function plainAvroOf({ type, name = "", fields = [], items }: Connect, seen: Set<string>): Avro {
  if (items !== undefined) return { type: "array", items: avroOf(items, seen) };
  if (type !== "struct") return { int64: "long", int32: "int", string: "string", boolean: "boolean", bytes: "bytes" }[type] ?? type;
  if (seen.has(name)) return name;
  seen.add(name);
  const cut = name.lastIndexOf(".");
  const members = fields.map((field) => ({ name: field.field ?? "", type: avroOf(field, seen) }));
  return { type: "record", name, namespace: name.slice(0, cut), fields: members, "connect.name": name };
}

interface Line {
  readonly partition: number;
  readonly offset: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

const linesOf = (name: string): readonly Line[] =>
  readFileSync(join(FOLDER, `${name}.ndjson`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

interface Wrapped {
  readonly schema: Connect;
  readonly payload: unknown;
}
function unwrap(text: string): Wrapped {
  const value: unknown = parseJson(text);
  return value as Wrapped;
}

let stub: RegistryStub;
let frames: FramePort;
beforeAll(async () => {
  stub = await startRegistryStub();
  frames = createFrames({ url: stub.url, user: null, tls: {}, clock: { nowMs: () => 0 } });
});
afterAll(async () => {
  frames.close();
  await stub.close();
});

const bytes = (text: string | null): Uint8Array | null => (text === null ? null : Buffer.from(text));
const recordOf = ({ partition, offset, headers = [] }: Line, key: Uint8Array | null, value: Uint8Array | null): KafkaRecord => {
  const pairs = headers.flatMap((name, at) => (at % 2 === 0 ? [{ name, value: bytes(headers[at + 1] ?? null) }] : []));
  return { topic: "t", partition, offset, timestampMs: 0, key, value, headers: pairs };
};

/** Everything that an event says, the lazy members too. */
function whole(record: KafkaRecord, source: SourceSpec): unknown {
  const decoded = decodeEvent(record, [source]);
  if (decoded.kind !== "event") return decoded;
  const { id, space, subject, version, op, type, time, timeUs, tenant, data, previous, headers, trace } = decoded.event;
  return { id, space, subject, version, op, type, time, timeUs, tenant, data, previous, headers, trace };
}

/** The schemas of a topic, put into the registry under two numbers. */
function schemasOf(name: string, firstId: number): { readonly key: Avro; readonly value: Avro } {
  const line = linesOf(name).find(({ payload }) => payload !== null);
  const schemas = { key: avroOf(unwrap(line?.key ?? "").schema), value: avroOf(unwrap(line?.payload ?? "").schema) };
  stub.put(firstId, { schema: schemas.key });
  stub.put(firstId + 1, { schema: schemas.value });
  return schemas;
}

describe("an Avro record says what the JSON record of the same change says", () => {
  const cases: readonly (readonly [name: string, schemas: string, identity: "full" | "default", isWrapped: boolean])[] = [
    ["wrapped.public.product", "wrapped.public.product", "full", true],
    ["wrapped.public.brand", "wrapped.public.brand", "default", true],
    ["plain.public.product", "wrapped.public.product", "full", false],
    ["plain.public.brand", "wrapped.public.brand", "default", false],
    ["wrapped.transaction", "wrapped.transaction", "full", true],
    ["wrapped.message", "wrapped.message", "full", true],
    ["__debezium-heartbeat.wrapped", "__debezium-heartbeat.wrapped", "full", true],
  ];
  test.each(cases)("%s by the schemas of %s", async (name, schemasName, identity, isWrapped) => {
    const firstId = 10 * (1 + cases.findIndex(([other]) => other === name));
    const schemas = schemasOf(schemasName, firstId);
    const source = sourceOf(identity);
    const encoded = (text: string | null, part: "key" | "value"): Buffer | null => {
      if (text === null) return null;
      const value = isWrapped ? unwrap(text).payload : parseJson(text);
      return framed(firstId + (part === "key" ? 0 : 1), writeAvro(schemas[part], value));
    };
    const lines = linesOf(name);
    const avro = lines.map((line) => recordOf(line, encoded(line.key, "key"), encoded(line.payload, "value")));
    const unframed = await frames.unframe(avro, () => [{ ...source, encoding: "registry" }]);
    const told = unframed.map((one) => (one.kind === "record" ? whole(one.record, source) : one));
    const expected = lines.map((line) => whole(recordOf(line, bytes(line.key), bytes(line.payload)), source));
    expect(told).toEqual(expected);
    expect(told.length).toBeGreaterThan(0);
  });

  test.each(["outboxtext.event.product", "outboxtext.event.brand"])("%s of the outbox router, as texts", async (name) => {
    stub.put(1, { schema: "string" });
    const reads = {
      id: [],
      version: { from: "header", name: "aggregateVersion" },
      type: null,
      time: null,
      replicaIdentity: "default",
    } as const;
    const source: SourceSpec = { ...sourceOf("default"), format: "outbox", reads };
    const encoded = (text: string | null) => (text === null ? null : framed(1, writeAvro("string", text)));
    const lines = linesOf(name);
    const avro = lines.map((line) => recordOf(line, encoded(line.key), encoded(line.payload)));
    const unframed = await frames.unframe(avro, () => [{ ...source, encoding: "registry" }]);
    const told = unframed.map((one) => (one.kind === "record" ? whole(one.record, source) : one));
    expect(told).toEqual(lines.map((line) => whole(recordOf(line, bytes(line.key), bytes(line.payload)), source)));
  });

  test("the schemas were asked for once each", () => {
    expect(new Set(stub.requests).size).toBe(stub.requests.length);
  });
});
