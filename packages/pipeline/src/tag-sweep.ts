import { asFreshetError, type Disposition, type ErrorCode } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { RegisteredSweep, SweepPort, TagPort } from "@freshet/store/port";
import { createPace, type SweepScheduler } from "./sweep-pace.js";
import { memberEntry } from "./sweep-step.js";
import { createTrimmer, type IndexSizes } from "./sweep-trim.js";
import { type SweepEnd, type WalkContext, type WalkEnd, type WalkHooks, walkTag } from "./sweep-walk.js";

/** A tag that cannot be walked for now, or the registry that cannot be read (`tag` is `null`). */
export interface SweepTrouble {
  readonly tag: string | null;
  readonly code: ErrorCode;
  readonly problem: string;
  readonly fix: string;
  readonly disposition: Disposition;
  readonly sinceMs: number;
  readonly attempts: number;
}

/** What the sweeper tells about itself. Must not throw. */
export interface SweepEvents {
  stepped: WalkHooks["stepped"];
  sweepEnded(end: SweepEnd): void;
  /** Another process took the walk over. */
  sweepLost(tag: string): void;
  /** At the first failure and at each one after it. */
  sweepTrouble(trouble: SweepTrouble): void;
}

export interface SweepStatus {
  /** Tags whose walk has not ended, as far as this process knows: of very many, those it looks at. */
  readonly pending: number;
  /** Age of the oldest bust that waits for a walk; 0 when none does. */
  readonly oldestAgeMs: number;
  readonly walking: number;
  readonly troubles: readonly SweepTrouble[];
  readonly indexSizes: IndexSizes;
}

export interface SweepSettings {
  /** Busts of members a second, all walks of this process together. */
  readonly bustsPerSecond: number;
  readonly walksMax: number;
  /** Tags looked at a time: the registry may hold millions, which neither Redis nor this process should answer with at once. */
  readonly tagsMax: number;
  /** How long a worker may be silent before another takes its walk over. */
  readonly holdMs: number;
  readonly lookEveryMs: number;
  /** Between two looks at the registry, however often it is asked for. */
  readonly lookGapMs: number;
  readonly trimEveryMs: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
}

const defaults: SweepSettings = {
  bustsPerSecond: 100_000, // a million entries within 15 s, and Redis is never busy with more than a step of 500
  walksMax: 8,
  tagsMax: 10_000,
  holdMs: 10_000, // above the deadline of a call
  lookEveryMs: 2000,
  lookGapMs: 20,
  trimEveryMs: 60_000,
  retryFirstMs: 100,
  retryMaxMs: 3000,
};

export interface SweeperOptions {
  readonly store: SweepPort & Pick<TagPort, "inspectTag">;
  readonly rules: Pick<CompiledRules, "families" | "tags" | "bounds">;
  readonly scheduler: SweepScheduler;
  /** A fresh id for each claim, at most 64 bytes. */
  readonly newId: () => string;
  readonly events: SweepEvents;
  /** Awaited when a walk is over and before its pending state goes. */
  readonly onSweepEnd?: WalkHooks["ending"];
  readonly settings?: Partial<SweepSettings> | undefined;
}

/** Walks the indexes of busted tags: those of this process, and those whose walker died. */
export interface Sweeper {
  start(): void;
  /** A tag was busted: look now and not in a while. */
  nudge(): void;
  status(): SweepStatus;
  /** Ends the step under way and frees its tag. Safe to call twice, and without a start. */
  stop(): Promise<void>;
}

/** A sweeper that has not started yet. */
export function createSweeper(options: SweeperOptions): Sweeper {
  return new TagSweeper(options);
}

/** A tag that this process has seen in the registry. */
interface KnownTag {
  registered: RegisteredSweep;
  /** When its oldest bust was raised, as far as is known: before a claim that is when it was first seen. */
  sinceMs: number;
  /** Of the next claim; kept while none is known to have come about, for one whose answer was lost. */
  id: string | null;
  /** Of the last claim, after a failure: with it the walk goes on without waiting for the hold. */
  was: string | undefined;
  trouble: SweepTrouble | null;
  dueMs: number;
}

class TagSweeper implements Sweeper {
  readonly #options: SweeperOptions;
  readonly #settings: SweepSettings;
  readonly #walk: Omit<WalkContext, "id" | "was">;
  readonly #known = new Map<string, KnownTag>();
  readonly #walking = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #trimmer;
  #registryTrouble: SweepTrouble | null = null;
  #bell = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: SweeperOptions) {
    const { store, rules, scheduler, events } = options;
    const settings = { ...defaults, ...options.settings };
    const pace = createPace(settings.bustsPerSecond, scheduler);
    const { signal } = this.#stopping;
    const hooks: WalkHooks = {
      claimed: ({ tag, ageMs }, id) => {
        const known = this.#known.get(tag);
        if (known === undefined) return;
        known.sinceMs = scheduler.nowMs() - ageMs;
        known.was = id;
        known.id = null;
      },
      stepped: events.stepped,
      ending: options.onSweepEnd ?? (async () => undefined),
      ended: events.sweepEnded,
    };
    const { skewMs } = rules.bounds;
    this.#options = options;
    this.#settings = settings;
    this.#walk = { store, holdMs: settings.holdMs, skewMs, entryOf: (tag) => memberEntry(tag, rules), pace, scheduler, hooks, signal };
    this.#trimmer = createTrimmer({ store, tags: rules.tags, skewMs, scheduler, signal, everyMs: settings.trimEveryMs });
  }

  start(): void {
    this.#running = Promise.all([this.#lookOnAndOn(), this.#trimmer.run()]);
  }

  nudge(): void {
    this.#bell.abort();
  }

  status(): SweepStatus {
    const all = [...this.#known.values()];
    const nowMs = this.#options.scheduler.nowMs();
    const oldestMs = all.reduce((oldest, { sinceMs }) => Math.min(oldest, sinceMs), nowMs);
    const troubles = [this.#registryTrouble, ...all.map(({ trouble }) => trouble)].filter((trouble) => trouble !== null);
    return {
      pending: all.length,
      oldestAgeMs: nowMs - oldestMs,
      walking: this.#walking.size,
      troubles,
      indexSizes: this.#trimmer.sizes(),
    };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#bell.abort();
    await this.#running;
    await Promise.all(this.#walking.values());
  }

  async #lookOnAndOn(): Promise<void> {
    const { scheduler } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#bell = new AbortController();
      await this.#look();
      this.#startWalks();
      await scheduler.sleep(this.#settings.lookGapMs, signal);
      await scheduler.sleep(this.#pauseMs(), AbortSignal.any([signal, this.#bell.signal]));
    }
  }

  async #look(): Promise<void> {
    const { store, scheduler } = this.#options;
    try {
      const registered = await store.pendingSweeps(this.#settings.tagsMax);
      this.#registryTrouble = null;
      const names = new Set(registered.map(({ tag }) => tag));
      for (const tag of this.#known.keys()) if (!names.has(tag) && !this.#walking.has(tag)) this.#known.delete(tag);
      for (const one of registered) this.#note(one);
    } catch (error) {
      this.#registryTrouble = this.#tell(null, this.#registryTrouble, error);
      await scheduler.sleep(this.#backoffMs(this.#registryTrouble), this.#stopping.signal);
    }
  }

  #note(registered: RegisteredSweep): void {
    const { tag } = registered;
    this.#trimmer.seen(tag);
    const known = this.#known.get(tag);
    if (known === undefined) {
      const nowMs = this.#options.scheduler.nowMs();
      this.#known.set(tag, { registered, sinceMs: nowMs, id: null, was: undefined, trouble: null, dueMs: nowMs });
    } else if (!this.#walking.has(tag)) {
      known.registered = registered; // a walk under way must forget no more than what was seen before its claim
    }
  }

  /** As many as may run, those first that were known first. */
  #startWalks(): void {
    const nowMs = this.#options.scheduler.nowMs();
    for (const [tag, known] of this.#known) {
      if (this.#walking.size >= this.#settings.walksMax || this.#stopping.signal.aborted) return;
      if (this.#walking.has(tag) || known.dueMs > nowMs) continue;
      this.#walking.set(tag, this.#runWalk(tag, known));
    }
  }

  async #runWalk(tag: string, known: KnownTag): Promise<void> {
    try {
      const end = await this.#walkLists(known);
      known.trouble = null;
      this.#ended(tag, known, end);
    } catch (error) {
      known.trouble = this.#tell(tag, known.trouble, error);
      this.#postpone(tag, known, this.#backoffMs(known.trouble));
      this.nudge(); // the pause until the next look was reckoned without this
    } finally {
      this.#walking.delete(tag);
      this.#startWalks();
    }
  }

  /** List after list, each claim under an id of its own, until nothing is pending. */
  async #walkLists(known: KnownTag): Promise<WalkEnd> {
    let end: WalkEnd = "more";
    while (end === "more" && !this.#stopping.signal.aborted) {
      known.id ??= this.#options.newId();
      end = await walkTag(known.registered, { ...this.#walk, id: known.id, was: known.was });
      known.id = null;
      known.was = undefined;
    }
    return end;
  }

  #ended(tag: string, known: KnownTag, end: WalkEnd): void {
    if (end === "forgotten") this.#known.delete(tag);
    if (end === "lost") this.#options.events.sweepLost(tag);
    if (end === "held" || end === "lost") this.#postpone(tag, known, this.#settings.lookEveryMs);
    if (end !== "raised") return;
    this.#known.delete(tag); // behind the others, as what it is: busted anew
    this.nudge();
  }

  /** Behind all others, so that those which may go on are found first. */
  #postpone(tag: string, known: KnownTag, ms: number): void {
    known.dueMs = this.#options.scheduler.nowMs() + ms;
    this.#known.delete(tag);
    this.#known.set(tag, known);
  }

  #tell(tag: string | null, before: SweepTrouble | null, thrown: unknown): SweepTrouble {
    const { code, message: problem, fix, disposition } = asFreshetError(thrown);
    const sinceMs = before?.sinceMs ?? this.#options.scheduler.nowMs();
    const trouble = { tag, code, problem, fix, disposition, sinceMs, attempts: (before?.attempts ?? 0) + 1 };
    this.#options.events.sweepTrouble(trouble);
    return trouble;
  }

  #backoffMs({ attempts }: SweepTrouble): number {
    return Math.min(this.#settings.retryMaxMs, this.#settings.retryFirstMs * 2 ** Math.min(attempts - 1, 10));
  }

  /** Until the next regular look, or until a walk that failed may be tried again. */
  #pauseMs(): number {
    const { lookEveryMs, walksMax } = this.#settings;
    if (this.#walking.size >= walksMax) return lookEveryMs; // the next one begins when one of them ends
    const nowMs = this.#options.scheduler.nowMs();
    const waiting = [...this.#known].filter(([tag]) => !this.#walking.has(tag));
    return waiting.reduce((least, [, { dueMs }]) => Math.min(least, Math.max(0, dueMs - nowMs)), lookEveryMs);
  }
}
