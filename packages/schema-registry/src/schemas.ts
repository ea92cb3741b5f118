import { asFreshetError, FreshetError } from "@freshet/protocol";
import type { RegistryHttp } from "./registry-http.js";
import { SchemaMemory } from "./schema-memory.js";
import { readerOf, type SchemaReader } from "./schema-reader.js";
import { fetchSchema } from "./schema-source.js";

export interface SchemasOptions {
  readonly http: RegistryHttp;
  readonly clock: { nowMs(): number };
}

/** A schema that records name, and when the newest of them was written. */
export interface Wanted {
  readonly name: string;
  readonly newestMs: number;
}

/** All schemas of a slice are had within so long, or the slice waits. Below the deadline of a slice. */
const DEADLINE_MS = 8000;
const ASKED_AT_ONCE = 8;
/** A registry that is a copy has a schema a little later than its records are here. */
const GRACE_MS = 60_000;

/** The schemas of one registry: looked up when they are needed, and remembered. */
export class Schemas {
  readonly #http: RegistryHttp;
  readonly #clock: { nowMs(): number };
  readonly #memory = new SchemaMemory();
  /** Two partitions that want the same schema ask once. */
  readonly #asked = new Map<string, Promise<SchemaReader | null>>();

  constructor({ http, clock }: SchemasOptions) {
    this.#http = http;
    this.#clock = clock;
  }

  /** A reader that is remembered. */
  known(name: string): SchemaReader | undefined {
    return this.#memory.get(name);
  }

  /**
   * Readers by name, `null` for what the registry does not have, and has not for a while.
   *
   * @throws FreshetError FR4001 and FR4004 `wait`, FR4002 and FR4003 `halt`.
   */
  async learn(wanted: readonly Wanted[]): Promise<ReadonlyMap<string, SchemaReader | null>> {
    const readers = new Map<string, SchemaReader | null>();
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const left = [...wanted];
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        readers.set(next.name, await this.#findOrWait(next, deadline, left));
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: ASKED_AT_ONCE }, work));
    const failed = ended.find((one) => one.status === "rejected");
    if (failed !== undefined) throw asFreshetError(failed.reason);
    return readers;
  }

  /** The first that cannot be had ends the search for the others. */
  async #findOrWait(wanted: Wanted, deadline: AbortSignal, left: Wanted[]): Promise<SchemaReader | null> {
    try {
      const reader = await this.#find(wanted.name, deadline);
      if (reader === null) this.#refuseYoung(wanted);
      return reader;
    } catch (error) {
      left.length = 0;
      throw error;
    }
  }

  async #find(name: string, deadline: AbortSignal): Promise<SchemaReader | null> {
    const known = this.#memory.get(name);
    if (known !== undefined) return known;
    const asked = this.#asked.get(name);
    if (asked !== undefined) return await asked;
    const asking = this.#ask(name, deadline).finally(() => this.#asked.delete(name));
    this.#asked.set(name, asking);
    return await asking;
  }

  async #ask(name: string, deadline: AbortSignal): Promise<SchemaReader | null> {
    if (this.#isGivenUp(name)) return null;
    const found = await fetchSchema(this.#http, name, deadline);
    if (found === "missing") {
      this.#memory.noteMissing(name, this.#clock.nowMs());
      return null;
    }
    const reader = readerOf(found);
    const texts = found === "unusable" ? [] : [found.text, ...found.references];
    this.#memory.keep(
      name,
      reader,
      texts.reduce((bytes, text) => bytes + text.length, 0),
    );
    return reader;
  }

  /** The grace is over, and the registry said again lately that it has none: records that name it do not wait for an answer each. */
  #isGivenUp(name: string): boolean {
    const nowMs = this.#clock.nowMs();
    const sinceMs = this.#memory.missingSinceMs(name);
    return sinceMs !== null && nowMs - sinceMs >= GRACE_MS && this.#memory.isMissingLately(name, nowMs);
  }

  /** By the clock and by the record: a record from long ago waits for nobody, and one that says it is of tomorrow not for ever. */
  #refuseYoung({ name, newestMs }: Wanted): void {
    const nowMs = this.#clock.nowMs();
    const askedForMs = nowMs - (this.#memory.missingSinceMs(name) ?? nowMs);
    if (nowMs - newestMs >= GRACE_MS || askedForMs >= GRACE_MS) return;
    const fix = `Look at the registry's replication if this stays; after ${GRACE_MS / 1000} s the record is dead-lettered.`;
    throw new FreshetError("FR4004", "wait", `the schema registry does not have the schema ${name} yet`, fix);
  }
}
