import { asFreshetError, FreshetError } from "@freshet/protocol";
import type { RegistryHttp } from "./registry-http.js";
import { SchemaMemory } from "./schema-memory.js";
import { readerOf, type SchemaReader } from "./schema-reader.js";
import { fetchSchema } from "./schema-source.js";

export interface SchemasOptions {
  readonly http: RegistryHttp;
  readonly clock: { nowMs(): number };
}

/** A schema that records name, and when each of them was written. */
export interface Wanted {
  readonly name: string;
  readonly timesMs: readonly number[];
}

/** All schemas of a slice are had within so long, or the slice waits. Below the deadline of a slice. */
const DEADLINE_MS = 8000;
const ASKED_AT_ONCE = 8;
/** A registry that is a copy has a schema a little later than its records are here. */
const GRACE_MS = 60_000;
/** How far the clocks of producers may be ahead of ours. */
const AHEAD_MS_MAX = 5000;

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
    const { name } = wanted;
    try {
      const isWaitedFor = this.#isWaitedFor(wanted);
      if (!isWaitedFor && this.#memory.isMissingLately(name, this.#clock.nowMs())) return null;
      const reader = await this.#find(name, deadline);
      if (reader === null && isWaitedFor) throw notYet(name);
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

  /**
   * By the records' times and by ours. Whatever a flood of records names, it is as late as its own age at most: those of long ago
   * and of tomorrow wait for nobody.
   */
  #isWaitedFor({ name, timesMs }: Wanted): boolean {
    const nowMs = this.#clock.nowMs();
    const sinceMs = this.#memory.missingSinceMs(name) ?? nowMs;
    const isYoung = (timeMs: number): boolean => timeMs - nowMs <= AHEAD_MS_MAX && nowMs - timeMs < GRACE_MS;
    return nowMs - sinceMs < GRACE_MS && timesMs.some(isYoung);
  }
}

function notYet(name: string): FreshetError {
  const fix = `Look at the registry's replication if this stays; after ${GRACE_MS / 1000} s the record is dead-lettered.`;
  return new FreshetError("FR4004", "wait", `the schema registry does not have the schema ${name} yet`, fix);
}
