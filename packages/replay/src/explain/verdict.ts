import { type Bust, covers, type EntryState } from "@freshet/protocol";
import { instantNear } from "../dead-letters/instants.js";
import type { Candidate } from "./candidates.js";
import { pendingOf } from "./entry-report.js";
import type { EventReport, Verdict } from "./explanation.js";
import { epochsOf, type KeyState } from "./key-state.js";
import { coversFact, heldVersion, isOlder } from "./standing.js";

/** What is known of a record besides what is in it. */
export interface Known {
  /** `null` when Redis could not be asked. */
  readonly state: KeyState | null;
  /** R of the family, in milliseconds. */
  readonly readLagMs: number;
  /** The next offset the live group reads of its partition; `null` where it has committed none. */
  readonly committed: number | null;
  readonly letter: Letter | null;
  /** The id of a dead letter that names the record's place and holds another record. */
  readonly disbelieved: string | null;
}

export interface Letter {
  readonly id: string;
  readonly reason: string;
  readonly message: string;
  /** It holds the key and value of the record; else nobody can tell. */
  readonly isChecked: boolean;
  /** A replay brought it to its end. */
  readonly resolved: boolean;
  /** And busted what its rules said, whatever those of today say. */
  readonly busted: boolean;
}

/** A candidate, judged. */
export interface Judged {
  readonly candidate: Candidate;
  readonly report: EventReport;
  /** What is there now has an older version of the event's subject. */
  readonly isNewer: boolean;
  /** Nothing shows that what is there now was loaded with the event in it. */
  readonly isUnseen: boolean;
  /** It removed what was there, as far as can be told: by the service or by a replay. */
  readonly hasRemoved: boolean;
}

/**
 * What a record did, or would do, by what is there now. `removed`: what was there is gone, or was filled again without a
 * version that covers it. Pure.
 */
export function judge(candidate: Candidate, known: Known): Judged {
  const { topic, partition, offset, timestampMs, type, op, subject, version } = candidate;
  const { verdict, because: why } = verdictOf(candidate, known);
  const because = [why, ...doubtsOf(known)].filter((text) => text !== "").join("; ");
  const hits = candidate.hits.map((bust) => ({ rule: bust.rule, target: bust.target, name: nameOf(bust), mode: bust.mode }));
  const letter = known.letter === null ? null : letterReport(known.letter);
  const at = instantNear(timestampMs);
  return {
    candidate,
    report: { topic, partition, offset, at, type, op, subject, version, verdict, because, hits, letter, disbelieved: known.disbelieved },
    isNewer: version !== null && known.state !== null && isOlder(known.state.view, { subject, version }),
    isUnseen: isUnseen(candidate, known),
    hasRemoved: verdict === "removed" || (verdict === "dead-lettered" && known.letter?.busted === true),
  };
}

function letterReport({ id, reason, resolved, isChecked }: Letter): EventReport["letter"] {
  return { id, reason, resolved, checked: isChecked };
}

/** Whoever may write to the dead-letter topic may name any record. */
function doubtsOf({ letter, disbelieved }: Known): readonly string[] {
  const unchecked = letter !== null && !letter.isChecked;
  return [
    ...(unchecked ? [`dead letter ${letter.id} is of a whole batch: whether this record was in it cannot be checked`] : []),
    ...(disbelieved === null ? [] : [`dead letter ${disbelieved} claims this place but holds another record: not believed`]),
  ];
}

/** Where no version tells, the times do: a load that began R after the event sees it. */
function isUnseen({ subject, version, timestampMs, hits }: Candidate, { state, readLagMs }: Known): boolean {
  if (state === null || state.view.value === null) return false;
  const { value, loadStartUs } = state.view;
  const held = heldVersion(value, subject);
  if (held !== null && version !== null) return !covers(held, version, hits[0]?.spaceKind ?? "counter");
  return loadStartUs === null || loadStartUs < (timestampMs + readLagMs) * 1000;
}

interface Said {
  readonly verdict: Verdict;
  readonly because: string;
}

function verdictOf(candidate: Candidate, { state, committed, letter }: Known): Said {
  const { rejection, hits, misses, offset } = candidate;
  // What a replay resolved was applied, if not by these rules: where they take it too, what is there now tells what it did.
  if (letter !== null && (!letter.resolved || rejection !== null)) {
    return { verdict: "dead-lettered", because: `${letter.reason}: ${letter.message}${letter.resolved ? " (resolved since)" : ""}` };
  }
  if (hits.length === 0 && rejection === null) return { verdict: "no_match", because: misses.join("; ") };
  const refused = rejection === null ? "" : `${rejection.reason}: ${rejection.message}`;
  if (letter === null && (committed === null || offset >= committed)) {
    const where = committed === null ? "the group has committed nothing of this partition" : `the group is at ${committed}`;
    return { verdict: "not yet consumed", because: refused === "" ? where : `${where}; these rules refuse it: ${refused}` };
  }
  if (refused !== "") return { verdict: "dead-lettered", because: `${refused} (no dead letter of it was found)` };
  if (state === null) return { verdict: "consumed", because: "Redis could not be asked what it did" };
  const said = hits.map((bust) => didTo(bust, state));
  const first = severity.flatMap((verdict) => said.find((one) => one.verdict === verdict) ?? [])[0] ?? { verdict: "removed", because: "" };
  return letter === null ? first : { ...first, because: `${first.because}; it was a dead letter, resolved since` };
}

/** Of several busts of one event the one that is told is the first of these. */
const severity: readonly Verdict[] = ["pending", "removed", "softened", "unversioned", "covered"];

function nameOf(bust: Bust): string {
  return bust.target === "key" ? bust.key : bust.tag;
}

const covered: Said = { verdict: "covered", because: "what is there is new enough" };

function didTo(bust: Bust, state: KeyState): Said {
  const { value } = state.view;
  if (bust.target === "epoch") return didToEpoch(bust.tag, state);
  if (value === null) return { verdict: "removed", because: "nothing is there now" };
  if (coversFact(value, bust)) return covered;
  const tag = bust.target === "tag" ? state.tags.find((candidate) => candidate.tag === bust.tag) : undefined;
  const isPending =
    tag?.carried === true && pendingOf(tag).some(({ subject, version }) => subject === bust.subject && version === bust.version);
  if (isPending) return { verdict: "pending", because: `the walk of tag ${nameOf(bust)} has not ended` };
  if (bust.mode === "soft" && state.view.softened !== null) return { verdict: "softened", because: "it is served as stale" };
  const isUnreadable = value === "unversioned" || value === "foreign";
  if (isUnreadable && bust.target === "key" && bust.entry.onUnversioned === "keep") {
    return { verdict: "unversioned", because: "its version cannot be read, and onUnversioned is keep" };
  }
  return { verdict: "removed", because: refilled(value, bust) };
}

function refilled(value: EntryState["value"], bust: Bust): string {
  if (bust.version !== null && isOlder({ value }, { subject: bust.subject, version: bust.version })) {
    return "an older value was written afterwards";
  }
  return "it was written again afterwards";
}

function didToEpoch(tag: string, state: KeyState): Said {
  const { value, epochs } = state.view;
  const generation = epochs.get(tag);
  const epoch = epochsOf(state).get(tag);
  if (value === null || generation === undefined) return { verdict: "removed", because: "nothing from before it is served" };
  if (epoch === undefined || generation < epoch.hardGeneration || generation > epoch.generation) {
    return { verdict: "removed", because: "what is there is from before it, and not served" };
  }
  if (generation < epoch.generation) return { verdict: "softened", because: "what is there is from before it, and served as stale" };
  return { verdict: "covered", because: "what is there was loaded after it" };
}
