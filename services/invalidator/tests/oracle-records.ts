/**
 * The oracle's own reading of a record: CloudEvents in both modes and the workload's four rules, written from the protocol
 * and not from the product. Imports nothing but types of the oracle.
 */
import type { Bust, SentRecord } from "./oracle.js";

type Verdict =
  | { readonly kind: "ignored" }
  | { readonly kind: "no_match" }
  | { readonly kind: "dead"; readonly reason: string }
  | { readonly kind: "busts"; readonly busts: readonly Bust[] };

type Json = { readonly [name: string]: unknown };

interface Event {
  readonly type: string;
  readonly subject: string;
  readonly version: bigint;
  readonly data: Json;
  readonly previous: Json;
}

class Dead {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export function classify(record: SentRecord, keyPrefix: string): Verdict {
  if (record.value === null) return { kind: "ignored" };
  try {
    const event = readEvent(record, record.value);
    if (event === null) return { kind: "no_match" };
    const busts = bustsOf(event, keyPrefix);
    return busts.length === 0 ? { kind: "no_match" } : { kind: "busts", busts };
  } catch (error) {
    if (error instanceof Dead) return { kind: "dead", reason: error.reason };
    throw error;
  }
}

function readEvent(record: SentRecord, value: Buffer): Event | null {
  const header = (name: string) => record.headers.findLast(([own]) => own === name)?.[1]?.toString("utf8");
  const contentType = (header("content-type") ?? "").toLowerCase();
  const isStructured = contentType.startsWith("application/cloudevents");
  if (isStructured && !/^application\/cloudevents(\+json)?(;|$)/.test(contentType)) throw new Dead("unsupported_format");
  if (!isStructured && record.headers.some(([name]) => name.startsWith("ce_"))) {
    if (contentType !== "" && !contentType.startsWith("application/json")) throw new Dead("unsupported_format");
    return toEvent((name) => header(`ce_${name}`), parse(value));
  }
  const document = parse(value);
  if (!isObject(document)) throw new Dead("schema_invalid");
  return toEvent((name) => (Object.hasOwn(document, name) ? document[name] : undefined), document.data);
}

function toEvent(attribute: (name: string) => unknown, data: unknown): Event | null {
  const specversion = attribute("specversion");
  if (specversion === undefined) throw new Dead("schema_invalid");
  if (specversion !== "1.0") throw new Dead("unsupported_format");
  const [, , type, subject] = ["id", "source", "type", "subject"].map((name) => requiredText(attribute(name)));
  if (type === undefined || subject === undefined || !type.startsWith("product.")) return null;
  if (data !== undefined && !isObject(data)) throw new Dead("schema_invalid");
  const previous = data?.previous ?? {};
  if (!isObject(previous)) throw new Dead("schema_invalid");
  const version = attribute("freshetversion") ?? attribute("sequence");
  if (version === undefined) throw new Dead("version_missing");
  return { type, subject, version: readVersion(version), data: data ?? {}, previous };
}

function requiredText(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new Dead("schema_invalid");
  return value;
}

function readVersion(value: unknown): bigint {
  const text = typeof value === "bigint" ? value.toString() : value;
  if (typeof text !== "string" || !/^(0|[1-9][0-9]{0,19})$/.test(text)) throw new Dead("version_invalid");
  return BigInt(text);
}

/** The rules `product-changed`, `price-changed`, `neighbours` and `sold-out`: all that match apply, or none of them. */
function bustsOf(event: Event, keyPrefix: string): readonly Bust[] {
  const { type, subject, version, data } = event;
  const known = { subject: `catalog.product/${subject}`, version };
  const busts: Bust[] = [];
  if (["product.created", "product.updated", "product.deleted"].includes(type)) {
    busts.push({ ...known, family: "managed", key: `${keyPrefix}product:${escaped(subject)}` });
    busts.push({ ...known, family: "hash", key: `${keyPrefix}hash:${escaped(subject)}` });
  }
  if (["product.updated", "product.deleted"].includes(type) && isPriceChanged(event)) {
    busts.push({ ...known, family: "json", key: `${keyPrefix}json:${subject}` });
  }
  if (type === "product.updated") {
    const related = data.related;
    if (!Array.isArray(related)) throw new Dead("rule_error");
    for (const item of related) busts.push({ ...known, family: "managed", key: `${keyPrefix}product:${escaped(parameter(item))}` });
  }
  if (type === "product.deleted") {
    if (!Object.hasOwn(data, "sku")) throw new Dead("rule_error");
    busts.push({ ...known, family: "opaque", key: `${keyPrefix}opaque:${escaped(parameter(data.sku))}` });
  }
  return busts;
}

/** `op == "delete" || !has(previous.price) || data.price != previous.price`. */
function isPriceChanged({ type, data, previous }: Event): boolean {
  if (type === "product.deleted" || !Object.hasOwn(previous, "price")) return true;
  if (!Object.hasOwn(data, "price")) throw new Dead("rule_error");
  // The loose operator: integers are bigint here, and 5 and 5.0 are one price.
  // biome-ignore lint/suspicious/noDoubleEquals: see above
  return data.price != previous.price;
}

/** Parameters are non-empty strings or integers. */
function parameter(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "string" || value === "") throw new Dead("key_unresolved");
  return value;
}

function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that a key must not hold
  return text.replace(/[%:,{} \u0000-\u001f\u007f-\u009f]/g, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

/** JSON whose integers are BigInt, so that no digit is lost. */
function parse(value: Buffer): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(value);
    return JSON.parse(text, (_name, read: unknown, context?: { source?: string }) =>
      typeof read === "number" && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context?.source ?? "") : read,
    );
  } catch {
    throw new Dead("undecodable");
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
