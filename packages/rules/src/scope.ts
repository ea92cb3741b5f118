import { type DomainEvent, type JsonObject, type JsonValue, limits } from "@freshet/protocol";
import { EvaluationFailure } from "./failure.js";
import { Steps } from "./steps.js";

/**
 * A value as CEL sees it: integers of JSON are `bigint` (CEL int), other numbers stay numbers (CEL double), objects are
 * `JsonMap`, lists are arrays of such values.
 */
export type CelValue = null | boolean | number | bigint | string | readonly CelValue[] | JsonMap;

export function celValue(value: JsonValue): CelValue {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  return isList(value) ? celList(value) : new JsonMap(value);
}

function celList(list: readonly JsonValue[]): readonly CelValue[] {
  if (list.length > limits.listItemsMax) throw new EvaluationFailure(`a list has more than ${limits.listItemsMax} items`);
  return Array.from(list, celValue);
}

/**
 * A JSON object as a CEL map. Values are converted when they are read, not before: a rule reads two fields of a
 * document of hundreds. Only own properties are fields, so `constructor` and `__proto__` are as absent as any other.
 */
export class JsonMap {
  readonly #object: JsonObject;
  /** Lists and maps already converted: loops come back to them. */
  #converted: Map<string, CelValue> | null = null;
  #size = -1;

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
    if (this.#size < 0) this.#size = Object.keys(this.#object).length;
    return this.#size;
  }

  keys(): MapIterator<string> {
    return Object.keys(this.#object).values();
  }

  /**
   * The library asks for the first entry alone, to tell a map of texts from a map of lists of texts and so on, and keeps each kind it
   * ever met: events nested in ever new ways would fill the memory. To it, a map is a map.
   */
  entries(): MapIterator<[string, CelValue]> {
    return new Map<string, CelValue>().entries();
  }

  *[Symbol.iterator](): MapIterator<[string, CelValue]> {
    for (const name of Object.keys(this.#object)) yield [name, this.get(name) ?? null];
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
  #steps: Steps | null = null;
  /** What `forEach` is at. */
  item: CelValue | undefined = undefined;
  #data: JsonMap | null = null;
  #previous: JsonMap | null = null;
  #headers: JsonMap | null = null;

  constructor(event: DomainEvent) {
    this.event = event;
  }

  /** What the loops of this event's expressions have left. */
  get steps(): Steps {
    this.#steps ??= new Steps();
    return this.#steps;
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
