import type { EntrySpec, IndexMember, KeyBust, PendingBust } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { MemberOutcome } from "@freshet/store/port";

/** Members a step handles at most (`protocol.md` section 5). */
const MEMBERS_MAX = 500;
/** Busts a step sends at most: each member is tested against every bust of the list. */
const BUSTS_MAX = 2000;

/** How many members one step may handle when the list has so many busts. */
export function membersPerStep(busts: number): number {
  return Math.max(1, Math.min(MEMBERS_MAX, Math.floor(BUSTS_MAX / Math.max(1, busts))));
}

/** Every member against every bust of the list, member by member. */
export function memberBusts(members: readonly IndexMember[], busts: readonly PendingBust[], entry: EntrySpec): readonly KeyBust[] {
  return members.flatMap(({ key }) =>
    busts.map(({ subject, version, spaceKind, mode }): KeyBust => {
      return { target: "key", key, family: "", entry, subject, version, spaceKind, mode, rule: "sweep" };
    }),
  );
}

/** What a step did, by what became of its members. */
export interface StepTally {
  readonly gone: readonly IndexMember[];
  readonly removed: number;
  readonly softened: number;
  /** Freshet's own keys: left alone, and out of the index with those that are gone. */
  readonly own: number;
  /** Those whose keys Redis refused: nothing was done, and they stay. */
  readonly refused: number;
}

/**
 * The members whose entries are gone, of the outcomes of `memberBusts`. What a soft bust marked and what covers every bust
 * stays in the index: a later bust must find it.
 */
export function tallyStep(members: readonly IndexMember[], outcomes: readonly MemberOutcome[]): StepTally {
  const each = outcomes.length / Math.max(1, members.length);
  const gone: IndexMember[] = [];
  let removed = 0;
  let softened = 0;
  let ownKeys = 0;
  let refused = 0;
  for (const [at, member] of members.entries()) {
    const own = outcomes.slice(at * each, (at + 1) * each);
    const isRemoved = own.includes("removed") || own.includes("unversioned"); // sweeps keep nothing that cannot be read
    const isOwnKey = own.includes("own");
    if (isRemoved || isOwnKey || own.includes("absent")) gone.push(member);
    if (isOwnKey) ownKeys++;
    if (own.includes("refused")) refused++;
    if (isRemoved) removed++;
    else if (own.includes("softened")) softened++;
  }
  return { gone, removed, softened, own: ownKeys, refused };
}

/**
 * How the members of a tag are stored. They are managed; which family each belongs to is not known, so the longest times of
 * the families that carry the tag go for all: a floor that an entry has lives too long rather than too short.
 */
export function memberEntry(tag: string, { families, tags, bounds }: Pick<CompiledRules, "families" | "tags" | "bounds">): EntrySpec {
  const names = new Set([...tags.values()].filter((declared) => declared.makes(tag)).map(({ name }) => name));
  const managed = [...families.values()].filter(({ entry }) => entry.kind === "managed");
  const carriers = managed.filter((family) => family.tags.some((use) => names.has(use.tag)));
  const entries = (carriers.length > 0 ? carriers : managed).map(({ entry }) => entry);
  return {
    kind: "managed",
    versionField: "",
    onUnversioned: "bust",
    gate: true,
    floorTtlMs: Math.max(bounds.tagFloorMs, ...entries.map(({ floorTtlMs }) => floorTtlMs)),
    staleTtlMs: Math.max(0, ...entries.map(({ staleTtlMs }) => staleTtlMs)),
  };
}
