import type { ReplayPlanReport, Selection } from "@freshet/replay";
import { wrap } from "../commands/dlq-text.js";
import { countLines, row } from "./counts-text.js";
import { duration } from "./progress.js";

/** A plan as lines: the same plan always gives the same ones. */
export function planLines(plan: ReplayPlanReport): readonly string[] {
  const { selection, counts, comparison, limited, force, heldBack } = plan;
  const before = [
    row("plan", `${selectionText(selection)}; nothing is changed`),
    ...filterLines(selection),
    ...(limited ? [row("limit", "reached: there may be more records than these")] : []),
    ...(heldBack.offsets === 0 ? [] : [row("not read", heldBackText(heldBack))]),
    ...(force ? FORCE.map((text, at) => row(at === 0 ? "force" : "", text)) : []),
  ];
  const after = [...(comparison === null ? [] : comparisonLines(comparison, plan.rulesHash)), row("time", timeText(plan))];
  const folded = (lines: readonly string[]): readonly string[] => lines.flatMap((line) => wrap(line, row("", "")));
  return [...folded(before), ...countLines(counts, "would", plan.closer), ...folded(after)];
}

const FORCE = [
  "versions are ignored: what is cached goes, however new it is, and loads",
  "under way may not fill for a while; floors that stand are not lowered",
];

function heldBackText({ offsets, ranges }: ReplayPlanReport["heldBack"]): string {
  const [what, them] = offsets === 1 ? ["1 offset", "it"] : [`${offsets} offsets`, "them"];
  const places = ranges.map(({ partition, from, to }) => `${partition}/${from}-${to - 1}`).slice(0, PLACES_MAX);
  const more = ranges.length > PLACES_MAX ? ", …" : "";
  return `${what} that open transactions hold back (${places.join(", ")}${more}); plan again once the transactions have ended to see ${them}`;
}

/** Partitions named at most: the rest is in --json. */
const PLACES_MAX = 8;

export function selectionText(selection: Selection): string {
  if (selection.kind === "dlq") return `dead letters of ${selection.topic}`;
  return `history of ${selection.topic}`;
}

function filterLines(selection: Selection): readonly string[] {
  const times =
    selection.kind === "dlq"
      ? { "written since": selection.since, "written before": selection.until, reason: selection.reason, rule: selection.rule }
      : { from: selection.from, to: selection.to };
  const chosen = Object.entries({ ...times, where: selection.where }).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value}`],
  );
  return chosen.map((text, at) => row(at === 0 ? "chosen" : "", text));
}

function comparisonLines(
  { rulesHash, counts, same, changes }: NonNullable<ReplayPlanReport["comparison"]>,
  hash: string,
): readonly string[] {
  const removed = `the running rules would remove ${counts.keys.removed} of ${counts.keys.touched} keys`;
  return [
    row("rules", `${hash.slice(0, 12)} in place of ${rulesHash.slice(0, 12)}, which run now`),
    row("", removed),
    row("", same === 1 ? "1 record ends the same" : `${same} records end the same`),
    ...changes.map(({ from, to, records }) => row("", `${String(records).padStart(8)}  ${from} -> ${to}`)),
  ];
}

function timeText({ expectedMs, rates }: ReplayPlanReport): string {
  if (expectedMs === null) return "as fast as it can";
  const { recordsPerSecond, bustsPerSecond } = rates;
  const limits = [
    ...(recordsPerSecond === null ? [] : [`${recordsPerSecond} records/s`]),
    ...(bustsPerSecond === null ? [] : [`${bustsPerSecond} busts/s`]),
  ];
  return `about ${duration(expectedMs)} at ${limits.join(" and ")}`;
}
