import { type Bust, type Decoded, type DomainEvent, type KafkaRecord, type Rejection, subjectOf, type Version } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { failedToDecode } from "../decode-each.js";
import type { ReachReport } from "./explanation.js";
import type { KeyReach } from "./reach.js";
import { recordPrint } from "./record-print.js";

/** Where a record lies, and what its event says of itself; no data of it. */
export interface EventFacts {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly type: string;
  readonly op: string;
  /** `""` when the record cannot be read. */
  readonly subject: string;
  readonly version: Version | null;
  /** Of its key and value, to know it again in a dead letter. */
  readonly print: string;
}

/** A record that concerns the key: it busts it, it should be told why it does not, or it cannot be applied. */
export interface Candidate extends EventFacts {
  /** Busts of the key or of one of its tags. */
  readonly hits: readonly Bust[];
  /** Why rules that could touch the key do not. */
  readonly misses: readonly string[];
  readonly rejection: Rejection | null;
}

/** What makes a record one that concerns the key. */
export interface Concern {
  readonly reach: KeyReach;
  readonly reports: readonly ReachReport[];
  /** The subjects the entry was built from, stands under, or is made of. */
  readonly subjects: ReadonlySet<string>;
  readonly rules: CompiledRules;
}

/**
 * Says of a record whether it concerns a key, by the same decoding and mapping as the service's. One that cannot be decoded
 * concerns it when its record key is the id of one of the subjects: nothing else can be known of it. Pure.
 */
export function concernWith({ reach, reports, subjects, rules }: Concern): (record: KafkaRecord, decoded: Decoded) => Candidate | null {
  const tags = new Set(reach.tags.map(({ tag }) => tag));
  const isHit = (bust: Bust) => (bust.target === "key" ? bust.key === reach.key : tags.has(bust.tag));
  const ids = idsOf(subjects, rules);
  const reaching = new Set(reports.map(({ rule }) => rule));

  return (record, decoded) => {
    try {
      return printed(record, ofRecord(record, decoded));
    } catch {
      return printed(record, ofRecord(record, failedToDecode()));
    }
  };

  function ofRecord(record: KafkaRecord, decoded: Decoded): Omit<Candidate, "print"> | null {
    if (decoded.kind === "event") return ofEvent(record, decoded.event);
    if (record.key === null || !ids.has(decoder.decode(record.key))) return null;
    const unread = { ...placeOf(record), type: "", op: "", subject: "", version: null, hits: [] };
    if (decoded.kind === "rejected") return { ...unread, misses: [], rejection: decoded.rejection };
    const why = decoded.kind === "ignored" ? "it says nothing about any subject" : `no source of ${record.topic} takes it`;
    return { ...unread, misses: [why], rejection: null };
  }

  function ofEvent(record: KafkaRecord, event: DomainEvent): Omit<Candidate, "print"> | null {
    const { type, op, version } = event;
    const subject = subjectOf(event.space, event.subject);
    const facts = { ...placeOf(record), type, op, subject, version };
    const mapped = rules.map(event);
    if (mapped.kind === "rejected") {
      const meant = subjects.has(subject) || rules.explain(event).some(({ busts }) => busts.some(isHit));
      return meant ? { ...facts, hits: [], misses: [], rejection: mapped.rejection } : null;
    }
    const hits = mapped.busts.filter(isHit);
    if (hits.length > 0) return { ...facts, hits, misses: [], rejection: null };
    return subjects.has(subject) ? { ...facts, hits, misses: missesOf(event), rejection: null } : null;
  }

  function missesOf(event: DomainEvent): readonly string[] {
    const told = rules.explain(event).filter(({ rule }) => reaching.has(rule));
    const ofSource = told.filter(({ rule }) => reports.some((report) => report.rule === rule && report.source === event.source));
    if (ofSource.length === 0) return [`no rule for source ${event.source} touches this key or its tags`];
    return ofSource.map(({ rule, matched, because }) => `${rule}: ${matched ? "it busts others than this one" : because}`);
  }
}

const decoder = new TextDecoder();

function placeOf({ topic, partition, offset, timestampMs }: KafkaRecord) {
  return { topic, partition, offset, timestampMs };
}

/** Only of what concerns the key: most records do not. */
function printed(record: KafkaRecord, candidate: Omit<Candidate, "print"> | null): Candidate | null {
  return candidate === null ? null : { ...candidate, print: recordPrint(record) };
}

/** The subjects without their spaces: what producers use as the keys of records. */
function idsOf(subjects: ReadonlySet<string>, rules: CompiledRules): ReadonlySet<string> {
  const spaces = new Set(rules.topics.flatMap((topic) => rules.sourcesOf(topic).map(({ space }) => space)));
  const idOf = (subject: string, space: string) => (subject.startsWith(`${space}/`) ? [subject.slice(space.length + 1)] : []);
  return new Set([...subjects].flatMap((subject) => [...spaces].flatMap((space) => idOf(subject, space))));
}
