import { type DeadLetterList, listDeadLetters } from "@freshet/replay";
import type { Deps } from "../deps.js";
import type { ExitCode } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { plain } from "../plain.js";
import { askDeadLetters, type ChoiceOptions } from "./dlq-query.js";
import { number, plural, scannedLines, spanText, wrap } from "./dlq-text.js";

export interface DlqListOptions extends ChoiceOptions {
  /** Groups that are shown. */
  readonly limit: number;
}

/** Dead letters by cause: one group for each fingerprint and reason, those with most open letters first. */
export async function dlqList(io: Io, deps: Deps, options: DlqListOptions): Promise<ExitCode> {
  return await askDeadLetters(
    { io, deps, options },
    (reading, query) => listDeadLetters(reading, query, options.limit),
    (list) => (options.json ? outJson(io, list) : print(io, list)),
  );
}

function print(io: Io, list: DeadLetterList): void {
  for (const line of scannedLines(list)) io.out(plain(line));
  for (const group of list.groups) for (const line of ["", ...groupLines(group)]) io.out(plain(line));
  const hidden = list.groupsFound - list.groups.length;
  const { letters } = list.others;
  if (hidden > 0) io.talk(`${plural(hidden, "more group")}: raise --limit`);
  if (letters > 0) io.talk(`${plural(letters, "letter")} of other causes: only ${number(list.groupsFound)} groups are told apart`);
  const newest = list.groups[0];
  const topic = list.open === null ? ` --topic ${list.window.topic}` : "";
  if (newest !== undefined) io.talk(`one of them in full: freshet dlq show ${newest.sample}${topic}`);
}

function groupLines(group: DeadLetterList["groups"][number]): readonly string[] {
  const { fingerprint, reason, rule, message, letters, open, first, last, sample, topics, tenants, dialect } = group;
  const marks = open === null ? "" : `, ${number(open)} open`;
  const origin = [
    ...(dialect === "freshet" ? [] : [`written by ${dialect}`]),
    ...(rule === "" ? [] : [`rule ${rule}`]),
    ...(topics.length === 0 ? [] : [`from ${topics.join(", ")}`]),
    ...(tenants === null || tenants.length === 0 ? [] : [`tenants ${tenants.join(", ")}`]),
    ...(group.more ? ["and more"] : []),
    `newest ${sample}`,
  ];
  const below = [`${plural(letters, "letter")}${marks}, ${spanText(first, last)}`, origin.join("; "), message];
  return [...wrap(`${fingerprint}  ${reason}`, "  "), ...below.filter((line) => line !== "").flatMap((line) => wrap(`  ${line}`, "  "))];
}
