import {
  type BustFact,
  bumpEpoch,
  claimSweep,
  type EpochState,
  encodeCursor,
  encodeEpoch,
  encodeFloors,
  encodePending,
  encodeTag,
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
  type SweepCursor,
  stateEndAfterAdd,
  stateEndAfterRaise,
  type TagState,
  trimBefore,
} from "@freshet/protocol";

/** One step on one tag, as a script call makes it. */
export type TagOp = { readonly nowUs: number } & (
  | { readonly step: "bust-tag"; readonly fact: BustFact; readonly floorTtlMs: number; readonly run: "apply" | "preview" }
  | {
      readonly step: "index-add";
      readonly key: string;
      readonly fillTimeUs: number;
      readonly keepMs: number;
      readonly floorTtlMs: number;
      readonly skewMs: number;
    }
  | { readonly step: "index-remove"; readonly members: readonly IndexMember[] }
  | { readonly step: "index-trim"; readonly skewMs: number; readonly max: number }
  | { readonly step: "sweep-claim"; readonly id: string; readonly was: string | undefined; readonly holdMs: number }
  | {
      readonly step: "sweep-move";
      readonly id: string;
      readonly holdMs: number;
      readonly cursor: SweepCursor;
      readonly gone: readonly IndexMember[];
    }
  | { readonly step: "sweep-end"; readonly id: string }
  | { readonly step: "epoch-get"; readonly skewMs: number }
  | { readonly step: "epoch-bump"; readonly fact: BustFact; readonly skewMs: number; readonly run: "apply" | "preview" }
  | { readonly step: "registry-add"; readonly tags: readonly string[] }
  | { readonly step: "registry-forget"; readonly tag: string; readonly seen: number }
);

/** Everything about one tag, as Redis holds it; ends are times to live in milliseconds, 0 for a key that is not there. */
export interface World {
  readonly state: TagState;
  readonly stateEndMs: number;
  readonly index: ReadonlyMap<string, number>;
  readonly indexEndMs: number;
  readonly epoch: EpochState | null;
  readonly epochEndMs: number;
  readonly registry: ReadonlyMap<string, number>;
}

export const emptyWorld: World = {
  state: noTag,
  stateEndMs: 0,
  index: new Map(),
  indexEndMs: 0,
  epoch: null,
  epochEndMs: 0,
  registry: new Map(),
};

/** The decisions, each of which may be a mutant. */
export const decisions = {
  raiseTag,
  fillTimeFault,
  indexAdd,
  indexRemove,
  trimBefore,
  claimSweep,
  moveSweep,
  endSweep,
  getEpoch,
  bumpEpoch,
};
export type Decisions = typeof decisions;

/** What a step answers after its time, and the world after it; `label` for the count of what was tried. */
export interface Decided {
  readonly reply: readonly string[];
  readonly label: string;
  readonly world: World;
}

export function decideOp(world: World, op: TagOp, by: Decisions): Decided {
  const decided = decide(world, op, by);
  const { state, index } = decided.world;
  const stateEndMs = encodeTag(state).size === 0 ? 0 : decided.world.stateEndMs;
  return { ...decided, world: { ...decided.world, stateEndMs, indexEndMs: index.size === 0 ? 0 : decided.world.indexEndMs } };
}

function decide(world: World, op: TagOp, by: Decisions): Decided {
  const { step } = op;
  if (step === "bust-tag") return raised(world, op, by);
  if (step === "index-add") return added(world, op, by);
  if (step === "index-remove") {
    const { index, count } = removed(world.index, op.members, by);
    const label = count === 0 ? "kept" : "removed";
    return { reply: [String(count)], label, world: { ...world, index } };
  }
  if (step === "index-trim") return trimmed(world, op, by);
  if (step === "sweep-claim") return claimed(world, op, by);
  if (step === "sweep-move") {
    const { outcome, write } = by.moveSweep(world.state, op);
    const { index } = outcome === "moved" ? removed(world.index, op.gone, by) : world;
    return { reply: [outcome.charAt(0)], label: outcome, world: { ...world, state: write ?? world.state, index } };
  }
  if (step === "sweep-end") {
    const { outcome, write } = by.endSweep(world.state, op);
    return { reply: [outcome.charAt(0)], label: outcome, world: { ...world, state: write ?? world.state } };
  }
  if (step === "epoch-get") return got(world, op, by);
  if (step === "epoch-bump") return bumped(world, op, by);
  return registered(world, op);
}

type Op<Step extends TagOp["step"]> = Extract<TagOp, { step: Step }>;

function raised(world: World, op: Op<"bust-tag">, by: Decisions): Decided {
  const { outcome, write } = by.raiseTag(world.state, op.fact, op);
  const reply = [outcome.charAt(0)];
  if (op.run === "preview") return { reply, label: `${outcome} in preview`, world };
  if (write === null) return { reply, label: outcome, world };
  const isFolded = world.state.floors.length > 60 && write.floors.length === 64 && write.blindFloor !== world.state.blindFloor;
  const isListFolded = world.state.next.length === 64 && write.next.length === 64 && write.next.at(-1)?.version === null;
  const label = isFolded ? "folded" : isListFolded ? "list folded" : write.next.length === world.state.next.length ? "merged" : outcome;
  return { reply, label, world: { ...world, state: write, stateEndMs: Math.max(world.stateEndMs, stateEndAfterRaise(op)) } };
}

const faultTexts = {
  ahead: "ERR freshet: the fill time is more than C ahead of the clock here",
  past: "ERR freshet: the fill time is so old that the entry cannot be served any more",
} as const;

function added(world: World, op: Op<"index-add">, by: Decisions): Decided {
  const old = world.index.get(op.key) ?? null;
  const fault = by.fillTimeFault(world.state, op);
  if (fault !== null) return { reply: [faultTexts[fault]], label: fault, world };
  // The floors of the reply are what lies there, dead ones too: who called leaves those out.
  const { score, write } = by.indexAdd(world.state, old, op);
  const state = write ?? world.state;
  const stateEndMs = Math.max(world.stateEndMs, stateEndAfterAdd(state, op));
  const indexEndMs = Math.max(world.indexEndMs, indexEndAfterAdd(op));
  const all = new Map(world.index).set(op.key, score);
  const index = old === null ? withoutOld(all, by.trimBefore(state, op), 2) : all;
  const what = old !== null ? (score === old + 1 ? "raised by one" : "raised") : index.size < all.size ? "new, trims" : "new";
  const label = `${what}${isPending(state) ? ", pending" : ""}`;
  return { reply: [String(score), encodeFloors(world.state)], label, world: { ...world, state, stateEndMs, index, indexEndMs } };
}

function removed(index: ReadonlyMap<string, number>, members: readonly IndexMember[], by: Decisions) {
  const left = new Map(index);
  let count = 0;
  for (const { key, score } of members) if (by.indexRemove(left.get(key) ?? null, score) && left.delete(key)) count++;
  return { index: left, count };
}

function trimmed(world: World, op: Op<"index-trim">, by: Decisions): Decided {
  const before = by.trimBefore(world.state, op);
  const index = withoutOld(world.index, before, op.max);
  const count = world.index.size - index.size;
  const label = count === 0 ? "none" : withoutOld(index, before, 1).size < index.size ? "some" : "all";
  return { reply: [String(count)], label, world: { ...world, index } };
}

function withoutOld(index: ReadonlyMap<string, number>, before: number | null, max: number): ReadonlyMap<string, number> {
  const old = before === null ? [] : sortedIndex(index).filter(([, score]) => score < before);
  const left = new Map(index);
  for (const [key] of old.slice(0, max)) left.delete(key);
  return left;
}

function claimed(world: World, op: Op<"sweep-claim">, by: Decisions): Decided {
  const claim = by.claimSweep(world.state, op);
  if (claim.outcome !== "claimed") return { reply: [claim.outcome.charAt(0), "", ""], label: claim.outcome, world };
  const { busts, cursor } = claim.sweep;
  const holder = world.state.sweep?.id;
  const again = holder === op.id ? "claimed again" : holder === op.was ? "taken over at once" : "taken over";
  const label = holder === undefined ? "begun" : again;
  const reply = ["c", encodePending(busts), cursor === null ? "" : encodeCursor(cursor)];
  return { reply, label, world: { ...world, state: claim.write } };
}

function got(world: World, op: Op<"epoch-get">, by: Decisions): Decided {
  const { epoch, write } = by.getEpoch(world.epoch, op);
  const reply = [String(epoch.generation), String(epoch.hardGeneration)];
  const nowMs = Math.floor(op.nowUs / 1000);
  if (write !== null) return { reply, label: "made", world: { ...world, epoch: write, epochEndMs: nowMs + epochTtlMs } };
  if (world.epochEndMs - nowMs >= epochRefreshMs) return { reply, label: "read", world };
  return { reply, label: "made to live on", world: { ...world, epochEndMs: nowMs + epochTtlMs } };
}

function bumped(world: World, op: Op<"epoch-bump">, by: Decisions): Decided {
  const { outcome, generation, write } = by.bumpEpoch(world.epoch, op.fact, op);
  const reply = [outcome.charAt(0), String(generation)];
  if (op.run === "preview") return { reply, label: `${outcome} in preview`, world };
  if (write === null) return { reply, label: outcome, world };
  const label = world.epoch === null ? "bumped after a loss" : `bumped ${op.fact.mode}`;
  return { reply, label, world: { ...world, epoch: write, epochEndMs: Math.floor(op.nowUs / 1000) + epochTtlMs } };
}

function registered(world: World, op: Op<"registry-add"> | Op<"registry-forget">): Decided {
  const registry = new Map(world.registry);
  if (op.step === "registry-forget") {
    const isForgotten = registry.get(op.tag) === op.seen && registry.delete(op.tag);
    return { reply: [isForgotten ? "1" : "0"], label: isForgotten ? "forgotten" : "kept", world: { ...world, registry } };
  }
  const label = op.tags.some((tag) => registry.has(tag)) ? "raised" : "added";
  for (const tag of op.tags) registry.set(tag, Math.max(op.nowUs, (registry.get(tag) ?? -1) + 1));
  return { reply: [], label, world: { ...world, registry } };
}

/** By score, ties by bytes. */
function sortedIndex(index: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...index].sort(([a, x], [b, y]) => x - y || Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The world as one text, the same as `readWorld` makes of what lies in Redis. */
export function worldText({ state, stateEndMs, index, indexEndMs, epoch, epochEndMs, registry }: World): string {
  const fields = new Map(encodeTag(state));
  const ends = { state: fields.size === 0 ? -2 : stateEndMs, index: index.size === 0 ? -2 : indexEndMs };
  if (isPending(state)) {
    fields.set("x", String(stateEndMs));
    ends.state = -1;
  }
  const members = sortedIndex(index).flat().map(String);
  const epochFields = epoch === null ? new Map<string, string>() : encodeEpoch(epoch);
  return JSON.stringify([
    sortedFields(fields),
    ends.state,
    members,
    ends.index,
    sortedFields(epochFields),
    epoch === null ? -2 : epochEndMs,
    sortedIndex(registry).flat().map(String),
  ]);
}

export function sortedFields(fields: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
}
