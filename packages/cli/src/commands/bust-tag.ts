import { FreshetError, type TagBust, type TagOutcome } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import { redisPeer, useBounded } from "../bounded.js";
import type { Deployment } from "../deps.js";
import { tagsMaking } from "../family.js";
import { type BustLine, type Origin, originText } from "./bust-origin.js";

/** A bust of a tag, and the name of its declaration. */
export interface NamedTagBust {
  readonly name: string;
  readonly bust: TagBust;
}

/**
 * The busts of a tag as it lies in Redis: one for each declaration that makes it, nearly always just one.
 *
 * @throws FreshetError `usage` when the rules file declares no such tag.
 */
export function readTagBusts(tag: string, origin: Origin, rules: CompiledRules): readonly NamedTagBust[] {
  return tagsMaking(tag, rules).map(({ name, kind, spec }) => {
    return { name, bust: { ...origin, target: kind === "epoch" ? "epoch" : "tag", tag, spec } };
  });
}

/** Sends them, or asks what they would do. A swept tag is walked by the invalidators that run. */
export async function sendTagBusts(
  planned: readonly NamedTagBust[],
  applied: boolean,
  deployment: Deployment,
): Promise<readonly BustLine[]> {
  const busts = planned.map(({ bust }) => bust);
  const outcomes = await useBounded(
    redisPeer,
    () => deployment.connectStore(),
    (store) => (applied ? store.bustTags(busts) : store.previewTags(busts)),
  );
  return planned.map(({ name, bust }, at): BustLine => {
    const outcome = outcomes[at];
    if (outcome === undefined) throw new FreshetError("FR9001", "halt", "the store gave no answer", "Report it.");
    const { tag, target, subject, version, mode } = bust;
    const kind = target === "epoch" ? "epoch" : "swept";
    return {
      outcome,
      text: `${tag}: ${sentence(outcome, bust, applied)}`,
      json: { tag, name, kind, subject, version, mode, outcome, applied },
    };
  });
}

function sentence(outcome: TagOutcome, bust: TagBust, applied: boolean): string {
  const now = bust.mode === "hard" ? "as not there" : "as stale";
  const then = bust.mode === "hard" ? "removes what is older" : "marks stale what is older";
  const texts: Readonly<Record<TagOutcome, readonly [done: string, planned: string]>> = {
    pending: [`busted; a running invalidator walks its index and ${then}`, "would be busted, and its index walked"],
    bumped: [`busted: its entries count ${now}`, `would be busted: its entries would count ${now}`],
    covered: ["nothing to do: it was busted before", "nothing to do: it was busted before"],
  };
  return `${texts[outcome][applied ? 0 : 1]} (${originText(bust)})`;
}
