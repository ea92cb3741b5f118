// Several rounds of the same contenders, in turns: a machine that is slow for a minute is slow for all of a round.
import { medianOf, rounded } from "./cost/median.ts";

/** What one contender showed in one round. */
export interface Measured {
  readonly name: string;
  readonly eventsPerSecond: number;
  /** 0 where it is not known. */
  readonly rssMb: number;
  readonly cpuMicrosecondsPerEvent: number;
}

/** What it showed over all rounds: medians, and the most memory. */
export interface Summary extends Measured {
  /** By the name of another contender: the median of this one's speed in relation to that one's in the same round. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** @param others the contenders that speeds are held against; those that did not run are left out */
export function summarize(rounds: readonly (readonly Measured[])[], others: readonly string[]): Summary[] {
  const [first = []] = rounds;
  const ofName = (name: string) => rounds.flatMap((round) => round.filter((one) => one.name === name));
  return first.map(({ name }) => {
    const own = ofName(name);
    const against = (other: string) => {
      const theirs = ofName(other);
      return medianOf(own.map(({ eventsPerSecond }, at) => eventsPerSecond / (theirs[at]?.eventsPerSecond ?? Number.NaN)));
    };
    const run = others.filter((other) => first.some((one) => one.name === other));
    return {
      name,
      eventsPerSecond: Math.round(medianOf(own.map(({ eventsPerSecond }) => eventsPerSecond))),
      rssMb: Math.round(Math.max(...own.map(({ rssMb }) => rssMb))),
      cpuMicrosecondsPerEvent: rounded(medianOf(own.map(({ cpuMicrosecondsPerEvent }) => cpuMicrosecondsPerEvent))),
      ratios: Object.fromEntries(run.map((other) => [other, rounded(against(other))])),
    };
  });
}
