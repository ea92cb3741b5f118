import { type BustOutcome, FreshetError, type KeyBust, limits, parseVersion, subjectOf, type Version } from "@freshet/protocol";
import { redisPeer, useBounded } from "../bounded.js";
import type { Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { familyNamed, spaceKindOf } from "../family.js";
import { type Io, outJson } from "../io.js";
import { readDeployedRules } from "../rules-file.js";

export interface BustOptions {
  readonly key?: string;
  readonly family?: string;
  readonly tag?: string;
  readonly space?: string;
  readonly subject?: string;
  readonly version?: string;
  readonly yes: boolean;
  readonly flags: Flags;
  readonly json: boolean;
}

/** What the options ask for. Without a version the bust is blind. */
interface Target {
  readonly key: string;
  readonly family: string;
  readonly space: string;
  readonly subject: string;
  readonly version: Version | null;
}

/** The name that stands for a bust by hand where rules have theirs. */
const BY_HAND = "cli";

/** Busts one entry by hand. Without `yes` it only shows what it would do, and ends as refused. */
export async function bust(io: Io, deps: Deps, options: BustOptions): Promise<ExitCode> {
  const target = readTarget(options);
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const rules = await readDeployedRules(deployment, deps);
  const { name: family, entry, makes } = familyNamed(target.family, rules);
  if (!makes(target.key)) throw foreignKey(family);
  const subject = target.subject === "" ? BY_HAND : subjectOf(target.space, target.subject);
  const spaceKind = target.space === "" ? "none" : spaceKindOf(target.space, rules);
  const planned: KeyBust = { ...target, target: "key", family, entry, subject, spaceKind, mode: "hard", rule: BY_HAND };
  if (options.yes && deployment.mode === "observe") throw observing();
  const [outcome] = await useBounded(
    redisPeer,
    () => deployment.connectStore(),
    (store) => (options.yes ? store.bust([planned]) : store.preview([planned])),
  );
  if (outcome === undefined) throw new FreshetError("FR9001", "halt", "the store gave no answer", "Report it.");
  const applied = options.yes;
  if (options.json) outJson(io, { key: target.key, family, subject, version: target.version, outcome, applied });
  else io.out(`${target.key}: ${sentence(outcome, planned, applied)}`);
  if (applied) return exitCodes.done;
  throw new FreshetError("FR1005", "usage", "nothing was changed: this was a preview", "Add --yes to do it.");
}

function readTarget(options: BustOptions): Target {
  const { key = "", family = "", space = "", subject = "" } = options;
  if (options.tag !== undefined) {
    throw new FreshetError("FR1004", "usage", "tags cannot be busted yet", "They come with the store protocol; use --key and --family.");
  }
  if (key === "" || family === "")
    throw wrong("--key and --family are both needed", "Say which entry, and which family of the rules file.");
  if (Buffer.byteLength(key) > limits.keyBytesMax)
    throw wrong(`--key is longer than ${limits.keyBytesMax} bytes`, "No rule makes such a key.");
  if ((space === "") !== (subject === "")) throw wrong("--space and --subject belong together", "Give both, or neither.");
  if (options.version === undefined) return { key, family, space, subject, version: null };
  if (subject === "") throw wrong("--version needs --space and --subject", "A version counts the changes of one subject.");
  const version = parseVersion(options.version);
  if (version !== null) return { key, family, space, subject, version };
  throw wrong(
    `--version is not a canonical decimal of at most ${limits.versionDigitsMax} digits`,
    "Digits only: no sign, fraction, exponent or leading zero.",
  );
}

function wrong(problem: string, fix: string): FreshetError {
  return new FreshetError("FR1001", "usage", problem, fix);
}

function foreignKey(family: string): FreshetError {
  const fix = "Check --key and --family: another application's key must not go because of a typo.";
  return new FreshetError("FR1005", "usage", `the family ${family} makes no such key`, fix);
}

function observing(): FreshetError {
  const fix = "Leave --yes out to see what it would do, or set FRESHET_MODE=apply.";
  return new FreshetError("FR1005", "usage", "FRESHET_MODE=observe allows no writes", fix);
}

function sentence(outcome: BustOutcome, planned: KeyBust, applied: boolean): string {
  const by = planned.version === null ? "blind" : `${planned.subject} version ${planned.version}`;
  const keeps = planned.entry.onUnversioned === "keep";
  const texts: Readonly<Record<BustOutcome, readonly [done: string, planned: string]>> = {
    removed: ["removed", "would be removed"],
    softened: ["marked stale", "would be marked stale"],
    absent: ["was not there", "is not there"],
    covered: ["stays: it is new enough", "would stay: it is new enough"],
    unversioned: keeps
      ? ["stays: its version cannot be read", "would stay: its version cannot be read"]
      : ["removed: its version cannot be read", "would be removed: its version cannot be read"],
  };
  return `${texts[outcome][applied ? 0 : 1]} (${by})`;
}
