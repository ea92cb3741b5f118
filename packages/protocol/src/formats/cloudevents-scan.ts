import type { Decoded } from "../decoded.js";
import type { Op } from "../event.js";
import { JsonFields } from "../json-fields.js";
import { limits } from "../limits.js";
import type { ByteSpan, KafkaRecord } from "../record.js";
import type { SourceSpec } from "../source.js";
import type { Version } from "../version.js";
import { modeOf } from "./cloudevents-envelope.js";
import { FieldSlots, ScannedEvent } from "./cloudevents-scanned.js";
import { readVersion } from "./cloudevents-version.js";
import { decodeWhole } from "./cloudevents-whole.js";
import { checkRecord } from "./record-bounds.js";
import { checkSubject } from "./subject.js";

/** Types seen are remembered up to this many and this long; events may carry any. */
const TYPES_MAX = 1000;
const TYPE_LENGTH_MAX = 200;
const QUOTE = 0x22;
const OBJECT = 0x7b;
const NULL = 0x6e;

/** By the list of sources of a topic: what their rules were seen to ask for. A cache: it changes how long an answer takes, never the answer. */
const readers = new WeakMap<readonly SourceSpec[], EventReader>();
let lastSources: readonly SourceSpec[] = [];
let lastReader: EventReader | null = null;

/**
 * An event in structured mode, read by a scan of its bytes; `null` for everything that a whole parse has to decide: other modes,
 * every rejection, and what is unusual. An event it gives is equal to the one of the whole parse.
 */
export function scanCloudEvent(record: KafkaRecord, sources: readonly SourceSpec[]): Decoded | null {
  const span = spanOf(record);
  if (span === null || span.end - span.start > limits.recordBytesMax) return null;
  const { headers } = record;
  if (modeOf(headers) !== "structured" || checkRecord(record, headers) !== null) return null;
  if (lastReader === null || lastSources !== sources) {
    lastSources = sources;
    lastReader = readers.get(sources) ?? new EventReader(sources);
    readers.set(sources, lastReader);
  }
  return lastReader.read(record, span);
}

function spanOf(record: KafkaRecord): ByteSpan | null {
  const { valueSpan } = record;
  if (valueSpan !== undefined) return valueSpan;
  const { value } = record;
  return value === null ? null : { bytes: value, start: 0, end: value.length };
}

/** A type, and who takes it. */
interface KnownType {
  readonly slots: FieldSlots | null;
  readonly op: Op;
}

class EventReader {
  readonly #fields = new JsonFields();
  readonly #sources: readonly FieldSlots[];
  readonly #isStrict: boolean;
  readonly #byType = new Map<string, KnownType>();
  readonly #specversion = this.#fields.slotOf(["specversion"]);
  readonly #id = this.#fields.slotOf(["id"]);
  readonly #source = this.#fields.slotOf(["source"]);
  readonly #type = this.#fields.slotOf(["type"]);
  readonly #subject = this.#fields.slotOf(["subject"]);
  readonly #freshetversion = this.#fields.slotOf(["freshetversion"]);
  readonly #sequence = this.#fields.slotOf(["sequence"]);
  readonly #base64 = this.#fields.slotOf(["data_base64"]);
  readonly #data = this.#fields.slotOf(["data"]);

  constructor(sources: readonly SourceSpec[]) {
    const parse = (record: KafkaRecord): Decoded => decodeWhole(record, sources);
    this.#sources = sources.map((spec) => new FieldSlots(spec, this.#fields, parse));
    this.#isStrict = sources.some(({ strict }) => strict);
  }

  read(record: KafkaRecord, span: ByteSpan): Decoded | null {
    const fields = this.#fields;
    if (!fields.read(span) || !this.#hasRequired()) return null;
    const type = fields.text(this.#type) ?? "";
    const { slots, op } = this.#known(type);
    if (slots === null) return this.#isStrict ? null : NO_MATCH;
    const { spec } = slots;
    if (!this.#isObjectOrNothing(this.#data) || !this.#hasPrevious(slots)) return null;
    const subject = this.#readSubject(spec);
    const version = this.#readVersion(spec);
    if (subject === null || version === undefined) return null;
    const event = new ScannedEvent(record, slots, { type, subject, version, op });
    return { kind: "event", event, source: spec };
  }

  #hasRequired(): boolean {
    const fields = this.#fields;
    return (
      fields.isPlainText(this.#specversion) &&
      fields.text(this.#specversion) === "1.0" &&
      this.#isText(this.#id) &&
      this.#isText(this.#source) &&
      this.#isText(this.#type) &&
      this.#isText(this.#subject) &&
      fields.firstByte(this.#base64) === 0
    );
  }

  #isText(slot: number): boolean {
    return this.#fields.firstByte(slot) === QUOTE && this.#fields.length(slot) > 2;
  }

  #isObjectOrNothing(slot: number): boolean {
    const first = this.#fields.firstByte(slot);
    return first === OBJECT || first === 0 || first === NULL;
  }

  #hasPrevious({ spec, previous }: FieldSlots): boolean {
    return spec.previous === null || (previous >= 0 && this.#isObjectOrNothing(previous));
  }

  #known(type: string): KnownType {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const slots = this.#sources.find(({ spec }) => spec.matchesType(type)) ?? null;
    const found: KnownType = { slots, op: slots?.spec.ops.get(type) ?? "update" };
    if (this.#byType.size < TYPES_MAX && type.length <= TYPE_LENGTH_MAX) this.#byType.set(type, found);
    return found;
  }

  #readSubject(spec: SourceSpec): string | null {
    const subject = this.#fields.text(this.#subject) ?? "";
    const isShort = (spec.space.length + 1 + subject.length) * 3 <= limits.subjectBytesMax;
    if (isShort && this.#fields.isPlainText(this.#subject)) return subject;
    return checkSubject(subject, spec) === null ? subject : null;
  }

  /** `undefined` for what is no version. */
  #readVersion(spec: SourceSpec): Version | null | undefined {
    const slot = this.#isPresent(this.#freshetversion) ? this.#freshetversion : this.#sequence;
    const text = this.#isPresent(slot) ? this.#fields.text(slot) : null;
    if (text === null && spec.spaceKind !== "none") return undefined;
    const version = readVersion(text ?? "", spec);
    return typeof version === "object" && version !== null ? undefined : version;
  }

  #isPresent(slot: number): boolean {
    const first = this.#fields.firstByte(slot);
    return first !== 0 && first !== NULL && !(first === QUOTE && this.#fields.length(slot) === 2);
  }
}

const NO_MATCH: Decoded = Object.freeze({ kind: "no_match" });
