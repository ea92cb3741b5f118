import type { SchemaReader } from "./schema-reader.js";

/** What the memory holds at most. A registry's ids are few; what is forgotten is asked for again. */
const SCHEMAS_MAX = 1000;
const BYTES_MAX = 16 * 1024 * 1024;
const MISSING_MAX = 1000;
/** What the registry does not have is asked for again after so long. */
const ASK_AGAIN_MS = 30_000;

/** What nobody wanted for so long counts as missing anew: a number that was nonsense then may be a schema's now. */
const NEWLY_MISSING_MS = 120_000;

interface Missing {
  readonly firstAskedMs: number;
  lastAskedMs: number;
}

/** Schemas never change once they have a number, so what was found stays true; what was missing may come. */
export class SchemaMemory {
  readonly #found = new Map<string, { readonly reader: SchemaReader; readonly bytes: number }>();
  readonly #missing = new Map<string, Missing>();
  #bytes = 0;

  get(name: string): SchemaReader | undefined {
    const known = this.#found.get(name);
    if (known === undefined) return undefined;
    this.#found.delete(name);
    this.#found.set(name, known); // the one that was not used for longest is the first
    return known.reader;
  }

  keep(name: string, reader: SchemaReader, bytes: number): void {
    this.#missing.delete(name);
    this.#forget(name);
    this.#found.set(name, { reader, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#found.keys()) {
      if (this.#found.size <= SCHEMAS_MAX && this.#bytes <= BYTES_MAX) return;
      this.#forget(oldest);
    }
  }

  noteMissing(name: string, nowMs: number): void {
    const known = this.#missing.get(name);
    if (known !== undefined && nowMs - known.lastAskedMs < NEWLY_MISSING_MS) {
      known.lastAskedMs = nowMs;
      return;
    }
    this.#missing.delete(name);
    this.#missing.set(name, { firstAskedMs: nowMs, lastAskedMs: nowMs });
    const [oldest] = this.#missing.keys();
    if (this.#missing.size > MISSING_MAX && oldest !== undefined) this.#missing.delete(oldest);
  }

  /** Since when it is known that the registry does not have it; `null` where nothing is. */
  missingSinceMs(name: string): number | null {
    return this.#missing.get(name)?.firstAskedMs ?? null;
  }

  /** Whether the registry said lately that it does not have it. */
  isMissingLately(name: string, nowMs: number): boolean {
    const known = this.#missing.get(name);
    return known !== undefined && nowMs - known.lastAskedMs < ASK_AGAIN_MS;
  }

  #forget(name: string): void {
    this.#bytes -= this.#found.get(name)?.bytes ?? 0;
    this.#found.delete(name);
  }
}
