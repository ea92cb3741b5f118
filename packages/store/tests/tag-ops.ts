import {
  type BustFact,
  type EpochState,
  epochTtlMs,
  type Floor,
  type IndexMember,
  limits,
  noTag,
  type PendingBust,
  parseVersion,
  type SpaceKind,
  type TagState,
  type Version,
} from "@freshet/protocol";
import type { Rng } from "@freshet/testkit";
import { type Decisions, decideOp, emptyWorld, type TagOp, type World } from "./tag-world.js";

const VERSIONS = ["0", "1", "2", "9", "10", "9007199254740992", "9007199254740993", "99999999999999999999"].map(versionOf);
const SUBJECTS = ["p/1", "p/11", "q/*"] as const;
const IDS = ["w1", "w2", "w3"] as const;
const KEYS = ["a", "b", "c", "d\te", "é"] as const;
const SECOND_US = 1_000_000;

/** One tag from its beginning, and what happens to it. */
export interface Sequence {
  readonly before: World;
  readonly ops: readonly TagOp[];
}

/** Random operations that know what lies there: ids, scores and times are near those that matter. */
export function randomSequence(rng: Rng, { nowUs, length, by }: { nowUs: number; length: number; by: Decisions }): Sequence {
  const maker = new OpMaker(rng, nowUs);
  const before = maker.before();
  const ops: TagOp[] = [];
  let world = before;
  // Long lists cost time at every step, and show what they have to show at once.
  const steps = before === emptyWorld ? length : Math.ceil(length / 3);
  for (let i = 0; i < steps; i++) {
    const op = maker.next(world);
    ops.push(op);
    world = decideOp(world, op, by).world;
  }
  return { before, ops };
}

class OpMaker {
  readonly #rng: Rng;
  #nowUs: number;

  constructor(rng: Rng, nowUs: number) {
    this.#rng = rng;
    this.#nowUs = nowUs;
  }

  /** Mostly nothing; else a tag whose lists are full or nearly so. */
  before(): World {
    if (this.#rng.chance(0.72)) return emptyWorld;
    const endMs = Math.ceil(this.#nowUs / 1000) + 60_000;
    return {
      ...emptyWorld,
      state: this.#fullTag(),
      stateEndMs: endMs,
      epoch: this.#fullEpoch(),
      epochEndMs: Math.floor(this.#nowUs / 1000) + epochTtlMs - 1_000,
    };
  }

  /** The id that a worker claimed with before, often that of whoever holds the walk. */
  #was({ state }: World): string | undefined {
    const [none, own, any] = [undefined, state.sweep?.id, this.#rng.pick(IDS)];
    return this.#rng.pick([none, none, none, none, none, own, any]);
  }

  next(world: World): TagOp {
    const { integer } = this.#rng;
    const holdMs = this.#rng.pick([0, 1, 2_000]);
    const [skewMs, floorTtlMs] = [this.#rng.pick([1, 250]), this.#rng.pick([2_000, 5_000])];
    this.#pass();
    if (this.#rng.chance(0.1)) this.#passTo(edgesOf(world, { skewMs, floorTtlMs }));
    const nowUs = this.#nowUs;
    const run = this.#rng.chance(0.16) ? "preview" : "apply";
    const id = world.state.sweep !== null && this.#rng.chance(0.5) ? world.state.sweep.id : this.#rng.pick(IDS);
    const die = integer(0, 99);
    if (die < 22) return { step: "bust-tag", nowUs, fact: this.#fact(world.state.next), floorTtlMs, run };
    if (die < 38) return { step: "index-add", nowUs, ...this.#fill(world), floorTtlMs, skewMs };
    if (die < 43) return { step: "index-remove", nowUs, members: this.#members(world) };
    if (die < 50) return { step: "index-trim", nowUs, skewMs, max: this.#rng.pick([1, 2, 1_000]) };
    if (die < 60) return { step: "sweep-claim", nowUs, id, was: this.#was(world), holdMs };
    if (die < 67) return { step: "sweep-move", nowUs, id, holdMs, cursor: this.#cursor(), gone: this.#members(world) };
    if (die < 74) return { step: "sweep-end", nowUs, id };
    if (die < 80) return { step: "epoch-get", nowUs, skewMs };
    if (die < 92) return { step: "epoch-bump", nowUs, fact: this.#fact(world.epoch?.records ?? []), skewMs, run };
    if (die < 96) return { step: "registry-add", ...this.#registration(world) };
    return { step: "registry-forget", nowUs, ...this.#registered(world) };
  }

  /** Time stands still, goes on a tick or a while, and now and then back, as clocks are set, or half a month on. */
  #pass(): void {
    const jump = this.#rng.integer(0, 99);
    if (jump < 30) this.#nowUs += this.#rng.pick([0, 1, 999, 1_000]);
    else if (jump < 95) this.#nowUs += this.#rng.integer(0, 2 * SECOND_US);
    else if (jump < 98) this.#nowUs -= this.#rng.integer(0, 1_000);
    else this.#nowUs += 16 * 24 * 3_600 * SECOND_US;
  }

  /** To the instant at which something of the tag ends, or the one after. */
  #passTo(edges: readonly number[]): void {
    const ahead = edges.filter((edgeUs) => edgeUs >= this.#nowUs);
    const edgeUs = ahead[this.#rng.integer(0, Math.max(0, ahead.length - 1))];
    if (edgeUs !== undefined) this.#nowUs = edgeUs + this.#rng.integer(0, 1);
  }

  #fact(held: readonly { readonly subject: string; readonly version: Version | null }[]): BustFact {
    const old = held[this.#rng.integer(0, Math.max(0, held.length - 1))];
    const isKnown = old !== undefined && this.#rng.chance(0.4);
    const isBlind = this.#rng.chance(0.1);
    const version = isKnown && old.version !== null && this.#rng.chance(0.5) ? old.version : this.#pickOf(VERSIONS);
    const subject = isKnown ? old.subject : this.#rng.chance(0.7) ? this.#rng.pick(SUBJECTS) : `r/${this.#rng.integer(1, 200)}`;
    const spaceKind: SpaceKind = isBlind ? this.#rng.pick(["none", "counter"]) : this.#rng.pick(["counter", "counter", "timestamp"]);
    return { subject, version: isBlind ? null : version, spaceKind, mode: this.#rng.pick(["hard", "soft"]) };
  }

  #fill({ index }: World): { key: string; fillTimeUs: number; keepMs: number } {
    const [recent] = [...index].find(([, at]) => at > this.#nowUs - 2 * SECOND_US) ?? [];
    const key = recent !== undefined && this.#rng.chance(0.3) ? recent : this.#rng.pick(KEYS);
    const score = index.get(key);
    const isOld = score !== undefined && score < this.#nowUs - 2 * SECOND_US && this.#rng.chance(0.9);
    const near = score === undefined || isOld ? this.#nowUs : score + this.#rng.pick([-1, 0, 0, 1, 1, 2]);
    const fillTimeUs = this.#rng.chance(0.75) ? near : this.#nowUs + this.#rng.integer(-SECOND_US, SECOND_US / 4);
    return { key, fillTimeUs, keepMs: this.#rng.pick([0, 1, 1_000, 3_000]) };
  }

  /** As they were seen, or a moment before. */
  #members({ index }: World): readonly IndexMember[] {
    const seen = [...index].filter(() => this.#rng.chance(0.5)).map(([key, score]) => ({ key, score }));
    const late = seen.map(({ key, score }) => ({ key, score: this.#rng.chance(0.5) ? score : score - 1 }));
    return this.#rng.chance(0.2) ? [...late, { key: "nobody", score: 5 }] : late;
  }

  #cursor(): { score: number; member: string } {
    return { score: this.#nowUs - this.#rng.integer(0, 5), member: this.#rng.pick(KEYS) };
  }

  /** At the very time of another, too, or before it. */
  #registration({ registry }: World): { nowUs: number; tags: readonly string[] } {
    const [first = "a", second = "b"] = this.#rng.shuffle([...KEYS]);
    const seen = registry.get(first);
    const nowUs = seen !== undefined && this.#rng.chance(0.4) ? seen - this.#rng.integer(0, 1) : this.#nowUs;
    return { nowUs, tags: this.#rng.chance(0.5) ? [first] : [first, second] };
  }

  #registered({ registry }: World): { tag: string; seen: number } {
    const tag = this.#rng.pick(KEYS);
    return { tag, seen: (registry.get(tag) ?? this.#nowUs) - (this.#rng.chance(0.4) ? 1 : 0) };
  }

  /** Each list as long as allowed, or one shorter; one subject a line, the oldest anywhere in it. */
  #fullTag(): TagState {
    const floorsCount = this.#rng.pick([limits.floorsPerTagMax, limits.floorsPerTagMax - 1]);
    const nextCount = this.#rng.pick([limits.pendingPerTagMax, limits.pendingPerTagMax - 1]);
    const floors = Array.from({ length: floorsCount }, (_, i) => {
      const spaceKind = this.#rng.pick<Floor["spaceKind"]>(["counter", "timestamp"]);
      return { subject: `f/${i}`, version: this.#pickOf(VERSIONS), mode: this.#mode(), spaceKind, raisedAtUs: this.#recent() };
    });
    const next = Array.from({ length: nextCount }, (_, i): PendingBust => {
      const spaceKind = this.#rng.pick<SpaceKind>(["counter", "timestamp"]);
      const raisedAtUs = this.#recent();
      return { subject: `f/${i}`, version: this.#pickOf(VERSIONS), spaceKind, mode: this.#mode(), raisedAtUs };
    });
    const blindFloor = this.#rng.chance(0.5) ? { mode: this.#mode(), raisedAtUs: this.#recent() } : null;
    return { ...noTag, floors, blindFloor, next };
  }

  #fullEpoch(): EpochState {
    const records = Array.from({ length: limits.recordsPerEpochMax }, (_, i) => {
      return { subject: `f/${i}`, version: this.#pickOf(VERSIONS), mode: this.#mode() };
    });
    return { generation: this.#nowUs, hardGeneration: this.#nowUs - this.#rng.integer(0, 1), records };
  }

  #mode(): "hard" | "soft" {
    return this.#rng.pick(["hard", "soft"]);
  }

  #recent(): number {
    return this.#nowUs - this.#rng.integer(0, SECOND_US);
  }

  #pickOf(versions: readonly Version[]): Version {
    return versions[this.#rng.integer(0, versions.length - 1)] ?? versionOf("0");
  }
}

/** When floors are dead, members may be trimmed, or a walk is free. */
function edgesOf({ state, index }: World, { skewMs, floorTtlMs }: { skewMs: number; floorTtlMs: number }): readonly number[] {
  const floorEnds = state.floors.map(({ raisedAtUs }) => raisedAtUs + floorTtlMs * 1000);
  const trimTimes = [...index.values()].map((score) => score + (state.keepMsMax + skewMs) * 1000);
  return [...floorEnds, ...trimTimes, ...(state.sweep === null ? [] : [state.sweep.heldUntilUs])];
}

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (version === null) throw new Error(`${text} is no version`);
  return version;
}
