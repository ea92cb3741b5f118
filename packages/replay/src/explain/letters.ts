import { readLetterId } from "../dead-letters/letter-id.js";
import { type Resolution, readResolutions, type WrittenLetter } from "../dead-letters/resolved.js";
import { scanDeadLetters } from "../dead-letters/scan.js";
import { deadLetterTopicOf } from "../topics.js";
import type { ExplainRequest } from "./explain.js";
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
  readonly complete: boolean;
}

type Found = WrittenLetter & Pick<Letter, "id" | "reason" | "message">;

/** The newest dead letter of each of these records; none where there is nothing to look for, or no dead-letter topic. */
export async function readLetters(
  { kafka, stop }: { readonly kafka: ExplainKafka; readonly stop: AbortSignal },
  { places, request }: { readonly places: readonly Place[]; readonly request: ExplainRequest },
): Promise<Letters> {
  const newest = new Map<string, Found>();
  const found = new Map<string, Letter>();
  const wanted = new Set(places.map(placeText));
  const { ownGroup: group, deployment, sinceMs } = request;
  const topic = deadLetterTopicOf(deployment);
  if (wanted.size === 0) return { found, complete: true };
  if (stop.aborted) return { found, complete: false };
  if ((await kafka.offsets([topic])).length === 0) return { found, complete: true };
  const { complete } = await scanDeadLetters(kafka, {
    topic,
    group,
    sinceMs,
    untilMs: null,
    accepts: ({ source }) => source !== null && wanted.has(placeText(source)),
    onLetters: async (some) => {
      for (const { id, reason, message, source, writtenAtMs } of some) {
        const at = readLetterId(id);
        if (source !== null && at !== null) newest.set(placeText(source), { ...at, id, reason, message, writtenAtMs });
      }
    },
    stop,
  });
  if (newest.size === 0) return { found, complete };
  const resolutions = await readResolutions(kafka, [...newest.values()], { deployment, group, stop, onProgress: () => undefined });
  for (const [at, [place, letter]] of [...newest].entries()) found.set(place, letterOf(letter, resolutions[at] ?? null));
  return { found, complete };
}

function letterOf({ id, reason, message }: Found, resolution: Resolution | null): Letter {
  const busted = resolution?.outcome === "applied" || resolution?.outcome === "covered";
  return { id, reason, message, resolved: resolution !== null, busted };
}

/** Names a record by where it lies. */
export function placeText({ topic, partition, offset }: Place): string {
  return `${topic}/${partition}/${offset}`;
}
