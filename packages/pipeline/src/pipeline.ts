import { type KafkaRecord, limits, rejected } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { BustPort } from "@freshet/store/port";
import { apply } from "./apply.js";
import { deadLetterBytes } from "./dead-letter.js";
import { decode } from "./decode.js";
import { type Mapped, map } from "./map.js";
import { plan } from "./plan.js";
import { type SettlePorts, settle } from "./settle.js";
import type { SliceReport } from "./slice-report.js";
import type { SliceStep, SliceTrace } from "./slice-trace.js";
import { type FramePorts, hasFrames, unframeSome } from "./unframe.js";

/** The points between two effects; a test kills the process there. */
export type PipelinePoint = "before_apply" | "after_apply" | "after_settle";

export interface PipelinePorts extends SettlePorts, FramePorts {
  readonly store: BustPort;
  /** Called at each point; for tests. */
  readonly reached?: (point: PipelinePoint) => void;
  /** Follows this slice; nobody does without it. */
  readonly trace?: SliceTrace;
}

/**
 * The story of a slice: some records of one partition, in order, from bytes to ended. Returns when every one of them has
 * ended; throws when one has not, and may then be run again with the same records.
 *
 * @throws FreshetError as `runPart`.
 */
export async function runSlice(records: readonly KafkaRecord[], ports: PipelinePorts): Promise<SliceReport> {
  const parts = [await runPart(records, ports)];
  for (let at = parts[0]?.records.length ?? 0; at < records.length; at += parts.at(-1)?.records.length ?? 0) {
    parts.push(await runPart(records.slice(at), ports));
  }
  const [part] = parts;
  return parts.length === 1 && part !== undefined ? part : joined(parts, records);
}

function joined(parts: readonly SliceReport[], records: readonly KafkaRecord[]): SliceReport {
  return {
    records,
    mapped: parts.flatMap((part) => part.mapped),
    ended: parts.flatMap((part) => part.ended),
    busts: parts.flatMap((part) => part.busts),
    outcomes: parts.flatMap((part) => part.outcomes),
    tagBusts: parts.flatMap((part) => part.tagBusts),
    tagOutcomes: parts.flatMap((part) => part.tagOutcomes),
  };
}

/**
 * The first records of a slice, as many as bring no more busts than may be sent together, and at least one: however many
 * events with however many keys there are, memory and the time of a step are bounded. `records` of the report are the ones that
 * have ended; throws when none has.
 *
 * The service, dev mode and replays run this same function; a dry run passes a read-only store.
 *
 * @throws FreshetError `wait` or `halt` from the store, the broker or the schema registry, never for what a record holds.
 */
export async function runPart(slice: readonly KafkaRecord[], ports: PipelinePorts): Promise<SliceReport> {
  const mapped = await inStep("match", ports, () => mapSlice(slice, ports));
  const records = mapped.length === slice.length ? slice : slice.slice(0, mapped.length);
  const planned = plan(mapped);
  ports.reached?.("before_apply");
  const applied = await inStep("apply", ports, () => apply(planned, ports.store));
  ports.reached?.("after_apply");
  const ended = await inStep("settle", ports, () => settle({ records, mapped, plan: planned, applied }, ports));
  ports.reached?.("after_settle");
  return { records, mapped, ended, busts: planned.busts, tagBusts: planned.tagBusts, ...applied };
}

function inStep<T>(step: SliceStep, { trace }: Pick<PipelinePorts, "trace">, work: () => Promise<T>): Promise<T> {
  return trace === undefined ? work() : trace.step(step, work);
}

async function mapSlice(records: readonly KafkaRecord[], ports: PipelinePorts): Promise<readonly Mapped[]> {
  return hasFrames(ports.rules) ? await mapFramed(records, ports) : mapUntilFull(records, (record) => mapRecord(record, ports.rules));
}

async function mapFramed(records: readonly KafkaRecord[], ports: FramePorts): Promise<readonly Mapped[]> {
  const unframed = await unframeSome(records, ports);
  return mapUntilFull(records.slice(0, unframed.length), (record, at) => {
    const one = unframed[at] ?? { kind: "record", record };
    return one.kind === "record" ? mapRecord(one.record, ports.rules) : one;
  });
}

/** Ends where a record would bring too many busts, or too large a dead letter; it is mapped again in the next part, by pure functions. */
function mapUntilFull(records: readonly KafkaRecord[], mapOne: (record: KafkaRecord, at: number) => Mapped): readonly Mapped[] {
  const mapped: Mapped[] = [];
  let busts = limits.bustsPerSliceMax;
  let letterBytes = limits.deadLetterBytesPerSliceMax;
  for (const record of records) {
    const next = mapOne(record, mapped.length);
    if (next.kind === "busts") busts -= next.busts.length;
    else if (next.kind === "rejected") letterBytes -= deadLetterBytes(record);
    if ((busts < 0 || letterBytes < 0) && mapped.length > 0) break;
    mapped.push(next);
  }
  return mapped;
}

/**
 * Both steps are pure, so what they throw (a stack that is too deep, a bug of ours) is thrown for this record each time:
 * it is dead-lettered like other bad data instead of stopping its partition for ever.
 */
function mapRecord(record: KafkaRecord, rules: CompiledRules): Mapped {
  try {
    return map(decode(record, rules), rules);
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    return rejected(
      "undecodable",
      `decoding or mapping this record failed with ${name}`,
      "Report it with the record: this is a bug in Freshet.",
    );
  }
}
