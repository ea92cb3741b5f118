import {
  bumpEpoch,
  claimSweep,
  type Epoch,
  type EpochState,
  endSweep,
  epochRefreshMs,
  epochTtlMs,
  fillTimeFault,
  getEpoch,
  type IndexMember,
  indexAdd,
  indexEndAfterAdd,
  indexRemove,
  isPending,
  moveSweep,
  noTag,
  raiseTag,
  stateEndAfterAdd,
  stateEndAfterRaise,
  type TagBust,
  type TagOutcome,
  type TagState,
  trimBefore,
} from "@freshet/protocol";
import type { BustRun } from "./bust-calls.js";
import { checkMember } from "./own-keys.js";
import type { BustPort, EpochTag, IndexAddRequest, SweepPort, TagPort, TagView } from "./port.js";
import {
  checkClaim,
  checkEpochTag,
  checkIndexAdd,
  checkSweepId,
  checkTag,
  checkTagBusts,
  checkTrim,
  fillTimeRefused,
} from "./tag-requests.js";

type TagSteps = TagPort & SweepPort & Pick<BustPort, "bustTags" | "previewTags">;

export interface MemoryTagsOptions {
  /** In microseconds. */
  readonly nowUs: () => number;
  readonly bustMembers: SweepPort["bustMembers"];
  /** Before each of Freshet's own keys. */
  readonly prefix: string;
}

/** Members an index gives up in one call. */
const TRIMMED_PER_CALL_MAX = 1_000;
/** Members a new one takes out, so that an index nobody busts does not grow for ever. */
const TRIMMED_PER_ADD_MAX = 2;

/** Tags held in memory, with the times to live that they have in Redis. */
export function memoryTags({ nowUs, bustMembers, prefix }: MemoryTagsOptions): TagSteps {
  const tags = new Tags(nowUs);
  return {
    bustTags: async (busts) => tags.bust(busts, "apply"),
    previewTags: async (busts) => tags.bust(busts, "preview"),
    indexAdd: async (request) => {
      checkIndexAdd(request);
      checkMember(request.key, prefix);
      return tags.indexAdd(request);
    },
    indexRemove: async (tag, members) => tags.removeMembers(checkTag(tag), members),
    epochs: async (wanted) => {
      for (const epochTag of wanted) checkEpochTag(epochTag);
      return new Map(wanted.map((epochTag) => [epochTag.tag, tags.epoch(epochTag)]));
    },
    inspectTag: async (tag) => tags.view(checkTag(tag)),
    pendingSweeps: async (atMost) => tags.registered().slice(0, atMost),
    claimSweep: async (tag, claim) => tags.claim(checkTag(tag), claim),
    readIndex: async (tag, { from, to, limit }) => {
      const inRange = tags.members(checkTag(tag)).filter(({ score }) => (from === null || score >= from) && score <= to);
      return inRange.slice(0, limit);
    },
    bustMembers,
    moveSweep: async (tag, { gone, ...step }) => {
      checkClaim(step);
      const { outcome, write } = moveSweep(tags.state(checkTag(tag)), { ...step, nowUs: nowUs() });
      tags.write(tag, write);
      if (outcome === "moved") tags.removeMembers(tag, gone);
      return outcome;
    },
    endSweep: async (tag, id) => {
      const { outcome, write } = endSweep(tags.state(checkTag(tag)), { id: checkSweepId(id) });
      tags.write(tag, write);
      return outcome;
    },
    forgetSweep: async ({ tag, seen }) => tags.forget(tag, seen),
    trimIndex: async (tag, skewMs) => tags.trim(checkTrim(tag, skewMs), { skewMs, nowUs: nowUs(), max: TRIMMED_PER_CALL_MAX }),
  };
}

interface Index {
  readonly scores: Map<string, number>;
  endMs: number;
}

class Tags {
  readonly #states = new Map<string, { readonly state: TagState; readonly endMs: number }>();
  readonly #indexes = new Map<string, Index>();
  readonly #epochs = new Map<string, { readonly state: EpochState; readonly endMs: number }>();
  readonly #registry = new Map<string, number>();
  readonly #nowUs: () => number;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  bust(busts: readonly TagBust[], run: BustRun): readonly TagOutcome[] {
    checkTagBusts(busts);
    return busts.map((bust) => (bust.target === "tag" ? this.#raise(bust, run) : this.#bump(bust, run)));
  }

  indexAdd(request: IndexAddRequest): Awaited<ReturnType<TagPort["indexAdd"]>> {
    const { key, fillTimeUs, keepMs, floorTtlMs, skewMs } = request;
    const tag = checkTag(request.tag);
    const nowUs = this.#nowUs();
    const index = this.#index(tag) ?? { scores: new Map(), endMs: 0 };
    const old = this.state(tag);
    const oldScore = index.scores.get(key) ?? null;
    const fault = fillTimeFault(old, { fillTimeUs, keepMs, skewMs, nowUs });
    if (fault !== null) throw fillTimeRefused(fault);
    const step = indexAdd(old, oldScore, { fillTimeUs, keepMs, floorTtlMs, nowUs });
    index.scores.set(key, step.score);
    index.endMs = Math.max(index.endMs, indexEndAfterAdd({ fillTimeUs, keepMs, skewMs, nowUs }));
    this.#indexes.set(tag, index);
    const state = step.write ?? old;
    this.write(tag, state, stateEndAfterAdd(state, { floorTtlMs, skewMs, nowUs }));
    if (oldScore === null) this.trim(tag, { skewMs, nowUs, max: TRIMMED_PER_ADD_MAX });
    return { ...step.floors, score: step.score };
  }

  removeMembers(tag: string, members: readonly IndexMember[]): number {
    const scores = this.#index(tag)?.scores;
    if (scores === undefined) return 0;
    const due = members.filter(({ key, score }) => indexRemove(scores.get(key) ?? null, score));
    for (const { key } of due) scores.delete(key);
    if (scores.size === 0) this.#indexes.delete(tag);
    return due.length;
  }

  trim(tag: string, { max, ...times }: { readonly max: number; readonly skewMs: number; readonly nowUs: number }): number {
    const before = trimBefore(this.state(tag), times);
    if (before === null) return 0;
    return this.removeMembers(tag, this.members(tag, before).slice(0, max));
  }

  /** By score, ties by the bytes of the member; those with a lower score than `before`, or all. */
  members(tag: string, before = Number.POSITIVE_INFINITY): readonly IndexMember[] {
    const all = [...(this.#index(tag)?.scores ?? [])].filter(([, score]) => score < before).map(([key, score]) => ({ key, score }));
    return all.sort((a, b) => a.score - b.score || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  claim(tag: string, { id, was, holdMs }: Parameters<SweepPort["claimSweep"]>[1]): Awaited<ReturnType<SweepPort["claimSweep"]>> {
    checkClaim({ id, was, holdMs });
    const nowUs = this.#nowUs();
    const step = claimSweep(this.state(tag), { id, was, holdMs, nowUs });
    this.write(tag, step.write);
    if (step.outcome !== "claimed") return { outcome: step.outcome };
    return { outcome: "claimed", busts: step.sweep.busts, cursor: step.sweep.cursor, atUs: nowUs };
  }

  epoch({ tag, skewMs, run = "apply" }: EpochTag): Epoch {
    const nowUs = this.#nowUs();
    const nowMs = Math.floor(nowUs / 1000);
    const stored = this.#epoch(checkTag(tag));
    const { epoch, write } = getEpoch(stored?.state ?? null, { skewMs, nowUs });
    if (run === "preview") return epoch;
    const state = write ?? stored?.state;
    const isShort = stored === undefined || stored.endMs - nowMs < epochRefreshMs;
    if (state !== undefined && isShort) this.#epochs.set(tag, { state, endMs: nowMs + epochTtlMs });
    return epoch;
  }

  view(tag: string): TagView {
    const stored = this.#epoch(tag);
    const epoch = stored === undefined ? null : getEpoch(stored.state, { skewMs: 0, nowUs: this.#nowUs() }).epoch;
    return { ...this.state(tag), indexSize: this.#index(tag)?.scores.size ?? 0, epoch };
  }

  registered(): readonly { tag: string; seen: number }[] {
    return [...this.#registry].map(([tag, seen]) => ({ tag, seen })).toSorted((a, b) => a.seen - b.seen);
  }

  forget(tag: string, seen: number): boolean {
    return this.#registry.get(tag) === seen && this.#registry.delete(tag);
  }

  state(tag: string): TagState {
    const stored = this.#states.get(tag);
    if (stored === undefined) return noTag;
    return isPending(stored.state) || this.#isAlive(stored) ? stored.state : noTag;
  }

  /** `endMs`: when the state may go at the earliest, once nothing is pending. */
  write(tag: string, state: TagState | null, endMs = 0): void {
    if (state === null) return;
    const old = this.state(tag) === noTag ? 0 : (this.#states.get(tag)?.endMs ?? 0);
    this.#states.set(tag, { state, endMs: Math.max(old, endMs) });
  }

  #raise({ tag, spec, subject, version, spaceKind, mode }: TagBust, run: BustRun): TagOutcome {
    const clock = { floorTtlMs: spec.floorTtlMs, nowUs: this.#nowUs() };
    const { outcome, write } = raiseTag(this.state(tag), { subject, version, spaceKind, mode }, clock);
    if (run === "preview") return outcome;
    this.#registry.set(tag, Math.max(clock.nowUs, (this.#registry.get(tag) ?? 0) + 1));
    this.write(tag, write, stateEndAfterRaise(clock));
    return outcome;
  }

  #bump({ tag, spec, subject, version, spaceKind, mode }: TagBust, run: BustRun): TagOutcome {
    const nowUs = this.#nowUs();
    const fact = { subject, version, spaceKind, mode };
    const { outcome, write } = bumpEpoch(this.#epoch(tag)?.state ?? null, fact, { skewMs: spec.skewMs, nowUs });
    if (run === "apply" && write !== null) this.#epochs.set(tag, { state: write, endMs: Math.floor(nowUs / 1000) + epochTtlMs });
    return outcome;
  }

  #index(tag: string): Index | undefined {
    const index = this.#indexes.get(tag);
    return index !== undefined && this.#isAlive(index) ? index : undefined;
  }

  #epoch(tag: string): { readonly state: EpochState; readonly endMs: number } | undefined {
    const stored = this.#epochs.get(tag);
    return stored !== undefined && this.#isAlive(stored) ? stored : undefined;
  }

  #isAlive({ endMs }: { readonly endMs: number }): boolean {
    return endMs >= Math.floor(this.#nowUs() / 1000);
  }
}
