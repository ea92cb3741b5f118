import type { Path } from "./document.js";
import { durationMaxMs, durationMs, durationText } from "./duration.js";
import type { Report, Spot } from "./report.js";
import type { BoundsText } from "./schema.js";
import type { Bounds } from "./types.js";

const defaults = { lease: "5s", lag: "2s", skew: "250ms", fill: "2s" };
const smallestMs: Readonly<Record<string, number>> = { lease: 1, lag: 0, skew: 1, fill: 1, floors: 1 };

/**
 * The time bounds, of the whole file or of one family, `over` being what is said for all families: floors live at least L + R, which
 * is also their default.
 */
export function resolveBounds(text: BoundsText, over: BoundsText, { path, report }: Spot): Bounds {
  const merged = { ...defaults, ...given(over), ...given(text) };
  for (const [name, value] of Object.entries(given(text))) {
    const ms = durationMs(value);
    const smallest = smallestMs[name] ?? 0;
    if (ms < smallest) {
      const why = name === "skew" ? "two Redis shards never have the same clock" : "nothing can happen in no time";
      report.at([...path, name], {
        code: "bounds_broken",
        problem: `\`${name}\` is ${value}; ${why}`,
        fix: `Write at least ${smallest}ms.`,
      });
    }
    checkDuration(value, [...path, name], report);
  }
  const bounds = boundsOf(text, over);
  const leastMs = bounds.leaseMs + bounds.lagMs + bounds.skewMs;
  if (bounds.floorMs < leastMs) {
    const sum = `lease ${merged.lease} + lag ${merged.lag} + skew ${merged.skew} = ${durationText(leastMs)}`;
    report.at("floors" in text ? [...path, "floors"] : path, {
      code: "bounds_broken",
      problem: `floors live ${merged.floors}, but a load that saw old data can still be stored after ${sum}`,
      fix: `Write \`floors: ${durationText(leastMs)}\` or more, or leave \`floors\` out.`,
    });
  }
  return bounds;
}

/** The bounds as written, with defaults, unchecked. */
export function boundsOf(text: BoundsText, over: BoundsText): Bounds {
  const merged = { ...defaults, ...given(over), ...given(text) };
  const [leaseMs, lagMs, skewMs, fillMs] = [merged.lease, merged.lag, merged.skew, merged.fill].map(durationMs) as [
    number,
    number,
    number,
    number,
  ];
  const leastMs = leaseMs + lagMs + skewMs;
  const floorMs = merged.floors === undefined ? leastMs : durationMs(merged.floors);
  return { leaseMs, lagMs, skewMs, fillMs, floorMs, tagFloorMs: Math.max(floorMs, leastMs + fillMs) };
}

/** A duration that no number can hold exactly is a typing error. */
export function checkDuration(text: string, path: Path, report: Report): void {
  if (durationMs(text) <= durationMaxMs) return;
  const fix = `Write at most ${durationText(durationMaxMs)}.`;
  report.at(path, { code: "malformed_value", problem: `\`${String(path.at(-1))}\` is longer than ten years`, fix });
}

type Given = { [Name in keyof BoundsText]?: string };

function given(text: BoundsText): Given {
  return Object.fromEntries(Object.entries(text).filter(([, value]) => value !== undefined));
}
