import { type EntrySpec, type Floors, FreshetError, meetsFloors, type Version } from "@freshet/protocol";
import type { EntryPort, EpochTag, FillReply, LeaseReply, StoredValue, TagPort } from "./port.js";
import { isFillTimeRefused } from "./tag-requests.js";

/** What a loader is asked for. */
export interface LoadRequest {
  /** Subject → the version it must have at least: where the replica has less, the primary must be read. */
  readonly min: ReadonlyMap<string, Version>;
  /** The first load was refused because it may have been behind: read from the primary. */
  readonly primary: boolean;
}

/** What a loader found, and from where. Whatever it says here is believed. */
export interface Loaded {
  readonly value: Buffer;
  readonly encoding: string;
  readonly deps: ReadonlyMap<string, Version>;
  /** Swept tags. */
  readonly tags: readonly string[];
  readonly primaryRead: boolean;
  readonly freshMs: number | null;
  readonly keepMs: number;
}

/** L, R, C, P, F_tag, in milliseconds. F is the family's. */
export interface LoadBounds {
  readonly leaseTtlMs: number;
  readonly readLagMs: number;
  readonly skewMs: number;
  readonly provisionalMs: number;
  readonly tagFloorTtlMs: number;
}

export interface ReadThroughRequest {
  readonly key: string;
  readonly entry: EntrySpec;
  /** The epoch tags of the entry; they must be known before it is loaded. What was stored without one of them is a miss. */
  readonly epochTags: readonly string[];
  readonly bounds: LoadBounds;
  /** Unique to this call. */
  readonly token: string;
  readonly load: (request: LoadRequest) => Promise<Loaded>;
  /** Ends after so many milliseconds; somebody else is loading meanwhile. */
  readonly sleep: (ms: number) => Promise<void>;
  /** The longest single wait for somebody else's load, in milliseconds. */
  readonly pollMs: number;
  /** Looks at the store, waits included. Then the value is loaded and not stored. */
  readonly attemptsMax: number;
}

/**
 * Why a loaded value is not stored: `busy` somebody else holds the lease, `tag_floor` a tag was busted meanwhile, `gone` P was
 * over, `foreign` the key is another service's: it is loaded at each call until somebody removes that, `clock` the tag's Redis does
 * not believe the time of the fill: it came there after the entry could be served, or clocks are further apart than C.
 */
export type NotStored = Extract<FillReply, { outcome: "refused" }>["reason"] | "busy" | "tag_floor" | "gone" | "foreign" | "clock";

export interface ReadThroughResult {
  readonly value: Buffer;
  readonly from: "hit" | "stale" | "loaded";
  /** Whether the store has this value: only then may a local cache keep it. */
  readonly stored: boolean;
  readonly why: NotStored | null;
}

type Steps = Pick<EntryPort, "read" | "lease" | "fill" | "promote" | "drop"> & Pick<TagPort, "indexAdd">;
type Epochs = Awaited<ReturnType<EntryPort["read"]>>["epochs"];

/**
 * Reads an entry, and loads and stores it when it is not there (`protocol.md` section 5). The epochs are read before the
 * load begins and never again for its fill. A load that was refused for being behind is done once more from the primary.
 *
 * @throws FreshetError FR1006 (`usage`) for bounds that break F >= L + R, or F_tag >= L + R + P; what the store and the
 *   loader throw.
 */
export async function readThrough(store: Steps, request: ReadThroughRequest): Promise<ReadThroughResult> {
  checkBounds(request);
  const { key, entry, token, bounds, epochTags } = request;
  const { skewMs, leaseTtlMs } = bounds;
  let last: ReadThroughResult | null = null;
  for (let attempt = 1; attempt <= request.attemptsMax; attempt++) {
    const read = await store.read(
      key,
      entry,
      epochTags.map((tag): EpochTag => ({ tag, skewMs })),
    );
    if (read.found === "fresh" && read.stored !== null) return served("hit", read.stored);
    const leased = await store.lease({ key, entry, token, epochs: read.epochs, leaseTtlMs });
    if (leased.outcome === "hit" && leased.stored !== null) return served("hit", leased.stored);
    if (leased.outcome === "stale_busy" && leased.stored !== null) return served("stale", leased.stored);
    if (leased.outcome === "foreign") return unstored(await request.load({ min: new Map(), primary: last !== null }), "foreign");
    if (isLeased(leased)) {
      const loaded = await request.load({ min: leased.min, primary: last !== null });
      last = await storeLoaded(store, request, { loaded, epochs: read.epochs });
      if (loaded.primaryRead || (last.why !== "floor" && last.why !== "epoch")) return last;
    } else if ("waitMs" in leased) {
      await request.sleep(Math.min(leased.waitMs, request.pollMs));
    }
  }
  return last ?? unstored(await request.load({ min: new Map(), primary: false }), "busy");
}

function isLeased(reply: LeaseReply): reply is Extract<LeaseReply, { min: unknown }> {
  return reply.outcome === "leased" || reply.outcome === "stale_leased";
}

/** fill, then index and floors of each swept tag, then promote; what a tag's floor forbids is dropped again. */
async function storeLoaded(
  store: Steps,
  request: ReadThroughRequest,
  { loaded, epochs }: { loaded: Loaded; epochs: Epochs },
): Promise<ReadThroughResult> {
  const { key, entry, token, bounds } = request;
  const { readLagMs, provisionalMs, skewMs, tagFloorTtlMs } = bounds;
  const filled = await store.fill({ key, entry, token, ...loaded, epochs, readLagMs, provisionalMs });
  if (filled.outcome === "refused") return unstored(loaded, filled.reason);
  const { leaseStartUs, atUs } = filled;
  const members = { key, fillTimeUs: atUs, keepMs: loaded.keepMs, floorTtlMs: tagFloorTtlMs, skewMs };
  const floors = await Promise.all(loaded.tags.map((tag) => store.indexAdd({ tag, ...members }))).catch(nullOfClock);
  if (floors === null) {
    await store.drop(key, entry, token);
    return unstored(loaded, "clock");
  }
  const { deps, primaryRead } = loaded;
  const meets = (tag: Floors) => meetsFloors(tag, { deps, leaseStartUs, primaryRead }, { readLagMs, primarySlackMs: skewMs });
  if (!floors.every(meets)) {
    await store.drop(key, entry, token);
    return unstored(loaded, "tag_floor");
  }
  const isVisible = floors.length === 0 || (await store.promote(key, entry, token)) === "promoted";
  return isVisible ? { value: loaded.value, from: "loaded", stored: true, why: null } : unstored(loaded, "gone");
}

function nullOfClock(error: unknown): null {
  if (isFillTimeRefused(error)) return null;
  throw error;
}

function served(from: "hit" | "stale", { value }: StoredValue): ReadThroughResult {
  return { value, from, stored: true, why: null };
}

function unstored({ value }: Loaded, why: NotStored): ReadThroughResult {
  return { value, from: "loaded", stored: false, why };
}

function checkBounds({ entry, bounds }: ReadThroughRequest): void {
  const { leaseTtlMs, readLagMs, provisionalMs, tagFloorTtlMs } = bounds;
  const [load, twoSteps] = [leaseTtlMs + readLagMs, leaseTtlMs + readLagMs + provisionalMs];
  if (entry.floorTtlMs >= load && tagFloorTtlMs >= twoSteps) return;
  const problem = `Floors of ${entry.floorTtlMs} ms, of tags ${tagFloorTtlMs} ms, end before loads do (${load} and ${twoSteps} ms).`;
  throw new FreshetError("FR1006", "usage", problem, "Keep F at least L + R, and F of tags at least L + R + P.");
}
