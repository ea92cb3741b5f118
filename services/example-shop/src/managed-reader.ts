import { subjectOf, type Version } from "@freshet/protocol";
import type { CompiledRules, Family, TagUse } from "@freshet/rules";
import { type ReadThroughResult, readThrough, type StorePort } from "@freshet/store";

/** Rows that an entry is built from. */
export interface Source {
  readonly space: string;
  readonly id: string;
  readonly version: Version;
}

/** What a loader made of the rows it read. */
export interface Made<T> {
  readonly value: T;
  readonly from: readonly Source[];
}

/** An entry, and where the reader got it. */
export interface Found<T> {
  readonly value: T;
  readonly from: "cache" | "database";
  /** Whether it lies in the cache now. */
  readonly isCached: boolean;
}

export interface ManagedRead<T> {
  readonly family: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly load: () => Promise<Made<T>>;
}

/** Reads managed entries as a cache library does: epochs first, a lease for whoever loads, floors before anything is stored. */
export interface ManagedReader {
  read<T>(request: ManagedRead<T>): Promise<Found<T>>;
  /** Whether the value lies in the cache, whatever its worth. */
  has(family: string, parameters: Readonly<Record<string, string>>): Promise<boolean>;
}

export interface ManagedReaderOptions {
  readonly store: StorePort;
  readonly rules: CompiledRules;
  readonly newToken: () => string;
  readonly sleep: (ms: number) => Promise<void>;
}

const ATTEMPTS_MAX = 10;
const POLL_MS = 20;

export function createManagedReader({ store, rules, newToken, sleep }: ManagedReaderOptions): ManagedReader {
  return {
    async read<T>({ family: name, parameters, load }: ManagedRead<T>): Promise<Found<T>> {
      const family = familyNamed(name, rules);
      const { leaseMs, lagMs, skewMs, fillMs, tagFloorMs } = family.bounds;
      const read = await readThrough(store, {
        key: keyOf(family, parameters),
        entry: family.entry,
        epochTags: tagsOf(family.epochs, parameters, rules),
        bounds: { leaseTtlMs: leaseMs, readLagMs: lagMs + skewMs, skewMs, provisionalMs: fillMs, tagFloorTtlMs: tagFloorMs },
        token: newToken(),
        load: async () => {
          const { value, from } = await load();
          return {
            value: Buffer.from(JSON.stringify(value)),
            encoding: "application/json",
            deps: new Map(from.map(({ space, id, version }) => [subjectOf(space, id), version])),
            tags: tagsOf(family.tags, parameters, rules),
            primaryRead: true, // the shop has one database and no replica
            freshMs: null,
            keepMs: family.ttlMs,
          };
        },
        sleep,
        pollMs: POLL_MS,
        attemptsMax: ATTEMPTS_MAX,
      });
      return foundOf<T>(read);
    },
    async has(name, parameters) {
      const family = familyNamed(name, rules);
      return (await store.inspect(keyOf(family, parameters), family.entry)).value !== null;
    },
  };
}

function foundOf<T>({ value, from, stored }: ReadThroughResult): Found<T> {
  return { value: JSON.parse(value.toString()) as T, from: from === "loaded" ? "database" : "cache", isCached: stored };
}

function familyNamed(name: string, { families }: CompiledRules): Family {
  const family = families.get(name);
  if (family === undefined) throw new RangeError(`the rules have no family ${name}`);
  return family;
}

function keyOf({ name, keyFor }: Family, parameters: Readonly<Record<string, string>>): string {
  const key = keyFor(new Map(Object.entries(parameters)));
  if (key === null) throw new RangeError(`these parameters make no key of ${name}`);
  return key;
}

/** The tags an entry carries, each filled from the entry's own parameters. */
function tagsOf(uses: readonly TagUse[], parameters: Readonly<Record<string, string>>, { tags }: CompiledRules): readonly string[] {
  return uses.map((use) => {
    const values = [...use.with].map(([name, from]) => [name, parameters[from] ?? ""] as const);
    const tag = tags.get(use.tag)?.tagFor(new Map(values));
    if (tag === null || tag === undefined) throw new RangeError(`these parameters make no tag ${use.tag}`);
    return tag;
  });
}
