import type { BustMode } from "../src/bust.js";
import type { Steps } from "./steps.ts";

/** One entry under one swept tag, whose Redis has another clock: fills in two steps, walks that crash, zombies, trimming. */
export interface TagModel {
  readonly steps: Steps;
  readonly writes: readonly [number, number];
  readonly leaseMs: number;
  readonly lagMs: number;
  readonly skewMs: number;
  readonly provisionalMs: number;
  /** How much the entry's clock is ahead of the tag's, in ticks; within -C and C. */
  readonly ahead: number;
  readonly readers: number;
  readonly workers: number;
  readonly modes: readonly BustMode[];
  /** Which deps a load may report: 1 the first subject's, 2 the second's, 3 both, 0 none. */
  readonly reports: readonly number[];
  readonly primary?: boolean;
  readonly blind?: boolean;
  /** How long entries may be served, in ticks; members are trimmed then. */
  readonly keepMs?: number;
  /** Mutants of the order of steps. */
  readonly floorsFirst?: boolean;
  readonly primarySlackMs?: number;
  /** Two fills of the key may have the same time, to the microsecond: the protocol's known limit. */
  readonly sameMicrosecond?: boolean;
  /** Values do not go away by themselves, readers do not die: fewer states. */
  readonly calm?: boolean;
  /** The clocks stand still: only the order of steps counts, and no floor or lease ends. */
  readonly still?: boolean;
}

export const written = 0;
export const acked = 2;
export const ackedHard = 4;
/** Busts of the next list and of the list under way: the newest write of each subject, and the newest busted hard. */
export const raised = 6;
export const walked = 10;
export const entry = 14;
export const data = 15;
export const score = 17;
export const scoreAge = 18;
export const tag = 19;
export const ages = 20;

/** A reader: stage, data a and b, report, age of its lease, score and age of its fill. */
export const readerSize = 7;
/** A worker: stage, list, score seen, whether the member is gone. */
export const workerSize = 4;

/** Stages of a reader. */
export const leased = 1;
export const loaded = 2;
export const filled = 3;
export const checked = 4;
export const mayPromote = 5;
export const mustDrop = 6;
export const fromPrimary = 4;

/** Stages of a worker. */
export const walking = 1;
export const atMember = 2;
export const busted = 3;
export const passed = 4;

export const names = ["a", "b"];
