import type { CommittedOffset } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { groupsOf } from "../dead-letters/rights.js";
import { decodeEachBy } from "../decode-each.js";
import { deadLetterTopicOf, jobsTopicOf } from "../topics.js";
import { bustsByHand } from "./by-hand.js";
import { concernWith } from "./candidates.js";
import type { ExplainRequest, Situation } from "./explain.js";
import type { ByHandReport, EventsReport, ReachReport } from "./explanation.js";
import type { KeyState } from "./key-state.js";
import { placeText, readLetters } from "./letters.js";
import { subjectsOf } from "./reach.js";
import { type ExplainKafka, type ScannedEvents, scanEvents } from "./scan-events.js";
import { type Judged, judge } from "./verdict.js";

/** The events that concern a key, newest first; the report tells as many as were asked for. */
export interface JudgedEvents {
  readonly judged: readonly Judged[];
  readonly report: EventsReport;
}

interface Asked extends Situation {
  readonly request: ExplainRequest;
  readonly committed: readonly CommittedOffset[];
}

interface Reading {
  readonly kafka: ExplainKafka;
  readonly stop: AbortSignal;
}

/** Reads the events that did or would have touched a key, and judges each. Errors as `LogReading`. */
export async function readEvents(reading: Reading, asked: Asked): Promise<JudgedEvents> {
  const { request, reach, reports, state, committed } = asked;
  const { rules, family, sinceMs, ownGroup, recordsMax } = request;
  const subjects = new Set([...subjectsOf(reports), ...heldSubjects(state)]);
  const topics = topicsOf(reports, subjects, rules);
  const decodeEach = decodeEachBy(rules, request.frames);
  const concerns = concernWith({ reach, reports, subjects, rules });
  const scanned = await scanEvents(reading.kafka, {
    topics,
    group: ownGroup,
    sinceMs,
    recordsMax,
    decodeEach,
    concerns,
    stop: reading.stop,
  });
  const letters = await readLetters(reading, { records: scanned.candidates, request });
  const byHand = await byHandOf(reading, { request, reach });
  const readLagMs = family.bounds.lagMs + family.bounds.skewMs;
  const judged = scanned.candidates.map((candidate) => {
    const next = committed.find((at) => at.topic === candidate.topic && at.partition === candidate.partition)?.offset ?? null;
    const place = placeText(candidate);
    const letter = letters.found.get(place) ?? null;
    return judge(candidate, { state, readLagMs, committed: next, letter, disbelieved: letters.disbelieved.get(place) ?? null });
  });
  return { judged, report: reportOf({ judged, scanned, topics, lettersAreRead: letters.complete, byHand }, request) };
}

interface Result {
  readonly judged: readonly Judged[];
  readonly scanned: ScannedEvents;
  readonly topics: readonly string[];
  readonly lettersAreRead: boolean;
  readonly byHand: ByHand;
}

function reportOf(
  { judged, scanned, topics, lettersAreRead, byHand }: Result,
  { sinceMs, nowMs, liveGroup, recordsMax, limit }: ExplainRequest,
): EventsReport {
  const { missing, read, within, found } = scanned;
  return {
    since: new Date(sinceMs).toISOString(),
    until: new Date(nowMs).toISOString(),
    group: liveGroup,
    topics: [...topics],
    missing: [...missing],
    read,
    within,
    recordsMax,
    complete: scanned.complete && lettersAreRead,
    because: scanned.because === "" && !lettersAreRead ? "not all dead letters were read" : scanned.because,
    found,
    list: judged.slice(0, limit).map(({ report }) => report),
    byHand: byHand === null ? null : [...byHand],
  };
}

type ByHand = readonly ByHandReport[] | null;

/** Who may read events need not be allowed to read the audit trail. */
async function byHandOf({ kafka, stop }: Reading, { request, reach }: Pick<Asked, "request" | "reach">): Promise<ByHand> {
  const { deployment, ownGroup: group, sinceMs, limit, key } = request;
  const tags = new Set(reach.tags.map(({ tag }) => tag));
  try {
    return await bustsByHand(kafka, { deployment, group, sinceMs, limit, key, tags, stop });
  } catch (error) {
    if (error instanceof FreshetError && error.code === "FR3006") return null;
    throw error;
  }
}

/** What the entry was built from, and what it stands under. */
function heldSubjects(state: KeyState | null): readonly string[] {
  if (state === null) return [];
  const { value, floors } = state.view;
  const deps = typeof value === "object" && value !== null && "deps" in value ? [...value.deps.keys()] : [];
  return [...deps, ...floors.map(({ subject }) => subject)];
}

/** The topics whose rules can touch the key, and those whose sources count its subjects. */
function topicsOf(reports: readonly ReachReport[], subjects: ReadonlySet<string>, rules: CompiledRules): readonly string[] {
  const touching = new Set(reports.map(({ topic }) => topic));
  const isCounted = (space: string) => [...subjects].some((subject) => subject.startsWith(`${space}/`));
  return rules.topics.filter((topic) => touching.has(topic) || rules.sourcesOf(topic).some(({ space }) => isCounted(space)));
}

/** Where the broker refuses for lack of rights, the error names all that are needed. */
export function withRights(error: unknown, { rules, deployment, liveGroup, ownGroup }: ExplainRequest): unknown {
  if (!(error instanceof FreshetError) || error.code !== "FR3006") return error;
  const topics = [...rules.topics, deadLetterTopicOf(deployment), jobsTopicOf(deployment)];
  const own = `Read, Describe and Delete on ${groupsOf(ownGroup)}`;
  const fix = `Grant the client's user Read on the topics ${topics.join(", ")}, Describe on group ${liveGroup}, and ${own}.`;
  return new FreshetError("FR3006", error.disposition, error.message, fix, error);
}
