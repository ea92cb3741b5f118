import type { RaceReport } from "./run-race.ts";
import type { RacePlan } from "./world.ts";

/** What a race came to, in a few lines. */
export function describeRace({ gate, seed }: RacePlan, { checked, stale, witnesses, seconds, tally }: RaceReport): string {
  const rate = Math.round(checked / seconds);
  const counts = Object.entries(tally)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${value}`);
  const head = `gate ${gate}: ${checked} checked reads in ${seconds.toFixed(1)} s (${rate}/s), ${stale} stale (seed ${seed})`;
  return [head, `  ${counts.join(" · ")}`, ...witnesses.slice(0, 5).map((witness) => `  ${JSON.stringify(witness)}`), ""].join("\n");
}
