import type { CommittedOffset } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { readLetterId } from "../dead-letters/letter-id.js";
import { readResolved } from "../dead-letters/resolved.js";
import { groupsOf } from "../dead-letters/rights.js";
import { scanDeadLetters } from "../dead-letters/scan.js";
import { decodeEachBy } from "../decode-each.js";
import { deadLetterTopicOf, jobsTopicOf } from "../topics.js";
import { bustsByHand } from "./by-hand.js";
import { type Candidate, concernWith } from "./candidates.js";
import type { ExplainRequest, Situation } from "./explain.js";
import type { ByHandReport, EventsReport, ReachReport } from "./explanation.js";
import type { KeyState } from "./key-state.js";
import { subjectsOf } from "./reach.js";
import { type ExplainKafka, type ScannedEvents, scanEvents } from "./scan-events.js";
import { type Judged, judge, type Known } from "./verdict.js";

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
  const letters = await lettersOf(scanned.candidates, reading, request);
  const byHand = await byHandOf(reading, { request, reach });
  const readLagMs = family.bounds.lagMs + family.bounds.skewMs;
  const judged = scanned.candidates.map((candidate) => {
    const next = committed.find((at) => at.topic === candidate.topic && at.partition === candidate.partition)?.offset ?? null;
    return judge(candidate, { state, readLagMs, committed: next, letter: letters.found.get(placeText(candidate)) ?? null });
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

type Letter = NonNullable<Known["letter"]>;

interface Letters {
  readonly found: ReadonlyMap<string, Letter>;
  readonly complete: boolean;
}

/** The newest dead letter of each of these records, by its place; none where there is nothing to look for, or no dead-letter topic. */
async function lettersOf(candidates: readonly Candidate[], { kafka, stop }: Reading, request: ExplainRequest): Promise<Letters> {
  const found = new Map<string, Letter>();
  const written = new Map<string, number>();
  const wanted = new Set(candidates.map(placeText));
  const topic = deadLetterTopicOf(request.deployment);
  if (wanted.size === 0) return { found, complete: true };
  if (stop.aborted) return { found, complete: false };
  if ((await kafka.offsets([topic])).length === 0) return { found, complete: true };
  const { ownGroup: group, deployment, sinceMs } = request;
  const { complete } = await scanDeadLetters(kafka, {
    topic,
    group,
    sinceMs,
    untilMs: null,
    accepts: ({ source }) => source !== null && wanted.has(placeText(source)),
    onLetters: async (some) => {
      for (const { id, reason, message, source, writtenAtMs } of some) {
        if (source === null) continue;
        found.set(placeText(source), { id, reason, message, resolved: false });
        written.set(placeText(source), writtenAtMs);
      }
    },
    stop,
  });
  if (found.size === 0) return { found, complete };
  const resolved = await readResolved(kafka, { deployment, group, stop, onProgress: () => undefined });
  for (const [place, letter] of found) {
    const at = readLetterId(letter.id);
    const writtenAtMs = written.get(place);
    if (at === null || writtenAtMs === undefined) continue;
    found.set(place, { ...letter, resolved: resolved.has(at.partition, at.offset, writtenAtMs) });
  }
  return { found, complete };
}

function placeText({ topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: number }): string {
  return `${topic}/${partition}/${offset}`;
}

/** Where the broker refuses for lack of rights, the error names all that are needed. */
export function withRights(error: unknown, { rules, deployment, liveGroup, ownGroup }: ExplainRequest): unknown {
  if (!(error instanceof FreshetError) || error.code !== "FR3006") return error;
  const topics = [...rules.topics, deadLetterTopicOf(deployment), jobsTopicOf(deployment)];
  const own = `Read, Describe and Delete on ${groupsOf(ownGroup)}`;
  const fix = `Grant the client's user Read on the topics ${topics.join(", ")}, Describe on group ${liveGroup}, and ${own}.`;
  return new FreshetError("FR3006", error.disposition, error.message, fix, error);
}
