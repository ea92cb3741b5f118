import { type Bust, type Decoded, type DomainEvent, decodeCloudEvent, FreshetError, type RecordHeader, subjectOf } from "@freshet/protocol";
import type { CompiledRules, RuleExplanation } from "@freshet/rules";
import type { Deps } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { readInput, readObject } from "../read-input.js";
import { count, readRules } from "../rules-file.js";

export interface RulesExplainOptions {
  readonly file: string;
  /** Path of a CloudEvent in structured JSON. */
  readonly event: string;
  /** The topic it would arrive on; without it, the first whose sources take it. */
  readonly topic?: string;
  /** `NAME=VALUE` each: headers of the record, for rules that read them. */
  readonly header?: readonly string[];
  readonly json: boolean;
}

/** Shows for one event what each rule makes of it and why: what the service would do, without the service. */
export async function rulesExplain(io: Io, deps: Deps, options: RulesExplainOptions): Promise<ExitCode> {
  const rules = await readRules(options.file, deps);
  const text = await readInput(options.event, deps);
  readObject(text, options.event);
  const { topic, decoded } = decode(text, rules, options);
  if (decoded.kind === "rejected") {
    const { reason, message, fix } = decoded.rejection;
    if (options.json) outJson(io, { topic, rejected: { reason, message, fix }, rules: [] });
    else io.out(`dead-lettered as ${reason}: ${message} — ${fix}`);
    return exitCodes.findings;
  }
  if (decoded.kind !== "event") {
    if (options.json) outJson(io, { topic, rejected: null, event: null, rules: [] });
    else io.out(`${decoded.kind}: no source of ${topic} takes this event, so nothing happens`);
    return exitCodes.done;
  }
  return tell(io, { topic, event: decoded.event, rules, json: options.json });
}

function decode(text: string, rules: CompiledRules, options: RulesExplainOptions): { topic: string; decoded: Decoded } {
  const contentType = header("content-type", "application/cloudevents+json");
  const headers = [contentType, ...(options.header ?? []).map(readHeader)];
  const value = new TextEncoder().encode(text);
  const topics = options.topic === undefined ? topicsOfCloudEvents(rules) : [options.topic];
  const tried = topics.map((topic) => {
    const record = { topic, partition: 0, offset: 0, timestampMs: 0, key: null, value, headers };
    return { topic, decoded: decodeCloudEvent(record, rules.sourcesOf(topic)) };
  });
  const taken =
    tried.find(({ decoded }) => decoded.kind === "event") ?? tried.find(({ decoded }) => decoded.kind === "rejected") ?? tried[0];
  if (taken !== undefined) return taken;
  throw new FreshetError("FR1004", "usage", "the rules file has no source of CloudEvents", "This release explains CloudEvents only.");
}

function topicsOfCloudEvents(rules: CompiledRules): readonly string[] {
  return rules.topics.filter((topic) => rules.sourcesOf(topic).some((source) => source.format === "cloudevents"));
}

function readHeader(text: string): RecordHeader {
  const at = text.indexOf("=");
  if (at > 0) return header(text.slice(0, at), text.slice(at + 1));
  throw new FreshetError("FR1001", "usage", "--header is not NAME=VALUE", "For example: --header x-tenant=acme");
}

function header(name: string, value: string): RecordHeader {
  return { name, value: new TextEncoder().encode(value) };
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
