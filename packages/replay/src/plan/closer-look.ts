import type { SliceReport } from "@freshet/pipeline";
import type { KeyBust, TagBust } from "@freshet/protocol";
import type { StorePort } from "@freshet/store/port";
import { KeyRanks } from "./key-ranks.js";

/** What a plan finds out beyond what the pipeline answers: only of the first so many, each costs round trips of its own. */
export interface CloserFindings {
  /** Managed entries that would be removed by a version: how many were looked at, and how many of them were built without its subject. */
  readonly older: { readonly looked: number; readonly withoutSubject: number };
  /** Swept tags that would be busted: how many were looked at, and how many entries their indexes hold. */
  readonly tags: { readonly looked: number; readonly members: number };
}

const LOOKS_MAX = 2000;

/**
 * Looks closer at what a plan would remove. An entry that was built without the event's subject goes at every replay, once its floor is
 * gone; and what a tag takes along is in its index.
 */
export class CloserLook {
  readonly #store: Pick<StorePort, "inspect" | "inspectTag">;
  readonly #keys = new KeyRanks(LOOKS_MAX);
  readonly #tags = new KeyRanks(LOOKS_MAX);
  readonly #older = { looked: 0, withoutSubject: 0 };
  readonly #swept = { looked: 0, members: 0 };

  constructor(store: Pick<StorePort, "inspect" | "inspectTag">) {
    this.#store = store;
  }

  findings(): CloserFindings {
    return { older: { ...this.#older }, tags: { ...this.#swept } };
  }

  /**
   * Never throws: an entry that is written at this moment may read as neither what it was nor what it becomes, and is not counted
   * then. A Redis that is away is heard of by the pipeline.
   */
  async look({ busts, outcomes, tagBusts, tagOutcomes }: SliceReport): Promise<void> {
    const wanted = busts.filter((bust, at) => outcomes[at] === "removed" && isCompared(bust) && isNew(this.#keys, bust.key));
    const pending = tagBusts.filter(({ tag }, at) => tagOutcomes[at] === "pending" && isNew(this.#tags, tag));
    await Promise.all([...wanted.map((bust) => this.#lookAtKey(bust)), ...pending.map((bust) => this.#lookAtTag(bust))].map(quietly));
  }

  async #lookAtKey({ key, entry, subject }: KeyBust): Promise<void> {
    const { value } = await this.#store.inspect(key, entry);
    this.#older.looked++;
    if (value !== null && typeof value === "object" && "deps" in value && !value.deps.has(subject)) this.#older.withoutSubject++;
  }

  async #lookAtTag({ tag }: TagBust): Promise<void> {
    const { indexSize } = await this.#store.inspectTag(tag);
    this.#swept.looked++;
    this.#swept.members += indexSize;
  }
}

function quietly(look: Promise<void>): Promise<void> {
  return look.catch(() => {});
}

function isCompared({ entry, version }: KeyBust): boolean {
  return entry.kind === "managed" && version !== null;
}

/** The first of its name, while there is room. */
function isNew(seen: KeyRanks, name: string): boolean {
  return seen.isExact && seen.raise(name, 1) === 0 && seen.isExact;
}
