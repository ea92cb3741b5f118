import type { KafkaPort } from "@freshet/kafka/port";
import type { Decoded, FramePort } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { decodeEachBy } from "../decode-each.js";
import { deadLetterTopicOf } from "../topics.js";
import { instantText } from "./instants.js";
import type { DeadLetter } from "./letter.js";
import { createLetterFilter, type LetterChoice } from "./letter-filter.js";
import { LetterGroups } from "./letter-groups.js";
import { LetterStats } from "./letter-stats.js";
import type { DeadLetterList, DeadLetterStats } from "./reports.js";
import { readResolved } from "./resolved.js";
import { type ScanWindow, scanDeadLetters } from "./scan.js";
import type { Found } from "./tallies.js";
import { findTenants } from "./tenants.js";

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
  /** Reads values that name their schema, for rules that have such sources. */
  readonly frames?: FramePort | undefined;
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
  const { where, ...said } = choice;
  const rough = createLetterFilter({ ...said, where: null });
  const fine = createLetterFilter({ reason: null, rule: null, where });
  const tenants = findTenants(query.rules);
  const decodes = decoderFor(query, tenants.needEvents);
  let read = 0;
  let wanted = 0;
  let resolved = 0;
  const window = await scanDeadLetters(kafka, {
    topic,
    group,
    sinceMs: query.sinceMs,
    untilMs: query.untilMs,
    stop,
    accepts: (letter) => {
      read++;
      return rough.accepts(letter);
    },
    onLetters: async (letters) => {
      const marked = await marks;
      await decodes(letters, (letter, decoded) => {
        if (!fine.accepts(letter, decoded)) return;
        wanted++;
        const isResolved = marked?.has(letter.partition, letter.offset, letter.writtenAtMs) ?? false;
        if (isResolved) resolved++;
        onFound({ letter, isResolved, tenant: tenants.of(letter, decoded) });
      });
      onProgress(read);
    },
  });
  await marks;
  const counts = areMarked ? { open: wanted - resolved, resolved } : { open: null, resolved: null };
  const unanswered = where === null ? null : { ...fine.unanswered() };
  return { totals: { v: 1, window: windowOf(window), wanted, ...counts, unanswered }, areMarked };
}

/** Takes each letter once, in order, with its record decoded where that is asked for and can be had. */
type DecodeLetters = (letters: readonly DeadLetter[], take: (letter: DeadLetter, decoded: Decoded | undefined) => void) => Promise<void>;

/** Decodes where somebody asks for events. Without `where` it is only for the tenants, and no registry that is away may stop that. */
function decoderFor({ choice: { where }, rules, frames }: DeadLetterQuery, tenantsNeedEvents: boolean): DecodeLetters {
  const known = where?.rules ?? rules;
  const decodeEach = known === null || (where === null && !tenantsNeedEvents) ? null : decodeEachBy(known, frames);
  return async (letters, take) => {
    let taken = 0;
    const next = (decoded?: Decoded): void => {
      const letter = letters[taken++];
      if (letter !== undefined) take(letter, decoded);
    };
    const originals = decodeEach === null ? [] : letters.map(({ record }) => record);
    const decoding = decodeEach?.(originals, (decoded) => next(decoded));
    await decoding?.catch((error: unknown) => {
      if (where !== null) throw error;
    });
    while (taken < letters.length) next();
  };
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
