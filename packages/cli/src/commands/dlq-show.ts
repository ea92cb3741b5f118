import { FreshetError } from "@freshet/protocol";
import { type DeadLetterShown, deadLetterTopicOf, readLetterId, showDeadLetter } from "@freshet/replay";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { usePatiently } from "../patient.js";
import { plain } from "../plain.js";
import { readingGroup, rulesIfAny } from "./dlq-query.js";
import { COLUMNS, number, shortInstant, wrap } from "./dlq-text.js";

export interface DlqShowOptions {
  readonly id: string;
  readonly topic?: string;
  readonly payload: boolean;
  readonly flags: Flags;
  readonly json: boolean;
}

const LABEL_COLUMNS = 13;
const PAYLOAD_CHARACTERS_MAX = 16_384;
const HEADER_CHARACTERS_MAX = 200;

/** All of one dead letter: why and where it failed, its headers and sizes, the event in it. Its payload only when asked for. */
export async function dlqShow(io: Io, deps: Deps, options: DlqShowOptions): Promise<ExitCode> {
  const place = readLetterId(options.id);
  if (place === null) {
    throw new FreshetError(
      "FR1001",
      "usage",
      "that is no id of a dead letter",
      "Write <partition>-<offset>, as freshet dlq list does: 3-17.",
    );
  }
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const topic = options.topic ?? deadLetterTopicOf(deployment.name);
  const rules = await rulesIfAny(io, deployment, deps);
  const stop = AbortSignal.any([deps.stop, io.unread]);
  const group = readingGroup(deployment, deps);
  const frames = deployment.connectFrames(deps.clock);
  const query = {
    ...place,
    deployment: deployment.name,
    topic,
    group,
    rules,
    frames,
    payload: options.payload,
    stop,
    onProgress: () => {},
  };
  const shown = await usePatiently(deployment, { stop }, (reading) => showDeadLetter(reading, query));
  frames.close();
  if (shown === null) {
    if (stop.aborted) return deps.stop.aborted ? exitCodes.interrupted : exitCodes.done;
    const fix = "Look for it with freshet dlq list; the topic's retention may have taken it.";
    throw new FreshetError("FR1001", "usage", `there is no dead letter ${options.id} in ${topic}`, fix);
  }
  if (options.json) outJson(io, shown);
  else for (const line of linesOf(shown)) io.out(plain(line));
  return exitCodes.done;
}

function linesOf(shown: DeadLetterShown): readonly string[] {
  return [...failureRows(shown), ...eventRows(shown), ...sizeRows(shown), ...headerRows(shown), ...payloadRows(shown)].flatMap(
    ([label, text]) => wrap(`${label.padEnd(LABEL_COLUMNS)} ${text}`, " ".repeat(LABEL_COLUMNS + 1), COLUMNS),
  );
}

type Row = readonly [label: string, text: string];

function failureRows(shown: DeadLetterShown): readonly Row[] {
  const { id, topic, written, dialect, reason, rule, message, fingerprint, source, batch, group, rulesHash } = shown;
  const origin = source === null ? "not told" : `${source.topic}, partition ${source.partition}, offset ${source.offset}`;
  return [
    ["letter", `${id} in ${topic}, written ${shortInstant(written)} by ${dialect}`],
    ["state", stateText(shown.resolution)],
    ["reason", reason],
    ...(rule === "" ? [] : [["rule", rule] as const]),
    ...(message === "" ? [] : [["message", message] as const]),
    ["fingerprint", fingerprint],
    ["record", batch === null ? origin : `${origin}: a batch of offsets ${batch.from} to ${batch.to} that nobody could decode`],
    ["failed", failedText(shown)],
    ...(group === null ? [] : [["group", group] as const]),
    ...(rulesHash === null ? [] : [["rules", rulesHash] as const]),
  ];
}

function stateText({ state, job, at, by, outcome }: DeadLetterShown["resolution"]): string {
  if (state === "unknown") return "not known: nobody marks letters of this topic";
  if (state === "open") return "open";
  const said = [outcome, job === null ? null : `by job ${job}`, by === null ? null : `of ${by}`, at === null ? null : `at ${at}`];
  return ["resolved", ...said.filter((part) => part !== null)].join(" ");
}

function failedText({ firstFailed, lastFailed, attempts }: DeadLetterShown): string {
  const times = firstFailed === lastFailed ? [firstFailed] : [firstFailed, lastFailed];
  const said = times.flatMap((time) => (time === null ? [] : [shortInstant(time)])).join(" to ");
  const count = attempts === null ? "" : `${number(attempts)} attempt${attempts === 1 ? "" : "s"}`;
  return [said, count].filter((part) => part !== "").join(", ") || "not told";
}

function eventRows({ event, now }: DeadLetterShown): readonly Row[] {
  const rows: Row[] = [];
  if (event !== null) {
    const version = event.version === null ? "blind" : `version ${event.version}`;
    const tenant = event.tenant === null ? "" : `, tenant ${event.tenant}`;
    rows.push(["event", `${event.type} (${event.op}) of ${event.space}/${event.subject}, ${version}, source ${event.source}${tenant}`]);
  }
  rows.push(["now", nowText(now)]);
  return rows;
}

/** What a replay under the rules of now would make of it, before anything is asked of Redis. */
function nowText(now: DeadLetterShown["now"]): string {
  if (now === null) return "not known without rules";
  if (now.outcome === "busts") return `would be applied: ${number(now.busts ?? 0)} bust${now.busts === 1 ? "" : "s"}`;
  if (now.outcome === "dead") return `would fail again as ${now.reason ?? ""}: ${now.message ?? ""}. Fix: ${now.fix ?? ""}`;
  return now.outcome === "no_match" ? "no rule takes it" : "would be ignored";
}

function sizeRows({ sizes: { key, value, headers } }: DeadLetterShown): readonly Row[] {
  const bytes = (size: number | null): string => (size === null ? "null" : `${number(size)} B`);
  return [["sizes", `key ${bytes(key)}, value ${bytes(value)}, headers ${bytes(headers)}`]];
}

function headerRows({ headers }: DeadLetterShown): readonly Row[] {
  return headers.map(({ name, bytes, text }, at) => {
    const value = text === null ? `(${bytes === null ? "null" : `${number(bytes)} B`})` : `= ${clip(text, HEADER_CHARACTERS_MAX)}`;
    return [at === 0 ? "headers" : "", `${name} ${value}`];
  });
}

function payloadRows({ payload }: DeadLetterShown): readonly Row[] {
  if (payload === null) return [["payload", "not shown: it may be private; --payload shows it"]];
  return [
    ["key", payloadText(payload.key)],
    ["value", payloadText(payload.value)],
  ];
}

type Payload = NonNullable<DeadLetterShown["payload"]>["value"];

function payloadText(payload: Payload): string {
  if (payload === null) return "null";
  return clip("text" in payload ? payload.text : `base64 ${payload.base64}`, PAYLOAD_CHARACTERS_MAX);
}

function clip(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)} … (all of it with --json)`;
}
