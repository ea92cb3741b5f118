import { type BustMode, type IndexMember, parseVersion, type TagBust, type Version } from "@freshet/protocol";
import { loadRules } from "@freshet/rules";
import { createMemoryStore, type StorePort } from "@freshet/store";
import { createClock } from "@freshet/testkit";
import { createSweeper, type SweepEnd, type Sweeper, type SweepSettings, type SweepTrouble } from "../src/index.js";

const RULES = `freshet: 1
bounds: { lease: 5s, lag: 2s, skew: 250ms, fill: 2s }
sources:
  - { name: products, topic: products, format: cloudevents, space: p }
families:
  listing: { key: "listing:{brand}:{page}", ttl: 10m, tags: [{ tag: brand, with: { id: brand } }] }
  slow: { key: "slow:{brand}", ttl: 10m, stale: 5m, bounds: { lease: 60s }, tags: [{ tag: brand, with: { id: brand } }] }
  other: { key: "other:{id}", ttl: 10m, stale: 9m }
tags:
  brand: { key: "brand:{id}", kind: swept }
rules:
  - { name: brand, source: products, bust: [{ tag: brand, with: { id: subject } }] }
`;

export const TAG = "brand:acme";
export const sweepRules = (() => {
  const { rules, findings } = loadRules(RULES);
  if (rules === null) throw new Error(JSON.stringify(findings));
  return rules;
})();

/** What one sweeper of a scene told. */
export interface Told {
  readonly ends: SweepEnd[];
  readonly lost: string[];
  readonly troubles: SweepTrouble[];
  members: number;
}

export interface SweeperWish {
  readonly store?: Partial<StorePort>;
  readonly settings?: Partial<SweepSettings>;
  readonly onSweepEnd?: (tag: string) => Promise<void>;
}

function version(digits: number): Version {
  const read = parseVersion(String(digits));
  if (read === null) throw new Error(`${digits} is no version`);
  return read;
}

/** A store in memory and a clock that stands still, on which sweepers come and go. */
export function createSweepScene() {
  const clock = createClock();
  const { sleep: clockGoesOn } = clock;
  const nowUs = () => clock.nowMs() * 1000;
  const store = createMemoryStore({ nowUs });
  const sweepers: Sweeper[] = [];
  let ids = 0;

  const scheduler = {
    nowMs: clock.nowMs,
    sleep: (ms: number, signal: AbortSignal) => Promise.race([clockGoesOn(ms), aborted(signal)]),
  };

  return {
    clock,
    store,
    /** Fills an entry and puts it into the tag's index, as readers do. */
    async put(key: string, deps: Readonly<Record<string, number>>, fillTimeUs = nowUs()): Promise<void> {
      const read = Object.entries(deps).map(([subject, digits]) => [subject, version(digits)] as const);
      await store.seed.putManaged(key, { value: "v", deps: new Map(read), ttlMs: 600_000 });
      await store.indexAdd({ tag: TAG, key, fillTimeUs, keepMs: 600_000, floorTtlMs: 10_000, skewMs: 250 });
    },
    async bust(subject: string, digits: number | null, mode: BustMode = "hard"): Promise<void> {
      const origin = { subject, version: digits === null ? null : version(digits), spaceKind: "counter", mode, rule: "brand" } as const;
      const bust: TagBust = { target: "tag", tag: TAG, spec: { floorTtlMs: 10_000, skewMs: 250 }, ...origin };
      await store.bustTags([bust]);
    },
    sweeper({ store: own = {}, settings, onSweepEnd }: SweeperWish = {}) {
      const told: Told = { ends: [], lost: [], troubles: [], members: 0 };
      const sweeper = createSweeper({
        store: { ...store, ...own },
        rules: sweepRules,
        scheduler,
        newId: () => `sweep-${ids++}`,
        events: {
          stepped: (_tag, { members }) => {
            told.members += members;
          },
          sweepEnded: (end) => void told.ends.push(end),
          sweepLost: (tag) => void told.lost.push(tag),
          sweepTrouble: (trouble) => void told.troubles.push(trouble),
        },
        ...(onSweepEnd === undefined ? {} : { onSweepEnd }),
        settings: { bustsPerSecond: 1e9, ...settings },
      });
      sweepers.push(sweeper);
      sweeper.start();
      return { sweeper, told };
    },
    async members(): Promise<readonly IndexMember[]> {
      return await store.readIndex(TAG, { from: null, to: Number.MAX_SAFE_INTEGER, limit: 1e6 });
    },
    stop: () => Promise.all(sweepers.map((sweeper) => sweeper.stop())),
  };
}

/** A call that waits until it is let go. */
export function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
