import type { EventReport, Explanation, FloorReport, TagReport } from "@freshet/replay";
import { plain } from "../plain.js";
import { number, plural, wrap } from "./dlq-text.js";

type Entry = NonNullable<Explanation["entry"]>;
type Events = NonNullable<Explanation["events"]>;
type Row = readonly [label: string, text: string];

const LABEL_COLUMNS = 14;
/** What a rule gets that names no ops: all but `truncate`. */
const USUAL_OPS = 4;

/** An explanation for people: the answer, the state, the rules, the events, in 80 columns where words allow it. */
export function explanationLines(told: Explanation): readonly string[] {
  return linesOf(told).map(plain);
}

function linesOf(told: Explanation): readonly string[] {
  return [
    ...wrap(told.answer.text, "  "),
    "",
    ...rowsOf(told).flatMap(([label, text]) => wrap(`${label.padEnd(LABEL_COLUMNS)}${text}`, " ".repeat(LABEL_COLUMNS))),
    "",
    ...ruleLines(told.rules),
    ...(told.events === null ? [] : ["", ...eventLines(told.events)]),
  ];
}

function rowsOf({ key, family, kind, entry, tags, parameters }: Explanation): readonly Row[] {
  const made = parameters.map(
    (values) =>
      [
        "made of",
        Object.entries(values)
          .map(([name, value]) => `${name} ${value}`)
          .join(", "),
      ] as const,
  );
  const about: readonly Row[] = [["key", key], ["family", `${family}, ${kind}`], ...made.filter(([, text]) => text !== "")];
  return entry === null ? about : [...about, ...entryRows(entry), ...tags.flatMap(tagRows)];
}

function entryRows(entry: Entry): readonly Row[] {
  const times: readonly (readonly [string, string | null])[] = [
    ["loaded", entry.loadedAt],
    ["fresh until", entry.freshUntil],
    ["keep until", entry.keepUntil],
    ["stale since", entry.softenedAt],
    ["stale until", entry.staleUntil],
    ["unseen until", entry.provisionalUntil],
  ];
  const { lease } = entry;
  return [
    ["type", entry.redisType],
    [
      "value",
      entry.valueBytes === null ? "none" : `${plural(entry.valueBytes, "byte")}${entry.encoding === "" ? "" : `, ${entry.encoding}`}`,
    ],
    ...(entry.state === "unversioned" ? [["version", "cannot be read"] as const] : []),
    ...(entry.version === null ? [] : [["version", entry.version] as const]),
    ...Object.entries(entry.deps).map(([subject, version]) => ["dep", `${subject} ${version}`] as const),
    ...times.flatMap(([label, at]) => (at === null ? [] : [[label, at] as const])),
    ["ttl", entry.ttlMs === null ? "none" : `${entry.ttlMs} ms`],
    ...entry.floors.map((floor) => ["floor", floorText(floor)] as const),
    ...(lease === null ? [] : [["lease", `from ${lease.startedAt} until ${lease.endsAt}`] as const]),
  ];
}

function floorText({ subject, version, mode, raisedAt, endsAt }: FloorReport): string {
  return `${subject === null ? "blind" : `${subject} ${version ?? ""}`} ${mode}, raised ${raisedAt}, ends ${endsAt}`;
}

function tagRows(tag: TagReport): readonly Row[] {
  const carried = tag.carried ? "" : ", which its entries get";
  if (tag.kind === "epoch") {
    const judged = tag.validity === null ? "" : `: ${tag.validity}`;
    const current = tag.current === null ? "nobody has made it yet" : `now ${tag.current}, hard ${tag.hard ?? ""}`;
    const own = tag.generation === null ? "" : `entry has ${tag.generation}, `;
    return [["epoch", `${tag.tag}${judged} (${own}${current}${carried})`]];
  }
  const waiting = tag.pending.map((bust): Row => {
    return ["", `pending ${bust.version === null ? "blind" : `${bust.subject} ${bust.version}`} ${bust.mode}, busted ${bust.raisedAt}`];
  });
  const floors = tag.floors.map((floor): Row => ["", `floor ${floorText(floor)}`]);
  return [["tag", `${tag.tag}, ${plural(tag.members ?? 0, "member")}${carried}`], ...waiting, ...floors];
}

function ruleLines(rules: Explanation["rules"]): readonly string[] {
  if (rules.length === 0) return ["no rule can touch it"];
  const lines = rules.flatMap(({ rule, source, topic, types, ops, when, busts }) => [
    `  ${rule}: source ${source}, topic ${topic}`,
    ...(types === null ? [] : [`    types ${types.join(", ")}`]),
    ...(ops.length === USUAL_OPS ? [] : [`    ops ${ops.join(", ")}`]),
    ...(when === null ? [] : [`    when ${when}`]),
    ...busts.map((bust) => `    ${bust.target} ${bust.name}, ${bust.mode}${needsText(bust)}`),
  ]);
  return ["rules that can touch it:", ...lines.flatMap((line) => wrap(line, "      "))];
}

function needsText({ needs, subject, forEach }: Explanation["rules"][number]["busts"][number]): string {
  const parts = needs.map(({ expression, value }) => `${expression} is ${value}`).join(" and ");
  const each = forEach === null ? "" : `, for each item of ${forEach}`;
  return `${parts === "" ? "" : `, where ${parts}`}${subject === null ? "" : ` (${subject})`}${each}`;
}

function eventLines({
  byHand,
  since,
  read,
  within,
  found,
  list,
  complete,
  because,
  missing,
  recordsMax,
  group,
}: Events): readonly string[] {
  const lines = [
    `events since ${since}, newest first: ${number(list.length)} of ${number(found)}`,
    `  ${plural(read, "record")} read, ${number(within)} offsets in that time, at most ${number(recordsMax)} (--scan); consumed is what group ${group} has committed`,
    ...(complete || because === "" ? [] : [`  INCOMPLETE: ${because}`]),
    ...missing.map((topic) => `  INCOMPLETE: there is no topic ${topic}, or it may not be described`),
    ...list.flatMap(linesOfEvent),
    ...(byHand ?? []).flatMap(linesOfBust),
    ...(byHand === null ? ["  busts by hand are not known: there is no right to read the audit trail"] : []),
  ];
  return lines.flatMap((line) => wrap(line, "      "));
}

function linesOfEvent({
  at,
  verdict,
  topic,
  partition,
  offset,
  type,
  op,
  subject,
  version,
  because,
  hits,
  letter,
}: EventReport): readonly string[] {
  const versioned = version === null ? "blind" : `version ${version}`;
  const what = subject === "" ? [] : [`    ${type} (${op}) of ${subject}, ${versioned}`];
  const why = because === "" ? [] : [`    ${because}`];
  const shown = letter === null ? [] : [`    see: freshet dlq show ${letter.id}`];
  return [
    `  ${at}  ${verdict}  ${topic} ${partition}/${offset}`,
    ...what,
    ...why,
    ...hits.map(({ rule, target, name, mode }) => `    rule ${rule}: ${target} ${name}, ${mode}`),
    ...shown,
  ];
}

function linesOfBust(bust: NonNullable<Events["byHand"]>[number]): readonly string[] {
  const { at, user, host, reason, name, subject, version, mode, outcome, counts } = bust;
  const came = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  return [
    `  ${at}  by hand  ${user}@${host}`,
    `    ${name}, ${mode}, ${version === null ? "blind" : `${subject} version ${version}`}: ${[outcome, ...came].join(", ")}`,
    ...(reason === "" ? [] : [`    ${reason}`]),
  ];
}
