import type { KafkaRecord } from "@freshet/protocol";
import type { LetterPlace } from "./letter-id.js";

/**
 * When the letter that a mark is about was written, in milliseconds since 1970: another may lie at its place, once the topic was made
 * anew. Marks of releases before tell their own time only: the letter was there by `until`.
 */
export type MarkedTime = { readonly kind: "at" | "until"; readonly ms: number };

/** What a mark says of it; `content`: its value, as far as it can be read. */
export function markedTimeOf(content: unknown, { timestampMs }: Pick<KafkaRecord, "timestampMs">): MarkedTime {
  const written = typeof content === "object" && content !== null && "writtenAtMs" in content ? content.writtenAtMs : null;
  // A whole number past 2^53 is read as a bigint: a broker takes any time.
  if (typeof written === "number" || typeof written === "bigint") return { kind: "at", ms: Number(written) };
  return { kind: "until", ms: timestampMs };
}

/** Whether a mark is about the letter that was written then. A clock that is late may open a letter again, and never hides one. */
export function isAbout({ kind, ms }: MarkedTime, writtenAtMs: number): boolean {
  return kind === "at" ? writtenAtMs === ms : writtenAtMs <= ms;
}

/** Dead letters that replays have resolved: eight bytes for each, where they lie close together. */
export class ResolvedLetters {
  readonly #at = new TimesByPlace();
  readonly #until = new TimesByPlace();

  has(partition: number, offset: number, writtenAtMs: number): boolean {
    const at = this.#at.get(partition, offset);
    if (at !== null) return isAbout({ kind: "at", ms: at }, writtenAtMs);
    const until = this.#until.get(partition, offset);
    return until !== null && isAbout({ kind: "until", ms: until }, writtenAtMs);
  }

  /** The last mark of a place counts; `null`: it was taken away. */
  set({ partition, offset }: LetterPlace, time: MarkedTime | null): void {
    this.#at.set({ partition, offset }, time?.kind === "at" ? time.ms : null);
    this.#until.set({ partition, offset }, time?.kind === "until" ? time.ms : null);
  }
}

const PLACES_PER_BLOCK = 128;

/** A time for each place, by blocks; NaN where there is none. */
class TimesByPlace {
  readonly #blocks = new Map<string, Float64Array>();

  get(partition: number, offset: number): number | null {
    const time = this.#blocks.get(blockOf(partition, offset))?.[offset % PLACES_PER_BLOCK] ?? Number.NaN;
    return Number.isNaN(time) ? null : time;
  }

  set({ partition, offset }: LetterPlace, time: number | null): void {
    const name = blockOf(partition, offset);
    const known = this.#blocks.get(name);
    if (known === undefined && time === null) return;
    const block = known ?? new Float64Array(PLACES_PER_BLOCK).fill(Number.NaN);
    block[offset % PLACES_PER_BLOCK] = time ?? Number.NaN;
    if (known === undefined) this.#blocks.set(name, block);
  }
}

function blockOf(partition: number, offset: number): string {
  return `${partition}-${Math.floor(offset / PLACES_PER_BLOCK)}`;
}
