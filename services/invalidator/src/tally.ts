import type { SliceReport } from "@freshet/pipeline";
import type { BustMode, BustOutcome, DeadReason, RecordOutcome, Rejection } from "@freshet/protocol";

/** A slice in numbers. Counted once a slice, so that metrics cost nothing a record. */
export interface Tally {
  readonly ended: Readonly<Record<RecordOutcome, number>>;
  readonly dead: ReadonlyMap<DeadReason, number>;
  /** The first rejected record, for the log. */
  readonly firstDead: { readonly offset: number; readonly rejection: Rejection } | null;
  readonly rules: ReadonlyMap<string, number>;
  readonly families: ReadonlyMap<string, FamilyTally>;
}

export interface FamilyTally {
  readonly outcomes: Record<BustOutcome, number>;
  readonly unlinked: Record<BustMode, number>;
}

export function tally(report: SliceReport): Tally {
  return { ...countRecords(report), families: countBusts(report) };
}

function countRecords({ records, mapped, ended }: SliceReport): Omit<Tally, "families"> {
  const outcomes: Record<RecordOutcome, number> = { applied: 0, covered: 0, no_match: 0, ignored: 0, dead: 0 };
  const dead = new Map<DeadReason, number>();
  const rules = new Map<string, number>();
  let firstDead: Tally["firstDead"] = null;
  for (const [at, outcome] of ended.entries()) {
    outcomes[outcome]++;
    const record = mapped[at];
    if (record?.kind === "rejected") {
      const { rejection } = record;
      dead.set(rejection.reason, (dead.get(rejection.reason) ?? 0) + 1);
      firstDead ??= { offset: records[at]?.offset ?? -1, rejection };
    } else if (record?.kind === "busts") {
      let counted = ""; // busts of one rule lie side by side
      for (const { rule } of record.busts) {
        if (rule !== counted) rules.set(rule, (rules.get(rule) ?? 0) + 1);
        counted = rule;
      }
    }
  }
  return { ended: outcomes, dead, firstDead, rules };
}

function countBusts({ busts, outcomes }: SliceReport): Map<string, FamilyTally> {
  const families = new Map<string, FamilyTally>();
  for (const [at, { family, mode, entry }] of busts.entries()) {
    const outcome = outcomes[at];
    if (outcome === undefined) continue;
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
