import type { DomainEvent, JsonObject, Op } from "../event.js";
import { followPointer } from "../json.js";
import { headerTexts, type KafkaRecord } from "../record.js";
import { parseRfc3339 } from "../rfc3339.js";
import type { SourceSpec } from "../source.js";
import type { Version } from "../version.js";

/** What a format makes of a record. */
export interface RecordEventParts {
  readonly record: KafkaRecord;
  readonly source: SourceSpec;
  /** `null` where the producer gives none: then it is the record's place. */
  readonly id: string | null;
  readonly type: string;
  readonly subject: string;
  readonly version: Version | null;
  readonly op: Op;
  readonly time: string;
  /** Where `time` is not RFC 3339, which is what it is read as without this. */
  readonly timeUs?: number | null;
  readonly data: JsonObject;
  readonly previous: JsonObject;
  /** What the event itself says of its trace; else a header may. */
  readonly trace?: string | null;
  /** A header's text, freed from what the producer's header converter put around it. */
  readonly headerOf: (name: string) => string | null;
}

/** An event that was read as a whole. What few rules ask for (headers, tenant, time) is computed when it is asked for. */
export class RecordEvent implements DomainEvent {
  readonly space: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly version: Version | null;
  readonly op: Op;
  readonly time: string;
  readonly data: JsonObject;
  readonly previous: JsonObject;
  private readonly parts: RecordEventParts;

  constructor(parts: RecordEventParts) {
    this.space = parts.source.space;
    this.source = parts.source.name;
    this.type = parts.type;
    this.subject = parts.subject;
    this.version = parts.version;
    this.op = parts.op;
    this.time = parts.time;
    this.data = parts.data;
    this.previous = parts.previous;
    this.parts = parts;
  }

  get id(): string {
    const { topic, partition, offset } = this.parts.record;
    return this.parts.id ?? `${topic}/${partition}/${offset}`;
  }
  get timeUs(): number | null {
    const { timeUs, time } = this.parts;
    return timeUs === undefined ? parseRfc3339(time) : timeUs;
  }
  get trace(): string | null {
    return this.parts.trace ?? this.parts.headerOf("traceparent");
  }
  get tenant(): string | null {
    const ref = this.parts.source.tenant;
    if (ref === null) return null;
    const value = ref.from === "header" ? this.parts.headerOf(ref.name) : followPointer(this.data, ref.path);
    return typeof value === "string" && value !== "" ? value : null;
  }
  get headers(): JsonObject {
    return headerTexts(this.parts.record.headers);
  }
}
