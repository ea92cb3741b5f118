import type { Tag } from "@freshet/rules";
import type { SweepPort, TagPort } from "@freshet/store/port";
import type { SweepScheduler } from "./sweep-pace.js";

/** Members of the indexes that this process has looked at, by the name of the declared tag; `""` for tags nobody declares. */
export type IndexSizes = ReadonlyMap<string, number>;

/** Takes members whose entries are gone for good out of the indexes of tags that were seen, now and then. */
export interface Trimmer {
  seen(tag: string): void;
  /** Until the signal is aborted. Never rejects. */
  run(): Promise<void>;
  sizes(): IndexSizes;
}

export interface TrimmerOptions {
  readonly store: Pick<SweepPort, "trimIndex"> & Pick<TagPort, "inspectTag">;
  readonly tags: ReadonlyMap<string, Pick<Tag, "makes">>;
  /** C, in milliseconds. */
  readonly skewMs: number;
  readonly scheduler: SweepScheduler;
  readonly signal: AbortSignal;
  readonly everyMs: number;
}

/** Tags remembered; more of them than anybody looks at one by one, and the oldest is forgotten. */
const TAGS_MAX = 10_000;
/** Between two calls: trimming is never urgent. */
const GAP_MS = 20;

export function createTrimmer({ store, tags, skewMs, scheduler, signal, everyMs }: TrimmerOptions): Trimmer {
  const sizes = new Map<string, number>();

  const trimAll = async (): Promise<void> => {
    for (const tag of [...sizes.keys()]) {
      while (!signal.aborted && (await store.trimIndex(tag, skewMs)) > 0) await scheduler.sleep(GAP_MS, signal);
      const { indexSize } = await store.inspectTag(tag);
      if (indexSize === 0) sizes.delete(tag);
      else sizes.set(tag, indexSize);
      await scheduler.sleep(GAP_MS, signal);
      if (signal.aborted) return;
    }
  };

  return {
    seen(tag) {
      if (sizes.has(tag)) return;
      sizes.set(tag, 0);
      const [oldest] = sizes.keys();
      if (sizes.size > TAGS_MAX && oldest !== undefined) sizes.delete(oldest);
    },
    async run() {
      while (!signal.aborted) {
        await scheduler.sleep(everyMs, signal);
        await trimAll().catch(() => undefined); // the walks tell of a Redis in trouble; a member too many harms nobody
      }
    },
    sizes() {
      const byName = new Map([...tags.keys()].map((name) => [name, 0]));
      for (const [tag, size] of sizes) {
        const name = [...tags].find(([, declared]) => declared.makes(tag))?.[0] ?? "";
        byName.set(name, (byName.get(name) ?? 0) + size);
      }
      return byName;
    },
  };
}
