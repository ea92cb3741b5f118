import type { ProduceRecord } from "@freshet/kafka/port";
import { type KafkaRecord, parseJson } from "@freshet/protocol";
import type { LetterPlace } from "../dead-letters/letter-id.js";
import { readMark } from "../dead-letters/marks.js";
import type { MarkedTime } from "../dead-letters/resolved-letters.js";
import { jobsTopicOf } from "../topics.js";
import { type Job, jobSchema } from "./job.js";

/** What lies in the jobs topic. */
export type JobRecord =
  | { readonly kind: "job"; readonly id: string; readonly job: Job }
  /** Somebody wants to go on with a job: the first one to say so may. */
  | { readonly kind: "claim"; readonly id: string; readonly token: string }
  /** Whoever works on the job is to leave it. */
  | { readonly kind: "abort"; readonly id: string }
  | { readonly kind: "rules"; readonly hash: string; readonly text: string }
  /** `null`: the letter is open again. */
  | {
      readonly kind: "resolved";
      readonly letter: LetterPlace;
      readonly mark: { readonly jobId: string; readonly time: MarkedTime } | null;
    };

/** A dead letter that a replay brought to its end; the letter itself stays where it is. */
export interface ResolvedMark {
  /** The dead letter's. */
  readonly id: string;
  /** When the letter was written, in milliseconds since 1970; missing in marks of releases before. */
  readonly writtenAtMs?: number | undefined;
  readonly jobId: string;
  /** RFC 3339. */
  readonly at: string;
  readonly by: { readonly user: string; readonly host: string };
  readonly outcome: string;
}

const encoder = new TextEncoder();
const contentType = { name: "content-type", value: encoder.encode("application/json") };

export function jobRecord(job: Job): ProduceRecord {
  return record(job.deployment, `job/${job.id}`, job);
}

export function claimRecord(
  deployment: string,
  claim: { readonly id: string; readonly token: string; readonly at: string },
): ProduceRecord {
  return record(deployment, `claim/${claim.id}`, claim);
}

export function abortRecord(deployment: string, abort: { readonly id: string; readonly at: string }): ProduceRecord {
  return record(deployment, `abort/${abort.id}`, abort);
}

export function rulesRecord(deployment: string, rules: { readonly hash: string; readonly text: string }): ProduceRecord {
  return record(deployment, `rules/${rules.hash}`, rules);
}

export function resolvedRecord(deployment: string, mark: ResolvedMark): ProduceRecord {
  return record(deployment, `resolved/${mark.id}`, mark);
}

function record(deployment: string, key: string, value: object): ProduceRecord {
  const bytes = encoder.encode(JSON.stringify(value));
  return { topic: jobsTopicOf(deployment), key: encoder.encode(key), value: bytes, headers: [contentType] };
}

/** Ids are printed within command lines, to be pasted: whoever may write to the topic chooses them. */
const form = /^(job|claim|abort|rules|resolved)\/([0-9A-Za-z][0-9A-Za-z_-]{0,99})$/;

/** Reads one; `null` for what is nothing of these, or cannot be read. */
export function readJobRecord({ key, value, timestampMs }: KafkaRecord): JobRecord | null {
  const [, kind = "", id = ""] = form.exec(key === null ? "" : (textOf(key) ?? "")) ?? [];
  if (kind === "resolved") return resolvedOf({ key, value, timestampMs });
  if (kind === "" || value === null) return null;
  const content = parsed(value);
  if (kind === "abort") return { kind, id };
  if (kind === "job") {
    const job = jobSchema.safeParse(content);
    return job.success && job.data.id === id ? { kind, id, job: job.data } : null;
  }
  if (typeof content !== "object" || content === null) return null;
  const { token, text } = content as Readonly<Record<string, unknown>>;
  if (kind === "claim") return typeof token === "string" ? { kind, id, token } : null;
  return kind === "rules" && typeof text === "string" ? { kind, hash: id, text } : null;
}

function resolvedOf(record: Pick<KafkaRecord, "key" | "value" | "timestampMs">): JobRecord | null {
  const mark = readMark(record);
  if (mark === null) return null;
  const { letter, time, content } = mark;
  return { kind: "resolved", letter, mark: time === null ? null : { jobId: String(content.jobId ?? ""), time } };
}

function parsed(value: Uint8Array): unknown {
  try {
    return parseJson(textOf(value) ?? "");
  } catch {
    return null;
  }
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
