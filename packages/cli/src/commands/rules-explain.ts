import {
  type Bust,
  type Decoded,
  type DomainEvent,
  decodeEvent,
  FreshetError,
  type JsonObject,
  type RecordHeader,
  subjectOf,
} from "@freshet/protocol";
import type { CompiledRules, RuleExplanation } from "@freshet/rules";
import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { readInput, readObject } from "../read-input.js";
import { count, readRules } from "../rules-file.js";

export interface RulesExplainOptions {
  readonly file: string;
  /** Path of a record's value in JSON: a CloudEvent in structured mode, or what the topic's format is. */
  readonly event: string;
  /** The record's key as text; formats other than CloudEvents may have the id there. */
  readonly key?: string;
  /** The topic it would arrive on; without it, the first whose sources take it. */
  readonly topic?: string;
  /** `NAME=VALUE` each: headers of the record, for rules that read them. */
  readonly header?: readonly string[];
  readonly json: boolean;
}

const encoder = new TextEncoder();

/** Shows for one event what each rule makes of it and why: what the service would do, without the service. */
export async function rulesExplain(io: Io, deps: Deps, options: RulesExplainOptions): Promise<ExitCode> {
  const rules = await readRules(options.file, deps);
  const text = await readInput(options.event, deps);
  const value = readObject(text, options.event);
  const { topic, decoded } = decode(
    { text, topics: options.topic === undefined ? topicsFor(value, rules) : [options.topic] },
    rules,
    options,
  );
  if (decoded.kind === "rejected") {
    const { reason, message, fix } = decoded.rejection;
    if (options.json) outJson(io, { topic, rejected: { reason, message, fix }, rules: [] });
    else io.out(`dead-lettered as ${reason}: ${message} — ${fix}`);
    return exitCodes.findings;
  }
  if (decoded.kind !== "event") {
    if (options.json) outJson(io, { topic, rejected: null, event: null, rules: [] });
    else if (decoded.kind === "ignored") io.out("ignored: this says nothing about any subject, so nothing happens");
    else io.out(`${decoded.kind}: no source of ${topic} takes this event, so nothing happens`);
    return exitCodes.done;
  }
  return tell(io, { topic, event: decoded.event, rules, json: options.json });
}

function decode(
  event: { readonly text: string; readonly topics: readonly string[] },
  rules: CompiledRules,
  options: RulesExplainOptions,
): { topic: string; decoded: Decoded } {
  const contentType = header("content-type", "application/cloudevents+json");
  const given = (options.header ?? []).map(readHeader);
  const key = options.key === undefined ? null : encoder.encode(options.key);
  const value = encoder.encode(event.text);
  const tried = event.topics.map((topic) => {
    const sources = rules.sourcesOf(topic);
    const headers = sources[0]?.format === "cloudevents" ? [contentType, ...given] : given;
    return { topic, decoded: decodeEvent({ topic, partition: 0, offset: 0, timestampMs: 0, key, value, headers }, sources) };
  });
  const taken =
    tried.find(({ decoded }) => decoded.kind === "event") ?? tried.find(({ decoded }) => decoded.kind === "rejected") ?? tried[0];
  if (taken !== undefined) return taken;
  throw new FreshetError("FR1003", "usage", "the rules file has no sources", "Add the source of the event, or name another file.");
}

/** Where such an event may arrive: a CloudEvent says what it is, anything else is for topics of the other formats. */
function topicsFor(event: JsonObject, rules: CompiledRules): readonly string[] {
  const isCloudEvent = Object.hasOwn(event, "specversion");
  const fitting = rules.topics.filter((topic) => (rules.sourcesOf(topic)[0]?.format === "cloudevents") === isCloudEvent);
  return fitting.length > 0 ? fitting : rules.topics;
}

function readHeader(text: string): RecordHeader {
  const at = text.indexOf("=");
  if (at > 0) return header(text.slice(0, at), text.slice(at + 1));
  throw new FreshetError("FR1001", "usage", "--header is not NAME=VALUE", "For example: --header x-tenant=acme");
}

function header(name: string, value: string): RecordHeader {
  return { name, value: encoder.encode(value) };
}

interface Told {
  readonly topic: string;
  readonly event: DomainEvent;
  readonly rules: CompiledRules;
  readonly json: boolean;
}

function tell(io: Io, { topic, event, rules, json }: Told): ExitCode {
  const explained = rules.explain(event);
  const mapped = rules.map(event);
  const rejected = mapped.kind === "rejected" ? mapped.rejection : null;
  const { source, type, op, version } = event;
  const subject = subjectOf(event.space, event.subject);
  if (json) {
    const told = explained.map(({ busts, ...rule }) => ({ ...rule, busts: busts.map(targetOf) }));
    outJson(io, { topic, rejected, event: { source, type, op, subject, version }, rules: told });
  } else {
    io.out(`event  ${type} (${op}) of ${subject}, ${version === null ? "blind" : `version ${version}`}, from source ${source}`);
    for (const rule of explained) for (const line of ruleLines(rule)) io.out(line);
    const busts = mapped.kind === "busts" ? mapped.busts : [];
    io.out(
      rejected === null
        ? `result ${count(busts, "bust")}`
        : `result dead-lettered as ${rejected.reason}: ${rejected.message} — ${rejected.fix}`,
    );
  }
  return rejected === null ? exitCodes.done : exitCodes.findings;
}

function ruleLines({ rule, matched, because, busts }: RuleExplanation): readonly string[] {
  if (!matched) return [`rule   ${rule}: no, ${because}`];
  if (busts.length === 0) return [`rule   ${rule}: yes, but it makes nothing of this event`];
  return [`rule   ${rule}: yes`, ...busts.map((bust) => `         ${bustText(bust)}`)];
}

function bustText(bust: Bust): string {
  if (bust.target === "key") return `key ${bust.key} (family ${bust.family}, ${bust.entry.kind}, ${bust.mode})`;
  return `${bust.target} ${bust.tag} (${bust.mode})`;
}

function targetOf(bust: Bust) {
  const { mode } = bust;
  return bust.target === "key" ? { key: bust.key, family: bust.family, mode } : { [bust.target]: bust.tag, mode };
}
