import { type BustOutcome, FreshetError, type KeyBust, limits } from "@freshet/protocol";
import type { CompiledRules, Family } from "@freshet/rules";
import { audited, type Counts, type Intention, readReason } from "../audited.js";
import { redisPeer, useBounded } from "../bounded.js";
import type { Deployment, Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { familyNamed, placeOf } from "../family.js";
import { type Io, outJson } from "../io.js";
import { readDeployedRules } from "../rules-file.js";
import { type BustLine, type Origin, type OriginOptions, originText, readOrigin, wrongUsage } from "./bust-origin.js";
import { readTagBusts, sendTagBusts } from "./bust-tag.js";

export interface BustOptions extends OriginOptions {
  readonly key?: string;
  readonly family?: string;
  readonly tag?: string;
  readonly reason?: string;
  readonly yes: boolean;
  readonly flags: Flags;
  readonly json: boolean;
}

/**
 * Busts one entry, or all of a tag, by hand, with intention and outcome in the audit trail. Without `yes` it only shows
 * what it would do, asks nothing of Kafka, and ends as refused.
 */
export async function bust(io: Io, deps: Deps, options: BustOptions): Promise<ExitCode> {
  const plan = readTarget(options);
  const reason = readReason(options.reason);
  const deployment = deps.deploymentOf(deps.readConfig(options.flags));
  const rules = await readDeployedRules(deployment, deps);
  const { target, send } = plan(rules, deployment);
  const intention = { action: "bust", reason, target, filter: {}, rulesHash: rules.hash } as const;
  const act = async () => {
    const lines = await send();
    for (const { text, json } of lines) {
      if (options.json) outJson(io, json);
      else io.out(text);
    }
    return countOf(lines);
  };
  if (options.yes) {
    await audited(intention, act, { deployment, deps });
    return exitCodes.done;
  }
  await act();
  throw new FreshetError("FR1005", "usage", "nothing was changed: this was a preview", "Add --yes to do it.");
}

interface Planned {
  readonly target: Intention["target"];
  readonly send: () => Promise<readonly BustLine[]>;
}

function countOf(lines: readonly BustLine[]): Counts {
  return Object.fromEntries([...Map.groupBy(lines, ({ outcome }) => outcome)].map(([outcome, some]) => [outcome, some.length]));
}

type Plan = (rules: CompiledRules, deployment: Deployment) => Planned;

function readTarget(options: BustOptions): Plan {
  const { key = "", family = "", tag = "", yes } = options;
  if (options.tag !== undefined && (options.key !== undefined || options.family !== undefined)) {
    throw wrongUsage("--tag does not go with --key and --family", "Bust an entry or a tag, one at a time.");
  }
  if (options.tag === undefined && (key === "" || family === "")) {
    throw wrongUsage("--key and --family are both needed, or --tag", "Say which entry and its family in the rules file, or which tag.");
  }
  if (Buffer.byteLength(key) > limits.keyBytesMax)
    throw wrongUsage(`--key is longer than ${limits.keyBytesMax} bytes`, "No rule makes such a key.");
  const originOf = readOrigin(options);
  return (rules, deployment) => {
    const origin = originOf(rules);
    const { subject, version, mode } = origin;
    const tagBusts = options.tag === undefined ? null : readTagBusts(tag, origin, rules);
    const keyBust = tagBusts === null ? keyBustOf(key, familyNamed(family, rules), origin) : null;
    if (keyBust !== null) refuseOwn(keyBust, deployment);
    if (yes && deployment.mode === "observe") throw observing();
    if (tagBusts !== null) {
      return { target: { tag, subject, version, mode }, send: () => sendTagBusts(tagBusts, yes, deployment) };
    }
    const send = async () => (keyBust === null ? [] : [await sendKeyBust(keyBust, yes, deployment)]);
    return { target: { key, family, subject, version, mode }, send };
  };
}

function keyBustOf(key: string, family: Family, origin: Origin): KeyBust {
  const { name, entry } = family;
  const place = placeOf(key, family);
  if (origin.mode === "soft" && entry.kind !== "managed") {
    throw wrongUsage(`entries of kind ${entry.kind} cannot be marked stale`, "Leave --mode out: only managed entries can.");
  }
  return { ...origin, target: "key", ...place, family: name, entry };
}

/** Floors, tags and pending sweeps lie there: a rule may not bust them, and a person may not by mistake. */
function refuseOwn({ key, versionKey = key }: KeyBust, { prefix }: Deployment): void {
  if (![key, versionKey].some((one) => one.startsWith(prefix))) return;
  throw wrongUsage(
    `keys that begin with ${prefix} are Freshet's own`,
    "Name the key of an entry; FRESHET_REDIS_PREFIX says what is Freshet's.",
  );
}

async function sendKeyBust(planned: KeyBust, applied: boolean, deployment: Deployment): Promise<BustLine> {
  const [outcome] = await useBounded(
    redisPeer,
    () => deployment.connectStore(),
    (store) => (applied ? store.bust([planned]) : store.preview([planned])),
  );
  if (outcome === undefined) throw new FreshetError("FR9001", "halt", "the store gave no answer", "Report it.");
  const { key, family, subject, version, mode } = planned;
  return {
    outcome,
    text: `${key}: ${sentence(outcome, planned, applied)}`,
    json: { key, family, subject, version, mode, outcome, applied },
  };
}

function observing(): FreshetError {
  const fix = "Leave --yes out to see what it would do, or set FRESHET_MODE=apply.";
  return new FreshetError("FR1005", "usage", "FRESHET_MODE=observe allows no writes", fix);
}

function sentence(outcome: BustOutcome, planned: KeyBust, applied: boolean): string {
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
  return `${texts[outcome][applied ? 0 : 1]} (${originText(planned)})`;
}
