import { areFramed, type FramePort, FreshetError, type KafkaRecord, type Unframed } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";

export interface FramePorts {
  readonly rules: CompiledRules;
  /** What reads values that name their schema; needed where a source says `encoding: registry`. */
  readonly frames?: FramePort | undefined;
}

/** By rules: whether any of their sources is framed. */
const known = new WeakMap<CompiledRules, boolean>();

/** Whether some records under these rules name their schema. */
export function hasFrames(rules: CompiledRules): boolean {
  const told = known.get(rules) ?? rules.topics.some((topic) => areFramed(rules.sourcesOf(topic)));
  known.set(rules, told);
  return told;
}

/**
 * Before the first arrow: the first of some records as `decode` reads them, as many as may lie in memory together and at least one.
 * Schemas that are not known yet are looked up here, so that decoding never waits.
 *
 * @throws FreshetError `wait` or `halt` while a schema cannot be had.
 */
export async function unframeSome(records: readonly KafkaRecord[], { rules, frames }: FramePorts): Promise<readonly Unframed[]> {
  if (frames === undefined) {
    const problem = "the rules file has sources with `encoding: registry`, and nothing here reads them";
    throw new FreshetError("FR1007", "halt", problem, "Set FRESHET_SCHEMA_REGISTRY_URL for whatever runs these rules.");
  }
  const unframed = await frames.unframe(records, rules.sourcesOf);
  if (unframed.length > 0 || records.length === 0) return unframed;
  throw new FreshetError("FR9001", "halt", "no record of a slice was looked at", "Report it: this is a bug in Freshet.");
}
