import { deadReasons, FreshetError } from "@freshet/protocol";
import { compileWhere, deadLetterTopicOf, type Rates, type Selection, UNKNOWN_REASON } from "@freshet/replay";
import type { Flags } from "../deps.js";
import { readMoment } from "../moments.js";

/** What both kinds of replays take from the command line. */
export interface ReplayOptions {
  readonly flags: Flags;
  /** A corrected rules file. */
  readonly rules?: string;
  readonly where?: string;
  readonly rate?: string;
  readonly bustRate?: string;
  readonly limit?: string;
  readonly force: boolean;
  readonly apply: boolean;
  readonly yes: boolean;
  readonly confirmAbove?: string;
  readonly because?: string;
  readonly json: boolean;
}

export interface ReplayDlqOptions extends ReplayOptions {
  readonly since?: string;
  readonly until?: string;
  readonly reason?: string;
  readonly rule?: string;
  readonly resolved: boolean;
  readonly newestFirst: boolean;
}

export interface ReplayHistoryOptions extends ReplayOptions {
  readonly topic: string;
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
}

/** Gentle enough to run beside live traffic. */
const DEFAULT_RATES = { recordsPerSecond: 2000, bustsPerSecond: 4000 } as const;
const CONFIRM_ABOVE = 100_000;
const BECAUSE_LENGTH_MAX = 1000;

export function readDlqSelection(options: ReplayDlqOptions, deployment: string, nowMs: number): Selection {
  const { since, until, reason, rule, resolved } = options;
  const reasons: readonly string[] = [...deadReasons, UNKNOWN_REASON];
  if (reason !== undefined && !reasons.includes(reason)) {
    throw wrong(
      "--reason chooses dead letters, and this is no reason they have",
      `Take one of ${reasons.join(", ")}; say why you replay with --because.`,
    );
  }
  const [from, to] = [
    since === undefined ? null : instant(since, "--since", nowMs),
    until === undefined ? null : instant(until, "--until", nowMs),
  ];
  if (from !== null && to !== null && from >= to) throw wrong("--since is not before --until", "Swap them, or leave one out.");
  return {
    kind: "dlq",
    topic: deadLetterTopicOf(deployment),
    since: from,
    until: to,
    reason: reason ?? null,
    rule: rule ?? null,
    where: readWhere(options),
    resolved,
  };
}

export function readHistorySelection(options: ReplayHistoryOptions, nowMs: number): Selection {
  const from = instant(options.from, "--from", nowMs);
  const to = instant(options.to, "--to", nowMs);
  if (from >= to) throw wrong("--from is not before --to", "Give the earlier time first; --to 0s is now.");
  return { kind: "history", topic: options.topic, from, to, where: readWhere(options) };
}

export function readRates({ rate, bustRate }: ReplayOptions): Rates {
  return {
    recordsPerSecond: readRate(rate, "--rate", DEFAULT_RATES.recordsPerSecond),
    bustsPerSecond: readRate(bustRate, "--bust-rate", DEFAULT_RATES.bustsPerSecond),
  };
}

/** `null`: as fast as it can. */
function readRate(text: string | undefined, option: string, otherwise: number): number | null {
  if (text === undefined) return otherwise;
  return text === "max" ? null : readCount(text, option, 1);
}

export function readLimit({ limit }: ReplayOptions): number | null {
  return limit === undefined ? null : readCount(limit, "--limit", 1);
}

export function readConfirmAbove({ confirmAbove }: ReplayOptions): number {
  return confirmAbove === undefined ? CONFIRM_ABOVE : readCount(confirmAbove, "--confirm-above", 0);
}

/** Why, for the audit trail. */
export function readBecause(...given: readonly (string | undefined)[]): string {
  const because = given.find((text) => text !== undefined) ?? "";
  if (because.length <= BECAUSE_LENGTH_MAX) return because;
  throw wrong(`--because is longer than ${BECAUSE_LENGTH_MAX} characters`, "Name the incident, and tell the rest there.");
}

function readWhere({ where }: ReplayOptions): string | null {
  if (where === undefined) return null;
  compileWhere(where);
  return where;
}

function readCount(text: string, option: string, min: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (count >= min) return count;
  const fix = min === 0 ? "Give a whole number." : "Give a whole number from 1 on; rates also take max.";
  throw wrong(`${option} is not a number it can take`, fix);
}

function instant(text: string, option: string, nowMs: number): string {
  return new Date(readMoment(text, option, nowMs)).toISOString();
}

function wrong(problem: string, fix: string): FreshetError {
  return new FreshetError("FR1001", "usage", problem, fix);
}
