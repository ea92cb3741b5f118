import type { CloserFindings, Counts, InexactCause, KeyCounts } from "@freshet/replay";
import { wrap } from "../commands/dlq-text.js";

/** Whether something would be done, or is done. */
export type Tense = "would" | "did";

const WIDTH = 9;
const LABEL = 18;
const COUNT = 8;
/** Where the text behind a count begins. */
const MORE = WIDTH + 2 + LABEL + COUNT + 3;
const IN_ITEM = row("", "  ");

/** One line of a report: a word of its own in front, or none. */
export function row(name: string, text: string): string {
  return `${name.padEnd(WIDTH)}${text}`;
}

function item(label: string, count: number, more = ""): string {
  return row("", `  ${label.padEnd(LABEL)}${String(count).padStart(COUNT)}${more === "" ? "" : `   ${more}`}`);
}

/** Counts as lines that fit into 80 columns; the same counts always give the same lines. `closer`: what only a plan looks at. */
export function countLines(counts: Counts, tense: Tense, closer?: CloserFindings): readonly string[] {
  const lines = [...recordLines(counts), ...keyLines(counts, tense, closer), ...tagLines(counts, tense, closer)];
  return lines.flatMap((line) => wrap(line, " ".repeat(line.startsWith(IN_ITEM) ? MORE : WIDTH + 2)));
}

function recordLines({ records, passed, passedBecause, failing, span }: Counts): readonly string[] {
  const times = span === null ? [] : [row("", `${span.from} to ${span.to}`)];
  const left = passed === 0 ? "" : `, ${passed} others read and not chosen`;
  return [
    row("records", `${records.chosen} chosen${left}`),
    ...passedLines(passedBecause),
    ...times,
    item("a rule busts", records.busting),
    item("no rule", records.noRule),
    ...(records.ignored === 0 ? [] : [item("ignored", records.ignored, "tombstones and the like")]),
    item("still failing", records.failing, list(failing)),
    ...(records.foreign === 0 ? [] : [item("foreign", records.foreign, "topic not declared, or place not known")]),
  ];
}

/** An expression with a typo chooses nothing, and is not heard of elsewhere. */
function passedLines(because: Counts["passedBecause"]): readonly string[] {
  const { resolved, noEvent, notEvaluated } = because ?? { resolved: 0, noEvent: 0, notEvaluated: 0 };
  const unanswered = noEvent + notEvaluated;
  return [
    ...(resolved === 0 ? [] : [row("", `${resolved} of the others resolved before`)]),
    ...(unanswered === 0
      ? []
      : [row("", `--where had no answer for ${unanswered}: ${noEvent} without an event, ${notEvaluated} not evaluated`)]),
  ];
}

const INEXACT: Readonly<Record<InexactCause, string>> = {
  many_keys: "at most so many: of more than a million, some may count twice",
  two_runs: "two runs: keys that both touched count twice, and what a killed one removed last counts as not cached",
  slice_run_again: "the store did not answer in time, and busts were sent again: what they had removed counts as not cached",
};

function keyLines(
  { keys, removedBecause, families, exact, inexactBecause }: Counts,
  tense: Tense,
  closer?: CloserFindings,
): readonly string[] {
  const names = Object.keys(families);
  const why = inexactBecause ?? (exact ? [] : ["many_keys" as const]);
  return [
    row("keys", `${exact ? "" : "about "}${keys.touched} touched`),
    ...why.flatMap((cause) => wrap(row("", `  ${INEXACT[cause]}`), row("", "  "))),
    item(tense === "would" ? "would remove" : "removed", keys.removed, list(removedBecause)),
    ...withoutSubjectLines(closer),
    ...(keys.softened === 0 ? [] : [item(tense === "would" ? "would mark stale" : "marked stale", keys.softened)]),
    item("already newer", keys.covered),
    ...(keys.kept === 0 ? [] : [item("kept", keys.kept, "no version that can be read")]),
    item("nothing cached", keys.absent),
    ...(names.length < 2 ? [] : names.map((name) => row("", `  ${name}: ${familyText(families[name], tense)}`))),
  ];
}

function familyText(family: KeyCounts | undefined, tense: Tense): string {
  if (family === undefined) return "";
  const { touched, removed, softened, covered, absent } = family;
  const stale = softened === 0 ? "" : `${softened} ${tense === "would" ? "to mark stale" : "marked stale"}, `;
  return `${touched} touched, ${removed} ${tense === "would" ? "to remove" : "removed"}, ${stale}${covered} newer, ${absent} not cached`;
}

/** They go at every replay, once their floor is gone: nothing in them says that they are new enough. */
function withoutSubjectLines(closer: CloserFindings | undefined): readonly string[] {
  if (closer === undefined || closer.older.withoutSubject === 0) return [];
  const { looked, withoutSubject } = closer.older;
  return [row("", `    ${withoutSubject} of ${looked} looked at were built without the event's subject`)];
}

function tagLines({ tags }: Counts, tense: Tense, closer?: CloserFindings): readonly string[] {
  if (tags.touched === 0) return [];
  const held = closer === undefined || closer.tags.looked === 0 ? "" : `${closer.tags.members} entries in their indexes`;
  return [
    row("tags", `${tags.touched} touched; the service walks the indexes of swept ones`),
    item(tense === "would" ? "would bust" : "busted", tags.busted, held),
    item("busted before", tags.covered),
  ];
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
