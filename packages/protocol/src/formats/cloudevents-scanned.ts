import type { Decoded } from "../decoded.js";
import type { DomainEvent, JsonObject, JsonValue, Op } from "../event.js";
import { followMembers } from "../json.js";
import type { JsonFields } from "../json-fields.js";
import type { KafkaRecord } from "../record.js";
import type { SourceSpec } from "../source.js";
import type { Version } from "../version.js";

/** Of one source: where in a scanned event the fields lie that were asked for. */
export class FieldSlots {
  readonly spec: SourceSpec;
  readonly fields: JsonFields;
  /** Parses an event of this source as a whole. */
  readonly parse: (record: KafkaRecord) => Decoded;
  /** The slot of `previous` itself, -1 when it has none. */
  readonly previous: number;
  readonly #data = new Map<readonly string[], number>();
  readonly #previous = new Map<readonly string[], number>();

  constructor(spec: SourceSpec, fields: JsonFields, parse: (record: KafkaRecord) => Decoded) {
    this.spec = spec;
    this.fields = fields;
    this.parse = parse;
    this.previous = spec.previous === null ? -1 : fields.slotOf(["data", ...spec.previous]);
  }

  slotOf(root: "data" | "previous", path: readonly string[]): number {
    const known = (root === "data" ? this.#data : this.#previous).get(path);
    return known ?? this.#learn(root, path);
  }

  #learn(root: "data" | "previous", path: readonly string[]): number {
    const start = root === "data" ? [] : this.spec.previous;
    const slot = start === null || path.length === 0 ? -1 : this.fields.slotOf(["data", ...start, ...path]);
    (root === "data" ? this.#data : this.#previous).set(path, slot);
    return slot;
  }
}

interface Said {
  readonly type: string;
  readonly subject: string;
  readonly version: Version | null;
  readonly op: Op;
}

/**
 * An event whose bytes were gone over and proven, and of which nothing was made but what every event needs. Single fields are
 * read where the scan saw them, as long as no other event was scanned; the rest comes from a parse of the whole.
 */
export class ScannedEvent implements DomainEvent {
  readonly type: string;
  readonly subject: string;
  readonly version: Version | null;
  readonly op: Op;
  private readonly record: KafkaRecord;
  private readonly slots: FieldSlots;
  private readonly turn: number;
  private parsed: DomainEvent | null = null;

  constructor(record: KafkaRecord, slots: FieldSlots, { type, subject, version, op }: Said) {
    this.type = type;
    this.subject = subject;
    this.version = version;
    this.op = op;
    this.record = record;
    this.slots = slots;
    this.turn = slots.fields.turn;
  }

  field(root: "data" | "previous", path: readonly string[]): JsonValue | undefined {
    const { slots } = this;
    const slot = slots.slotOf(root, path);
    return slot >= 0 && slots.fields.turn === this.turn ? slots.fields.value(slot) : followMembers(this[root], path);
  }

  get source(): string {
    return this.slots.spec.name;
  }
  get space(): string {
    return this.slots.spec.space;
  }
  get data(): JsonObject {
    return this.#whole().data;
  }
  get previous(): JsonObject {
    return this.#whole().previous;
  }
  get id(): string {
    return this.#whole().id;
  }
  get time(): string {
    return this.#whole().time;
  }
  get timeUs(): number | null {
    return this.#whole().timeUs;
  }
  get tenant(): string | null {
    return this.#whole().tenant;
  }
  get trace(): string | null {
    return this.#whole().trace;
  }
  get headers(): JsonObject {
    return this.#whole().headers;
  }

  #whole(): DomainEvent {
    if (this.parsed !== null) return this.parsed;
    const decoded = this.slots.parse(this.record);
    if (decoded.kind !== "event") throw new Error("a scan took an event that a parse does not take");
    this.parsed = decoded.event;
    return decoded.event;
  }
}
