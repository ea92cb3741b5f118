import type { KafkaRecord } from "@freshet/protocol";
import { readLetterId } from "../dead-letters/letter-id.js";
import { type Resolution, readResolutions, type WrittenLetter } from "../dead-letters/resolved.js";
import { scanDeadLetters } from "../dead-letters/scan.js";
import { deadLetterTopicOf } from "../topics.js";
import type { ExplainRequest } from "./explain.js";
import { recordPrint } from "./record-print.js";
import type { ExplainKafka } from "./scan-events.js";
import type { Letter } from "./verdict.js";

interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface Letters {
  /** By `placeText` of the record. */
  readonly found: ReadonlyMap<string, Letter>;
  /** Ids of dead letters that name the place of a record and hold another, by `placeText`: whoever may write there may claim anything. */
  readonly disbelieved: ReadonlyMap<string, string>;
  readonly complete: boolean;
}

type Found = WrittenLetter & Pick<Letter, "id" | "reason" | "message" | "isChecked">;

/**
 * The newest dead letter of each of these records, first of those that hold the very record; none where there is nothing to look for,
 * or no dead-letter topic.
 */
export async function readLetters(
  { kafka, stop }: { readonly kafka: ExplainKafka; readonly stop: AbortSignal },
  { records, request }: { readonly records: readonly (Place & { readonly print: string })[]; readonly request: ExplainRequest },
): Promise<Letters> {
  const newest = new Map<string, Found>();
  const found = new Map<string, Letter>();
  const disbelieved = new Map<string, string>();
  const wanted = new Map(records.map((record) => [placeText(record), record.print]));
  const { ownGroup: group, deployment, sinceMs } = request;
  const topic = deadLetterTopicOf(deployment);
  if (wanted.size === 0) return { found, disbelieved, complete: true };
  if (stop.aborted) return { found, disbelieved, complete: false };
  if ((await kafka.offsets([topic])).length === 0) return { found, disbelieved, complete: true };
  const { complete } = await scanDeadLetters(kafka, {
    topic,
    group,
    sinceMs,
    untilMs: null,
    accepts: ({ source }) => source !== null && wanted.has(placeText(source)),
    onLetters: async (some) => {
      for (const letter of some) {
        const at = readLetterId(letter.id);
        const place = letter.source === null ? "" : placeText(letter.source);
        const claim = claimOf(letter.record, wanted.get(place));
        if (claim === "another") disbelieved.set(place, letter.id);
        else if (at !== null && (claim === "same" || newest.get(place)?.isChecked !== true)) {
          const { id, reason, message, writtenAtMs } = letter;
          newest.set(place, { ...at, id, reason, message, writtenAtMs, isChecked: claim === "same" });
        }
      }
    },
    stop,
  });
  if (newest.size === 0) return { found, disbelieved, complete };
  const resolutions = await readResolutions(kafka, [...newest.values()], { deployment, group, stop, onProgress: () => undefined });
  for (const [at, [place, letter]] of [...newest].entries()) found.set(place, letterOf(letter, resolutions[at] ?? null));
  return { found, disbelieved, complete };
}

/** What a letter holds, of the record that lies at the place it names. A batch that nobody could decode is not in its letter. */
function claimOf(held: KafkaRecord, print: string | undefined): "same" | "another" | "unchecked" {
  if (held.undecodable !== undefined) return "unchecked";
  return recordPrint(held) === print ? "same" : "another";
}

function letterOf({ id, reason, message, isChecked }: Found, resolution: Resolution | null): Letter {
  const busted = resolution?.outcome === "applied" || resolution?.outcome === "covered";
  return { id, reason, message, isChecked, resolved: resolution !== null, busted };
}

/** Names a record by where it lies. */
export function placeText({ topic, partition, offset }: Place): string {
  return `${topic}/${partition}/${offset}`;
}
