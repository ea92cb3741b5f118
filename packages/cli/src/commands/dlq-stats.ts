import { type DeadLetterStats, statDeadLetters } from "@freshet/replay";
import type { Deps } from "../deps.js";
import type { ExitCode } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { plain } from "../plain.js";
import { askDeadLetters, type ChoiceOptions } from "./dlq-query.js";
import { COLUMNS, number, plural, scannedLines, shortInstant } from "./dlq-text.js";

export interface DlqStatsOptions extends ChoiceOptions {
  /** Rows that are shown of each table. */
  readonly limit: number;
}

interface Row {
  readonly name: string;
  readonly letters: number;
  readonly open: number | null;
}

const NUMBER_COLUMNS = 13;

/** Dead letters in numbers: by reason, rule, source topic, tenant, writer and time. */
export async function dlqStats(io: Io, deps: Deps, options: DlqStatsOptions): Promise<ExitCode> {
  return await askDeadLetters({ io, deps, options }, statDeadLetters, (stats) =>
    options.json ? outJson(io, stats) : print(io, stats, options.limit),
  );
}

function print(io: Io, stats: DeadLetterStats, limit: number): void {
  for (const line of scannedLines(stats)) io.out(plain(line));
  if (stats.wanted === 0) return;
  const { reasons, rules, sources, tenants, dialects, times, others } = stats;
  const tables: readonly (readonly [string, readonly Row[], number])[] = [
    ["reason", reasons.map((row) => ({ name: row.reason, ...row })), others.reasons],
    ["rule", rules.map((row) => ({ ...row, name: row.rule === "" ? "(before any rule)" : row.rule })), others.rules],
    ["source topic", sources.map((row) => ({ ...row, name: row.topic ?? "(not told)" })), others.sources],
    ["tenant", (tenants ?? []).map((row) => ({ ...row, name: row.tenant ?? "(not known)" })), others.tenants],
    ["written by", dialects.map((row) => ({ ...row, name: row.dialect })), 0],
  ];
  for (const [title, rows, rest] of tables) table(io, { title, rows: rows.slice(0, limit), others: rest + sum(rows.slice(limit)) });
  const shown = times.counts.slice(-limit).map((row) => ({ ...row, name: shortInstant(row.from) }));
  const earlier = times.counts.slice(0, -limit).map((row) => ({ ...row, name: "" }));
  table(io, { title: `${times.unit} (UTC)`, rows: shown, others: others.times + sum(earlier) });
  if (tenants === null) io.talk("tenants are not known without a rules file");
}

interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Letters of rows that are not shown. */
  readonly others: number;
}

function table(io: Io, { title, rows, others }: Table): void {
  if (rows.length === 0) return;
  io.out("");
  io.out(line(title, "letters", rows.some(({ open }) => open !== null) ? "open" : ""));
  for (const { name, letters, open } of rows) {
    io.out(plain(line(name, number(letters), open === null ? "" : number(open))));
  }
  if (others > 0) io.out(`  and ${plural(others, "letter")} elsewhere: raise --limit, or choose with --since and --reason`);
}

function line(name: string, letters: string, open: string): string {
  const columns = COLUMNS - 2 * NUMBER_COLUMNS;
  const fitted = name.length < columns ? name : `${name.slice(0, columns - 2)}…`;
  return `${fitted.padEnd(columns)}${letters.padStart(NUMBER_COLUMNS)}${open.padStart(NUMBER_COLUMNS)}`.trimEnd();
}

function sum(rows: readonly Row[]): number {
  return rows.reduce((total, { letters }) => total + letters, 0);
}
