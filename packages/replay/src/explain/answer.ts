import type { Family } from "@freshet/rules";
import type { Answer, EventsReport } from "./explanation.js";
import type { KeyState } from "./key-state.js";
import { type Standing, standingOf } from "./standing.js";
import type { Judged } from "./verdict.js";

/** What the answer is made of; `null` for what could not be asked. */
export interface Evidence {
  readonly family: Family;
  readonly state: KeyState | null;
  readonly events: { readonly judged: readonly Judged[]; readonly report: EventsReport; readonly when: string } | null;
}

/** The one sentence that an explanation begins with. Pure. */
export function answerOf(evidence: Evidence): Answer {
  const { family, state, events } = evidence;
  if (state === null) return { kind: "unknown", text: "unknown: Redis could not be asked" };
  const standing = standingOf(state, family);
  if (standing.kind === "unknown") return { kind: "unknown", text: `unknown: ${standing.because}` };
  const judged = events?.judged ?? [];
  if (standing.kind === "absent" || standing.kind === "fills_refused") return absent(standing, evidence);
  const missed = judged.map(whyStale).find((because) => because !== null);
  if (standing.kind === "fresh" && missed !== undefined && missed !== null) return { kind: "stale", text: `stale because ${missed}` };
  if (standing.kind === "stale") return { kind: "stale", text: `stale because ${standing.because}` };
  return { kind: "fresh", text: `fresh${reservation(state, evidence)}` };
}

/** Why an event makes what is there stale; `null` where it does not. */
function whyStale({ candidate, report, isNewer, isUnseen, hasRemoved }: Judged): string | null {
  const { verdict, because } = report;
  const what = eventText(report);
  if (verdict === "not yet consumed" && isUnseen && candidate.hits.length > 0) return `${what} is not yet consumed`;
  if (verdict === "dead-lettered" && isUnseen && report.letter?.resolved !== true) return `${what} was dead-lettered: ${because}`;
  return hasRemoved && isNewer ? `an older value was written after ${what} had busted it` : null;
}

function eventText({ topic, partition, offset, subject, version }: Judged["report"]): string {
  const place = `${topic} ${partition}/${offset}`;
  if (subject === "") return place;
  return `${place} (${subject}${version === null ? ", blind" : ` version ${version}`})`;
}

function absent(standing: Standing, { family, events }: Evidence): Answer {
  if (standing.kind === "fills_refused") return { kind: "fills_refused", text: `fills refused until ${standing.because}` };
  if (standing.because !== "") return { kind: "absent", text: `absent because ${standing.because}` };
  const remover = events === null ? null : removerOf(events);
  if (remover !== null) return { kind: "absent", text: `absent because ${remover} removed it, or nothing was there` };
  const otherwise = `nothing filled it, or its ${ttlText(family.ttlMs)} are over`;
  if (events === null) return { kind: "absent", text: `absent because ${otherwise}; events could not be read` };
  return { kind: "absent", text: `absent because ${otherwise}: no event ${events.when} removed it` };
}

/** What removed it last: an event, or somebody by hand. */
function removerOf({ judged, report }: NonNullable<Evidence["events"]>): string | null {
  const event = judged.find((one) => one.hasRemoved)?.report;
  const bust = report.byHand?.find(({ outcome }) => outcome === "done");
  if (bust !== undefined && (event === undefined || bust.at > event.at)) return `a bust by hand (${bust.user}@${bust.host}, ${bust.at})`;
  return event === undefined ? null : eventText(event);
}

function reservation(state: KeyState, { events }: Evidence): string {
  if (state.view.value === "unversioned") return " as far as can be told: its version cannot be read";
  if (events === null) return " as far as Redis tells: events could not be read";
  const unmatched = events.judged.find(({ report, isNewer }) => report.verdict === "no_match" && isNewer);
  if (unmatched !== undefined) return ` by the rules, though older than ${eventText(unmatched.report)}, which matches none that touches it`;
  if (!events.report.complete) return " as far as events were read";
  return `: no event ${events.when} says otherwise`;
}

function ttlText(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const;
  const unit = units.find(([, unitMs]) => ms % unitMs === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}
