import {
  type EntrySpec,
  FreshetError,
  type IndexMember,
  type PendingBust,
  type SweepCursor,
  sweepBound,
  sweepPage,
} from "@freshet/protocol";
import type { RegisteredSweep, SweepPort, TagPort } from "@freshet/store/port";
import type { Pace, SweepScheduler } from "./sweep-pace.js";
import { memberBusts, membersPerStep, type StepTally, tallyStep } from "./sweep-step.js";

/** A list of busts that was claimed, for whoever counts. */
export interface ClaimedList {
  readonly tag: string;
  readonly busts: readonly PendingBust[];
  /** How long the oldest of them has waited, in milliseconds. */
  readonly ageMs: number;
}

/** A walk that has ended: every member was tested against every bust of the list. */
export interface SweepEnd extends ClaimedList {
  /** Members handled by this process since it claimed the list. */
  readonly members: number;
  readonly removed: number;
  readonly durationMs: number;
}

export interface WalkHooks {
  claimed(list: ClaimedList, id: string): void;
  stepped(tag: string, step: StepTally & { readonly members: number; readonly busts: number }): void;
  /** Awaited before the pending state is removed; when it rejects, the end is tried again. */
  ending(tag: string, busts: readonly PendingBust[]): Promise<void>;
  ended(end: SweepEnd): void;
}

export interface WalkContext {
  readonly store: SweepPort & Pick<TagPort, "inspectTag">;
  /** Of this claim: whoever comes with another one is a zombie, or makes this a zombie. */
  readonly id: string;
  /** Of the last claim of this worker, after a failure: the walk goes on without waiting for the hold. */
  readonly was: string | undefined;
  readonly holdMs: number;
  /** C, in milliseconds. */
  readonly skewMs: number;
  readonly entryOf: (tag: string) => EntrySpec;
  readonly pace: Pace;
  readonly scheduler: SweepScheduler;
  readonly hooks: WalkHooks;
  /** Aborted: the step under way ends, and the tag is free for others at once. */
  readonly signal: AbortSignal;
}

/**
 * `forgotten`: nothing is pending, and the tag is off the registry. `raised`: it was busted again meanwhile, look again.
 * `more`: the list is done, and the next one waits. `held`: another worker walks it. `lost`: another one took it over.
 * `stopped`: told to stop.
 */
export type WalkEnd = "forgotten" | "raised" | "more" | "held" | "lost" | "stopped";

/**
 * Walks the index of one busted tag for one list of busts. Each call wants another id: a step of this walk that was given
 * up and arrives late must not move the cursor of a later one.
 *
 * @throws FreshetError from the store. What was done is done; the claim stands for the hold, and calling again with its id
 *   as `was` goes on from the last step. FR2003 (`halt`) when all but members that Redis refuses was walked: the list stays pending,
 *   and the cursor before the first of them.
 */
export async function walkTag(registered: RegisteredSweep, context: WalkContext): Promise<WalkEnd> {
  const { tag } = registered;
  const { store, id, was, holdMs, hooks } = context;
  const claim = await store.claimSweep(tag, { id, was, holdMs });
  if (claim.outcome !== "claimed") return claim.outcome === "held" ? "held" : await forget(registered, store);
  const waitedUs = claim.atUs - Math.min(...claim.busts.map(({ raisedAtUs }) => raisedAtUs));
  const walk = new Walk({ tag, busts: claim.busts, ageMs: Math.max(0, waitedUs / 1000) }, context);
  const end = await walk.run(claim.cursor);
  if (end === "lost") return "lost";
  if (end === "stopped") {
    await store.claimSweep(tag, { id, holdMs: 0 }); // whoever comes next need not wait for the hold
    return "stopped";
  }
  if (walk.isRefused) throw refusedMembers();
  await hooks.ending(tag, claim.busts);
  const ended = await store.endSweep(tag, id);
  if (ended === "lost") return "lost";
  hooks.ended(walk.end());
  return ended === "more" ? "more" : await forget(registered, store);
}

async function forget(registered: RegisteredSweep, store: SweepPort): Promise<"forgotten" | "raised"> {
  return (await store.forgetSweep(registered)) ? "forgotten" : "raised";
}

type Walked = "walked" | "lost" | "stopped";

/** One walk over the index, for one list of busts. */
class Walk {
  readonly #list: ClaimedList;
  readonly #context: WalkContext;
  readonly #startedMs: number;
  readonly #entry: EntrySpec;
  #members = 0;
  #removed = 0;
  /** What is left of the cursor once a member was refused: whoever takes this walk over must come upon that member. */
  #held: SweepCursor | null = null;

  constructor(list: ClaimedList, context: WalkContext) {
    this.#list = list;
    this.#context = context;
    this.#startedMs = context.scheduler.nowMs();
    this.#entry = context.entryOf(list.tag);
    context.hooks.claimed(list, context.id);
  }

  /**
   * The list that was claimed. It does not end while Redis refuses members, and the next list waits behind it: that one is walked as
   * well then, so that other members do not wait, and stays pending too.
   */
  async run(from: SweepCursor | null): Promise<Walked> {
    const { tag, busts } = this.#list;
    const end = await this.#walk(busts, from);
    if (end !== "walked" || !this.isRefused) return end;
    const { next } = await this.#context.store.inspectTag(tag);
    return next.length === 0 ? end : await this.#walk(next, null);
  }

  /** From the cursor to the bound of the list. Pages are read by score, never by offset: members move meanwhile. */
  async #walk(busts: readonly PendingBust[], from: SweepCursor | null): Promise<Walked> {
    const { store, signal, skewMs } = this.#context;
    const { tag } = this.#list;
    const to = sweepBound(busts, skewMs);
    const most = membersPerStep(busts.length);
    let cursor = from;
    let limit = most;
    while (!signal.aborted) {
      const read = await store.readIndex(tag, { from: cursor?.score ?? null, to, limit });
      const page = sweepPage(read, cursor, limit);
      if (page.kind === "end") return "walked";
      limit = page.kind === "again" ? limit * 2 : most;
      const members = page.kind === "members" ? page.members : [];
      for (let at = 0; at < members.length && !signal.aborted; at += most) {
        cursor = await this.#step(members.slice(at, at + most), busts);
        if (cursor === null) return "lost";
      }
    }
    return "stopped";
  }

  /** One step; answers with the cursor after it, `null` when somebody else has the sweep by now. */
  async #step(members: readonly IndexMember[], busts: readonly PendingBust[]): Promise<SweepCursor | null> {
    const { store, pace, signal, id, holdMs, hooks } = this.#context;
    const { tag } = this.#list;
    const sent = memberBusts(members, busts, this.#entry);
    await pace.take(sent.length, signal);
    const outcomes = await store.bustMembers(sent);
    const [first, last] = [members[0], members.at(-1)];
    if (outcomes.length !== sent.length || first === undefined || last === undefined) throw unanswered(sent.length);
    const tally = tallyStep(members, outcomes);
    const cursor = { score: last.score, member: last.key };
    if (tally.refused > 0) this.#held ??= { score: first.score, member: "" };
    if ((await store.moveSweep(tag, { id, holdMs, cursor: this.#held ?? cursor, gone: tally.gone })) === "lost") return null;
    this.#members += members.length;
    this.#removed += tally.removed;
    hooks.stepped(tag, { ...tally, members: members.length, busts: busts.length });
    return cursor;
  }

  /** Whether Redis refused any member. */
  get isRefused(): boolean {
    return this.#held !== null;
  }

  end(): SweepEnd {
    const durationMs = this.#context.scheduler.nowMs() - this.#startedMs;
    const { ageMs, ...list } = this.#list;
    return { ...list, ageMs: ageMs + durationMs, members: this.#members, removed: this.#removed, durationMs };
  }
}

function refusedMembers(): FreshetError {
  const problem = "Redis refuses members of an index, so their busts stay pending; all others were walked.";
  const fix = "Give this user the rights to their keys, or take them out of the index: infra/runbooks/FreshetSweepStuck.md.";
  return new FreshetError("FR2003", "halt", problem, fix);
}

function unanswered(busts: number): FreshetError {
  const problem = `the store gave no outcome for some of ${busts} busts of a sweep`;
  return new FreshetError("FR2005", "halt", problem, "Report it: a bust without an answer never counts as done.");
}
