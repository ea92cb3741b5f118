// What a race is about: pages, the subjects they are built from, the tags they carry, and the bounds everybody goes by.
import { type EntrySpec, parseVersion, type SpaceKind, type TagSpec, type Version } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import type { LoadBounds } from "@freshet/store";

/** What a coordinator tells its processes. */
export interface RacePlan {
  readonly redisUrl: string;
  /** Before each key of the run. */
  readonly prefix: string;
  readonly seed: number;
  /** `off`: readers write what they loaded as plain cache-aside does, with no lease and no look at floors. */
  readonly gate: "on" | "off";
}

/** One version counter, and what a change of it busts. */
export interface Subject {
  readonly name: string;
  readonly spaceKind: Exclude<SpaceKind, "none">;
  readonly busts: "key" | "tag" | "epoch";
  /** The key or the tag. */
  readonly target: string;
  readonly entry: EntrySpec;
}

/** One cached page. Of its subjects one busts its key, two a swept tag it carries, one its epoch tag. */
export interface Page {
  readonly key: string;
  readonly entry: EntrySpec;
  readonly subjects: readonly Subject[];
  readonly sweptTags: readonly string[];
  readonly epochTag: string;
  /** Loaded from the primary only, and without swept tags: these may be evicted, floors, lease and all. */
  readonly isPrimaryOnly: boolean;
}

export interface World {
  readonly rules: CompiledRules;
  readonly pages: readonly Page[];
  readonly subjects: readonly Subject[];
  readonly epochTags: readonly string[];
  readonly sweptTags: readonly string[];
  readonly tagSpec: TagSpec;
}

const PAGES = 48;
const PRIMARY_ONLY_PAGES = 8;
const BRANDS = 8;
const TENANTS = 3;

/** As short as the protocol allows: what a longer floor would forgive shows up here. */
const RULES = `freshet: 1
bounds: { lease: 150ms, lag: 60ms, skew: 1ms, fill: 80ms }
sources:
  - { name: products, topic: products, format: cloudevents, space: product }
families:
  page: { key: "page:{id}:{brand}:{tenant}", ttl: 1m, stale: 400ms, tags: [{ tag: brand, with: { id: brand } }], epochs: [{ tag: tenant, with: { id: tenant } }] }
tags:
  brand: { key: "brand:{id}", kind: swept }
  tenant: { key: "tenant:{id}", kind: epoch }
rules:
  - { name: brand, source: products, bust: [{ tag: brand, with: { id: subject } }] }
`;

/** The same for every process of a run. */
export function createWorld({ prefix }: Pick<RacePlan, "prefix">): World {
  const { rules, findings } = loadRules(RULES);
  const family = rules?.families.get("page");
  if (rules === null || family === undefined) throw new Error(JSON.stringify(findings));
  const { entry, bounds } = family;
  const subjects = new Map<string, Subject>();
  const subject = (name: string, id: number, busts: Pick<Subject, "busts" | "target">): Subject => {
    const spaceKind = name === "price" || id % 3 === 0 ? "timestamp" : "counter";
    const made = subjects.get(`${name}/${id}`) ?? { name: `${name}/${id}`, spaceKind, entry, ...busts };
    subjects.set(made.name, made);
    return made;
  };
  const pages = Array.from({ length: PAGES }, (_, id): Page => {
    const isPrimaryOnly = id < PRIMARY_ONLY_PAGES;
    const [key, brand, tenant] = [`${prefix}page:${id}`, 1 + (id % BRANDS), 1 + (id % TENANTS)];
    const [sweptTag, epochTag] = [`brand:${brand}`, `tenant:${tenant}`];
    const own = subject("product", id, { busts: "key", target: key });
    const swept = ["brand", "price"].map((name) => subject(name, brand, { busts: "tag", target: sweptTag }));
    const epoch = subject("tenant", tenant, { busts: "epoch", target: epochTag });
    const common = { key, entry, epochTag, isPrimaryOnly };
    return isPrimaryOnly
      ? { ...common, subjects: [own, epoch], sweptTags: [] }
      : { ...common, subjects: [own, ...swept, epoch], sweptTags: [sweptTag] };
  });
  const epochTags = [...new Set(pages.map(({ epochTag }) => epochTag))];
  const sweptTags = [...new Set(pages.flatMap((page) => page.sweptTags))];
  const tagSpec = { floorTtlMs: bounds.tagFloorMs, skewMs: bounds.skewMs };
  return { rules, pages, subjects: [...subjects.values()], epochTags, sweptTags, tagSpec };
}

/** L, R, C, P and F_tag as `readThrough` takes them. */
export function loadBounds({ rules: { bounds } }: World): LoadBounds {
  const { leaseMs, lagMs, skewMs, fillMs, tagFloorMs } = bounds;
  return { leaseTtlMs: leaseMs, readLagMs: lagMs + skewMs, skewMs, provisionalMs: fillMs, tagFloorTtlMs: tagFloorMs };
}

/** @throws Error for what is no version: the source is broken. */
export function versionOf(digits: string): Version {
  const version = parseVersion(digits);
  if (version === null) throw new Error(`${digits} is no version`);
  return version;
}

/** The plan a process was started with. */
export function planArgument(argv: readonly string[]): { readonly plan: RacePlan; readonly number: number } {
  return { plan: JSON.parse(argv[2] ?? "{}"), number: Number(argv[3]) };
}
