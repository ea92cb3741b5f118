import type { DomainEvent, JsonObject, JsonValue } from "@freshet/protocol";

/**
 * A value as CEL sees it: integers of JSON are `bigint` (CEL int), other numbers stay numbers (CEL double), objects are
 * `JsonMap`, lists are arrays of such values.
 */
export type CelValue = null | boolean | number | bigint | string | readonly CelValue[] | JsonMap;

export function celValue(value: JsonValue): CelValue {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  return isList(value) ? Array.from(value, celValue) : new JsonMap(value);
}

/**
 * A JSON object as a CEL map. Values are converted when they are read, not before: a rule reads two fields of a
 * document of hundreds. Only own properties are fields, so `constructor` and `__proto__` are as absent as any other.
 */
export class JsonMap {
  readonly #object: JsonObject;
  /** Lists and maps already converted: loops come back to them. */
  #converted: Map<string, CelValue> | null = null;

  constructor(object: JsonObject) {
    this.#object = object;
  }

  get(name: string): CelValue | undefined {
    if (!Object.hasOwn(this.#object, name)) return undefined;
    const value = this.#object[name];
    if (value === undefined) return undefined;
    return typeof value === "object" && value !== null ? this.#convert(name, value) : celValue(value);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  get size(): number {
    return Object.keys(this.#object).length;
  }

  keys(): MapIterator<string> {
    return Object.keys(this.#object).values();
  }

  *entries(): MapIterator<[string, CelValue]> {
    for (const name of Object.keys(this.#object)) yield [name, this.get(name) ?? null];
  }

  [Symbol.iterator](): MapIterator<[string, CelValue]> {
    return this.entries();
  }

  #convert(name: string, value: JsonObject | readonly JsonValue[]): CelValue {
    this.#converted ??= new Map();
    const known = this.#converted.get(name);
    if (known !== undefined) return known;
    const converted = celValue(value);
    this.#converted.set(name, converted);
    return converted;
  }
}

// The CEL library tells maps by `instanceof` and by their `constructor` (a document may well have a field of that
// name). A subclass of Map would do too, but each would carry a hash table that nobody fills: half of the time of `map`.
Object.setPrototypeOf(JsonMap.prototype, Map.prototype);
Object.defineProperty(JsonMap.prototype, "constructor", { value: Map });

/** The variables of one event, by the names the rules use. Made once per event, converted on demand. */
export class Scope {
  readonly event: DomainEvent;
  /** What `forEach` is at. */
  item: CelValue | undefined = undefined;
  #data: JsonMap | null = null;
  #previous: JsonMap | null = null;
  #headers: JsonMap | null = null;

  constructor(event: DomainEvent) {
    this.event = event;
  }

  get subject(): string {
    return this.event.subject;
  }
  get space(): string {
    return this.event.space;
  }
  get version(): string | null {
    return this.event.version;
  }
  get op(): string {
    return this.event.op;
  }
  /** `type` itself is a word of CEL. */
  get typ_(): string {
    return this.event.type;
  }
  get source(): string {
    return this.event.source;
  }
  get time(): string {
    return this.event.time;
  }
  get tenant(): string | null {
    return this.event.tenant;
  }
  get data(): JsonMap {
    this.#data ??= new JsonMap(this.event.data);
    return this.#data;
  }
  get previous(): JsonMap {
    this.#previous ??= new JsonMap(this.event.previous);
    return this.#previous;
  }
  get headers(): JsonMap {
    this.#headers ??= new JsonMap(this.event.headers);
    return this.#headers;
  }
}

export function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value);
}
