import type { Version } from "./version.js";

/** What happened to the row or object: `snapshot` is a re-read, `truncate` concerns a whole family. */
export type Op = "create" | "update" | "delete" | "snapshot" | "truncate";

/** What every input format decodes to; nothing after `decode` knows formats (`protocol.md` section 2). */
export interface DomainEvent {
  /** The producer's id of the event; not unique across producers, used for logs only. */
  readonly id: string;
  /** The version counter family, from the source's declaration. */
  readonly space: string;
  /** The id without its space: rules see this as `subject`. The subject of the protocol is `<space>/<id>`. */
  readonly subject: string;
  /** `null` for a blind event: one whose source declares `versions: none`. */
  readonly version: Version | null;
  readonly op: Op;
  readonly type: string;
  /** The name of the source in the rules file. */
  readonly source: string;
  /** Commit time in microseconds since 1970, or `null` when the producer gave none that can be read. */
  readonly timeUs: number | null;
  /** The event's own time, as the producer wrote it; `""` when absent. */
  readonly time: string;
  readonly tenant: string | null;
  /** Objects, `{}` when absent. Integers past 2^53 are `bigint`, so every digit is kept. */
  readonly data: JsonObject;
  readonly previous: JsonObject;
  /**
   * The value at a path of `data` or `previous`, `undefined` where it ends early; only own members of objects count. There where
   * that is cheaper than to make the whole object. Same path, same array: what was asked before is answered faster.
   */
  readonly field?: (root: "data" | "previous", path: readonly string[]) => JsonValue | undefined;
  /** Header name → text, the last of a repeated one; what rules see as `headers`. */
  readonly headers: JsonObject;
  /** W3C trace context of the producer, or `null`. */
  readonly trace: string | null;
}

export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** How the versions of a space are compared: two writes can share a tick of a `timestamp`; `none` makes every event blind. */
export type SpaceKind = "counter" | "timestamp" | "none";

/** The subject of an event as the protocol compares it. */
export function subjectOf(space: string, id: string): string {
  return `${space}/${id}`;
}
