import { type BustMode, FreshetError, limits, parseVersion, type SpaceKind, subjectOf, type Version } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { spaceKindOf } from "../family.js";

/** The options of a bust that say what changed. */
export interface OriginOptions {
  readonly space?: string;
  readonly subject?: string;
  readonly version?: string;
  readonly mode?: string;
}

/** What changed, as the protocol says it. Without a version the bust is blind. */
export interface Origin {
  readonly subject: string;
  readonly version: Version | null;
  readonly spaceKind: SpaceKind;
  readonly mode: BustMode;
  readonly rule: string;
}

/** What came of one bust. */
export interface BustLine {
  readonly outcome: string;
  readonly text: string;
  readonly json: object;
}

/** The name that stands for a bust by hand where rules have theirs. */
const BY_HAND = "cli";
/** Tabs and line breaks separate what floors hold; records with such subjects are refused too. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * The options, looked at before anything is opened; answers with what makes an origin of them once the rules are there.
 *
 * @throws FreshetError `usage`
 */
export function readOrigin(options: OriginOptions): (rules: CompiledRules) => Origin {
  const { space = "", subject = "", mode = "hard" } = options;
  if ((space === "") !== (subject === "")) throw wrongUsage("--space and --subject belong together", "Give both, or neither.");
  requireSubject(space, subject);
  if (options.version !== undefined && subject === "") {
    throw wrongUsage("--version needs --space and --subject", "A version counts the changes of one subject.");
  }
  if (mode !== "hard" && mode !== "soft") throw wrongUsage("--mode is neither hard nor soft", "Leave it out for hard.");
  const version = options.version === undefined ? null : parseVersion(options.version);
  if (options.version !== undefined && version === null) {
    const problem = `--version is not a canonical decimal of at most ${limits.versionDigitsMax} digits`;
    throw wrongUsage(problem, "Digits only: no sign, fraction, exponent or leading zero.");
  }
  return (rules) => {
    if (subject === "") return { subject: BY_HAND, version: null, spaceKind: "none", mode, rule: BY_HAND };
    return { subject: subjectOf(space, subject), version, spaceKind: spaceKindOf(space, rules), mode, rule: BY_HAND };
  };
}

function requireSubject(space: string, subject: string): void {
  if (CONTROL.test(space + subject)) {
    throw wrongUsage("--space or --subject holds control characters", "Write it as the events have it: they hold none.");
  }
  if (Buffer.byteLength(subjectOf(space, subject)) <= limits.subjectBytesMax) return;
  throw wrongUsage(`--space and --subject are longer than ${limits.subjectBytesMax} bytes`, "No event has such a subject.");
}

/** `blind`, or the subject and version that something is busted for. */
export function originText({ subject, version }: Pick<Origin, "subject" | "version">): string {
  return version === null ? "blind" : `${subject} version ${version}`;
}

export function wrongUsage(problem: string, fix: string): FreshetError {
  return new FreshetError("FR1001", "usage", problem, fix);
}
