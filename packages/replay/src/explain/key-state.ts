import { type Epoch, liveFloors } from "@freshet/protocol";
import type { CompiledRules, Family } from "@freshet/rules";
import type { EntryView, StorePort, TagView } from "@freshet/store/port";
import { type KeyReach, type TagOfKey, withCarried } from "./reach.js";

/** A tag of the key, and what Redis has of it. */
export interface TagFacts extends TagOfKey {
  /** Whether the entry that is there has it. */
  readonly carried: boolean;
  readonly view: TagView;
  /** How long its floors live, in milliseconds. */
  readonly floorTtlMs: number;
}

/** What Redis has of a key and of its tags; floors and leases that have ended are left out. */
export interface KeyState {
  readonly view: EntryView;
  readonly tags: readonly TagFacts[];
}

/** What of a store is asked: nothing is written, and no epoch is made by looking. */
export type StateStore = Pick<StorePort, "inspect" | "inspectTag">;

/**
 * Reads the entry and each of its tags: those that its family says, and those that it carries. Swept ones are read before the
 * entry, so that a walk that ends meanwhile makes no stale entry of one it has removed; epochs after it, so that none is
 * older than the entry's own. Errors as the store's.
 */
export async function readKeyState(store: StateStore, reach: KeyReach, rules: CompiledRules): Promise<KeyState> {
  const { key, family } = reach;
  const swept = reach.tags.filter(({ kind }) => kind === "swept");
  const early = new Map(await Promise.all(swept.map(async ({ tag }) => [tag, await store.inspectTag(tag)] as const)));
  const view = living(await store.inspect(key, family.entry, family.versionKeyOf?.(key) ?? undefined), family);
  const carried = { swept: view.tags, epochs: [...view.epochs.keys()] };
  const all = withCarried(reach, carried, rules).tags;
  const tags = all.map(async (tag): Promise<TagFacts> => {
    const floorTtlMs = rules.tags.get(tag.name)?.spec.floorTtlMs ?? family.bounds.tagFloorMs;
    const found = early.get(tag.tag) ?? (await store.inspectTag(tag.tag));
    const floors = liveFloors(found, { floorTtlMs, nowUs: view.nowUs });
    const isCarried = (tag.kind === "swept" ? carried.swept : carried.epochs).includes(tag.tag);
    return { ...tag, carried: isCarried, view: { ...found, ...floors }, floorTtlMs };
  });
  return { view, tags: await Promise.all(tags) };
}

function living(view: EntryView, family: Family): EntryView {
  const floors = liveFloors(view, { floorTtlMs: family.bounds.floorMs, nowUs: view.nowUs });
  const lease = view.lease !== null && view.lease.deadlineUs > view.nowUs ? view.lease : null;
  return { ...view, ...floors, lease };
}

/** The epochs of the key's tags, by tag; those that nobody has made yet are left out. */
export function epochsOf({ tags }: KeyState): ReadonlyMap<string, Epoch> {
  return new Map(tags.flatMap(({ kind, tag, view }) => (kind === "epoch" && view.epoch !== null ? [[tag, view.epoch] as const] : [])));
}
