import type { ProduceRecord } from "@freshet/kafka";
import type { Seeded } from "./seeded.ts";

/** Bytes that readers of JSON, keys, versions and headers treat in a way of their own. */
const TOKENS: readonly Buffer[] = [
  ...['"', "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "/", "%", "~1", "0", "-", ".", "e", "null", "true", "{}", "[]", '""'],
  ...["-0", "1e400", "5.0", "9007199254740993", "99999999999999999999", "007", "NaN", '"\\ud800"', '"\\u0000"', "\\u", "\\u00"],
  ...['"__proto__":', '"constructor":{},', '"toString"', '"freshetversion":"8",', '"subject":7,', '"op":"d",', '"before":null,'],
  ...['{"schema":null,"payload":', '"data_base64":"e30=",', "Struct{", "__debezium_unavailable_value", "2026-01-01T00:00:00Z"],
  ...["[".repeat(200), '{"a":'.repeat(200), "7".repeat(1001), "é", "😀", "\u202e", "header:", "item"],
].map((text) => Buffer.from(text));
const BROKEN: readonly Buffer[] = ["ff", "00", "c0af", "eda080", "f4908080", "efbbbf", "1f8b08", "00000000", "fffe"].map((hex) =>
  Buffer.from(hex, "hex"),
);
const NAMES = [
  ...["specversion", "id", "source", "type", "subject", "freshetversion", "sequence", "data", "data_base64", "time", "previous", "ids"],
  ...["op", "before", "after", "schema", "payload", "version", "table", "ts_ms", "status", "rev", "kind", "at", "price", "name", "a", "b"],
  ...["__proto__", "constructor", "toString", "__op", "__deleted", "event_count", ""],
] as const;
const HEADERS = [
  ...["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_freshetversion", "content-type", "id", "eventType"],
  ...["version", "x-tenant", "x-id", "traceparent", "__op", "__proto__", ""],
] as const;
const TYPES = ["changed", "deleted", "listed", "tagged", "paired", "owned", "headed", "priced", "looped", "same"] as const;

/** A record like this one with a few things wrong. The same numbers make the same record. */
export function mutated(record: ProduceRecord, others: readonly ProduceRecord[], random: Seeded): ProduceRecord {
  let made = record;
  for (let times = random.integer(1, 3); times > 0; times--) made = mutatedOnce(made, others, random);
  return made;
}

function mutatedOnce(record: ProduceRecord, others: readonly ProduceRecord[], random: Seeded): ProduceRecord {
  const dice = random.integer(0, 19);
  if (dice === 0) return { ...record, value: random.chance(0.5) ? null : Buffer.alloc(0) };
  if (dice <= 2) return { ...record, key: mutatedKey(record.key, random) };
  if (dice <= 5) return { ...record, headers: mutatedHeaders(record, others, random) };
  if (dice <= 15) return { ...record, value: mutatedTree(record.value, random) };
  return { ...record, value: mutatedBytes(record.value ?? Buffer.alloc(0), others, random) };
}

function mutatedKey(key: Uint8Array | null, random: Seeded): Uint8Array | null {
  if (random.chance(0.1)) return null;
  return mutatedBytes(key ?? Buffer.alloc(0), [], random);
}

function mutatedHeaders(record: ProduceRecord, others: readonly ProduceRecord[], random: Seeded): ProduceRecord["headers"] {
  const headers = [...record.headers];
  const at = random.integer(0, Math.max(0, headers.length - 1));
  const dice = random.integer(0, 4);
  const chosen = headers[at];
  if (dice === 0) headers.splice(at, 1);
  else if (dice === 1 && chosen !== undefined)
    headers[at] = { ...chosen, value: mutatedBytes(chosen.value ?? Buffer.alloc(0), [], random) };
  else if (dice === 2) headers.push(...pickOf(others, random, record).headers);
  else if (dice === 3) headers.push({ name: random.pick(HEADERS), value: token(random) });
  else headers.push({ name: random.pick(HEADERS), value: null });
  return headers;
}

/** Changes one member anywhere in the JSON; the bytes, where there is none. */
function mutatedTree(value: Uint8Array | null, random: Seeded): Buffer {
  const bytes = Buffer.from(value ?? []);
  let tree: unknown;
  try {
    tree = JSON.parse(bytes.toString());
  } catch {
    return mutatedBytes(bytes, [], random);
  }
  const places: (readonly [Record<string, unknown>, string])[] = [];
  const open: unknown[] = [tree];
  for (let at = open.pop(); at !== undefined && places.length < 200; at = open.pop()) {
    if (typeof at !== "object" || at === null) continue;
    for (const [name, member] of Object.entries(at)) {
      places.push([at as Record<string, unknown>, name]);
      if (member !== null) open.push(member);
    }
  }
  const place = places[random.integer(0, Math.max(0, places.length - 1))];
  if (place === undefined) return mutatedBytes(bytes, [], random);
  const [holder, name] = place;
  const old = holder[name];
  const dice = random.integer(0, 4);
  if (dice <= 1) delete holder[name];
  const to = dice === 1 || dice === 3 ? random.pick(NAMES) : name;
  if (dice !== 0)
    Object.defineProperty(holder, to, { value: dice === 1 ? old : newValue(old, random), enumerable: true, configurable: true });
  return Buffer.from(JSON.stringify(tree) ?? "");
}

function newValue(old: unknown, random: Seeded): unknown {
  const dice = random.integer(0, 13);
  const values = [null, true, 0, -1, 1.5, 2 ** 53, 1e21, "", "7", "\ud800", "a:b{c}", [], {}];
  if (dice < values.length - 1 && random.chance(0.5)) return values[dice];
  if (random.chance(0.2)) return `product.${random.pick(TYPES)}`;
  if (random.chance(0.3)) return [old, old];
  if (random.chance(0.3)) return { [random.pick(NAMES)]: old };
  if (random.chance(0.3)) return Array.from({ length: random.integer(0, 1200) }, (_, at) => at);
  return random.chance(0.5) ? (JSON.stringify(old) ?? "") : random.digits(random.integer(1, 25));
}

function mutatedBytes(bytes: Uint8Array, others: readonly ProduceRecord[], random: Seeded): Buffer {
  const at = random.integer(0, bytes.length);
  const to = Math.min(bytes.length, at + random.integer(0, 12));
  const [before, cut, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (random.integer(0, 6)) {
    case 0:
      return Buffer.from(before);
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, cut, cut, after]);
    case 3: {
      const other = pickOf(others, random, null)?.value ?? token(random);
      return Buffer.concat([before, other.subarray(random.integer(0, other.length))]);
    }
    case 4: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.integer(0, 7));
      return flipped;
    }
    default:
      return Buffer.concat([before, token(random), after]);
  }
}

function token(random: Seeded): Buffer {
  const from = random.chance(0.8) ? TOKENS : BROKEN;
  return from[random.integer(0, from.length - 1)] ?? Buffer.alloc(0);
}

function pickOf<T extends ProduceRecord | null>(from: readonly ProduceRecord[], random: Seeded, otherwise: T): ProduceRecord | T {
  return from[random.integer(0, Math.max(0, from.length - 1))] ?? otherwise;
}
