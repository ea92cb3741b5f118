import type { SliceReport } from "@freshet/pipeline";
import type { Bust, BustMode, BustOutcome, DeadReason, RecordOutcome, Rejection, TagOutcome } from "@freshet/protocol";

/** A slice in numbers. Counted once a slice, so that metrics cost nothing a record. */
export interface Tally {
  readonly ended: Readonly<Record<RecordOutcome, number>>;
  readonly dead: ReadonlyMap<DeadReason, number>;
  /** The first rejected record, for the log. */
  readonly firstDead: { readonly offset: number; readonly rejection: Rejection } | null;
  readonly rules: ReadonlyMap<string, number>;
  readonly families: ReadonlyMap<string, FamilyTally>;
  readonly tags: Readonly<Record<TagOutcome, number>>;
}

export interface FamilyTally {
  readonly outcomes: Record<BustOutcome, number>;
  readonly unlinked: Record<BustMode, number>;
}

export function tally(report: SliceReport): Tally {
  return { ...countRecords(report), families: countBusts(report), tags: countTags(report) };
}

function countTags({ tagOutcomes }: SliceReport): Record<TagOutcome, number> {
  const counts: Record<TagOutcome, number> = { pending: 0, bumped: 0, covered: 0 };
  for (const outcome of tagOutcomes) counts[outcome]++;
  return counts;
}

function countRecords({ records, mapped, ended }: SliceReport): Omit<Tally, "families" | "tags"> {
  const outcomes: Record<RecordOutcome, number> = { applied: 0, covered: 0, no_match: 0, ignored: 0, dead: 0 };
  const dead = new Map<DeadReason, number>();
  const rules = new Map<string, number>();
  let firstDead: Tally["firstDead"] = null;
  let before: RecordOutcome = "applied";
  let run = 0; // most records of a slice end alike: one addition for all that lie side by side
  for (let at = 0; at < ended.length; at++) {
    const outcome: RecordOutcome = ended[at] ?? before;
    if (outcome === before) run++;
    else {
      outcomes[before] += run;
      before = outcome;
      run = 1;
    }
    const record = mapped[at];
    if (record?.kind === "busts") countRules(record.busts, rules);
    if (record?.kind !== "rejected") continue;
    const { rejection } = record;
    dead.set(rejection.reason, (dead.get(rejection.reason) ?? 0) + 1);
    firstDead ??= { offset: records[at]?.offset ?? -1, rejection };
  }
  outcomes[before] += run;
  return { ended: outcomes, dead, firstDead, rules };
}

/** Each rule of a record once: the busts of one rule lie side by side. */
function countRules(busts: readonly Bust[], rules: Map<string, number>): void {
  let counted = "";
  for (const { rule } of busts) {
    if (rule !== counted) rules.set(rule, (rules.get(rule) ?? 0) + 1);
    counted = rule;
  }
}

function countBusts({ busts, outcomes }: SliceReport): Map<string, FamilyTally> {
  const families = new Map<string, FamilyTally>();
  for (let at = 0; at < busts.length; at++) {
    const bust = busts[at];
    const outcome = outcomes[at];
    if (bust === undefined || outcome === undefined) continue;
    const { family, mode, entry } = bust;
    let one = families.get(family);
    if (one === undefined) {
      one = { outcomes: { removed: 0, softened: 0, absent: 0, covered: 0, unversioned: 0 }, unlinked: { hard: 0, soft: 0 } };
      families.set(family, one);
    }
    one.outcomes[outcome]++;
    if (outcome === "removed" || (outcome === "unversioned" && entry.onUnversioned === "bust")) one.unlinked[mode]++;
  }
  return families;
}
