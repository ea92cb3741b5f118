import type { DomainEvent, JsonObject, JsonValue, Op } from "../event.js";
import { followPointer } from "../json.js";
import { headerText, headerTexts, type KafkaRecord } from "../record.js";
import { parseRfc3339 } from "../rfc3339.js";
import type { SourceSpec } from "../source.js";
import type { Version } from "../version.js";
import type { Attributes } from "./cloudevents-envelope.js";

/** What an event is made of: where it came from, and what was read of it. */
export interface EventParts {
  readonly record: KafkaRecord;
  readonly attributes: Attributes;
  readonly source: SourceSpec;
  readonly type: string;
  readonly subject: string;
  readonly version: Version | null;
  readonly data: JsonObject;
  readonly previous: JsonObject;
  readonly op: Op;
}

/** What few rules ask for (headers, tenant, time) is computed when it is asked for: most events never pay for it. */
export class CloudDomainEvent implements DomainEvent {
  readonly space: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly version: Version | null;
  readonly op: Op;
  readonly data: JsonObject;
  readonly previous: JsonObject;
  private readonly record: KafkaRecord;
  private readonly attributes: Attributes;
  private readonly spec: SourceSpec;

  constructor(parts: EventParts) {
    this.space = parts.source.space;
    this.source = parts.source.name;
    this.type = parts.type;
    this.subject = parts.subject;
    this.version = parts.version;
    this.op = parts.op;
    this.data = parts.data;
    this.previous = parts.previous;
    this.record = parts.record;
    this.attributes = parts.attributes;
    this.spec = parts.source;
  }

  get id(): string {
    return textOf(this.attributes.id) ?? `${this.record.topic}/${this.record.partition}/${this.record.offset}`;
  }
  get time(): string {
    return textOf(this.attributes.time) ?? "";
  }
  get timeUs(): number | null {
    return parseRfc3339(this.time);
  }
  get trace(): string | null {
    return textOf(this.attributes.traceparent) ?? headerText(this.record.headers, "traceparent");
  }
  get tenant(): string | null {
    const ref = this.spec.tenant;
    if (ref === null) return null;
    const value = ref.from === "header" ? headerText(this.record.headers, ref.name) : followPointer(this.data, ref.path);
    return typeof value === "string" && value !== "" ? value : null;
  }
  get headers(): JsonObject {
    return headerTexts(this.record.headers);
  }
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}
