import { decode, hasFrames, unframeSome } from "@freshet/pipeline";
import { type Decoded, type FramePort, type KafkaRecord, rejected } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";

/** Takes each of some records as it was decoded, in their order; `at` is its place among them. */
export type TakeDecoded = (decoded: Decoded, at: number) => void;

/**
 * Decodes some records as the service does, one after the other: what they hold need not lie in memory together. Errors are those of
 * the registry; what was taken by then may be taken again.
 */
export type DecodeEach = (records: readonly KafkaRecord[], take: TakeDecoded) => Promise<void>;

/** What names its schema is looked up first, as many records at a time as the registry's reader gives. */
export function decodeEachBy(rules: CompiledRules, frames: FramePort | undefined): DecodeEach {
  if (!hasFrames(rules)) {
    return async (records, take) => {
      for (const [at, record] of records.entries()) take(decodeOne(record, rules), at);
    };
  }
  return async (records, take) => {
    let at = 0;
    while (at < records.length) {
      const unframed = await unframeSome(records.slice(at), { rules, frames });
      for (const one of unframed) take(one.kind === "record" ? decodeOne(one.record, rules) : one, at++);
    }
  };
}

/** The same for few records: all that they hold. */
export function decoderOf(
  rules: CompiledRules,
  frames: FramePort | undefined,
): (records: readonly KafkaRecord[]) => Promise<readonly Decoded[]> {
  const decodeEach = decodeEachBy(rules, frames);
  return async (records) => {
    const all: Decoded[] = [];
    await decodeEach(records, (decoded) => void all.push(decoded));
    return all;
  };
}

function decodeOne(record: KafkaRecord, rules: CompiledRules): Decoded {
  try {
    return decode(record, rules);
  } catch {
    return failedToDecode();
  }
}

/** What the service makes of a record on which decoding or mapping throws: a bug of ours that concerns this record alone. */
export function failedToDecode(): Decoded {
  return rejected("undecodable", "decoding or mapping this record failed", "Report it with the record: this is a bug in Freshet.");
}
