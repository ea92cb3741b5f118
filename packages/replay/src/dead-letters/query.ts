import type { KafkaPort } from "@freshet/kafka/port";
import type { CompiledRules } from "@freshet/rules";
import { deadLetterTopicOf } from "../topics.js";
import { instantText } from "./instants.js";
import { createLetterFilter, type LetterChoice } from "./letter-filter.js";
import { LetterGroups } from "./letter-groups.js";
import { LetterStats } from "./letter-stats.js";
import type { DeadLetterList, DeadLetterStats } from "./reports.js";
import { readResolved } from "./resolved.js";
import { type ScanWindow, scanDeadLetters } from "./scan.js";
import type { Found } from "./tallies.js";
import { tenantReader } from "./tenants.js";

/** What of a broker dead letters are read with. */
export type DeadLetterKafka = Pick<KafkaPort, "read" | "offsets" | "offsetsAt" | "describeGroup" | "deleteGroup">;

export interface DeadLetterQuery {
  readonly deployment: string;
  /** A dead-letter topic of somebody else; `null`: the deployment's own. */
  readonly topic: string | null;
  /** A consumer group for this query alone: it is made and deleted. */
  readonly group: string;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  readonly choice: LetterChoice;
  /** Tell the tenants; `null`: they stay unknown. */
  readonly rules: CompiledRules | null;
  /** Aborted: the query ends with what it has, and the window says so. */
  readonly stop: AbortSignal;
  /** Told after each batch how many letters were read. */
  readonly onProgress: (letters: number) => void;
}

/**
 * The dead letters of a topic by cause, those with most open letters first, at most `limit` groups.
 *
 * @throws FreshetError as `scanDeadLetters`.
 */
export async function listDeadLetters(kafka: DeadLetterKafka, query: DeadLetterQuery, limit: number): Promise<DeadLetterList> {
  const collected = new LetterGroups();
  const scanned = await scan(kafka, query, (found) => collected.add(found));
  const groups = collected.groups(scanned.areMarked, query.rules !== null);
  const { letters, resolved } = collected.others;
  const others = { letters, open: scanned.areMarked ? letters - resolved : null };
  return { ...scanned.totals, groups: groups.slice(0, limit), groupsFound: groups.length, others };
}

/**
 * The dead letters of a topic in numbers.
 *
 * @throws FreshetError as `scanDeadLetters`.
 */
export async function statDeadLetters(kafka: DeadLetterKafka, query: DeadLetterQuery): Promise<DeadLetterStats> {
  const stats = new LetterStats();
  const scanned = await scan(kafka, query, (found) => stats.add(found));
  return { ...scanned.totals, ...stats.numbers(scanned.areMarked, query.rules !== null) };
}

interface Scanned {
  readonly totals: Pick<DeadLetterList, "v" | "window" | "wanted" | "open" | "resolved" | "unanswered">;
  /** Whether anybody marks letters of this topic as resolved. */
  readonly areMarked: boolean;
}

async function scan(kafka: DeadLetterKafka, query: DeadLetterQuery, onFound: (found: Found) => void): Promise<Scanned> {
  const { deployment, group, choice, stop, onProgress } = query;
  const topic = query.topic ?? deadLetterTopicOf(deployment);
  const areMarked = topic === deadLetterTopicOf(deployment);
  const marks = areMarked ? readResolved(kafka, { deployment, group: `${group}-resolved`, stop, onProgress: () => {} }) : null;
  marks?.catch(() => {}); // thrown where it is awaited
  const filter = createLetterFilter(choice);
  const tenantOf = tenantReader(query.rules);
  let read = 0;
  let resolved = 0;
  const window = await scanDeadLetters(kafka, {
    topic,
    group,
    sinceMs: query.sinceMs,
    untilMs: query.untilMs,
    stop,
    accepts: (letter) => {
      read++;
      return filter.accepts(letter);
    },
    onLetters: async (letters) => {
      const marked = await marks;
      for (const letter of letters) {
        const isResolved = marked?.has(letter.partition, letter.offset) ?? false;
        if (isResolved) resolved++;
        onFound({ letter, isResolved, tenant: tenantOf(letter) });
      }
      onProgress(read);
    },
  });
  await marks;
  const counts = areMarked ? { open: window.accepted - resolved, resolved } : { open: null, resolved: null };
  const unanswered = choice.where === null ? null : { ...filter.unanswered() };
  return { totals: { v: 1, window: windowOf(window), wanted: window.accepted, ...counts, unanswered }, areMarked };
}

function windowOf(window: ScanWindow): DeadLetterList["window"] {
  return {
    topic: window.topic,
    since: instantText(window.sinceMs),
    until: instantText(window.untilMs),
    ranges: window.ranges.map(({ partition, from, to }) => ({ partition, from, to })),
    complete: window.complete,
    letters: window.letters,
    oldest: instantText(window.oldestMs),
    newest: instantText(window.newestMs),
  };
}
