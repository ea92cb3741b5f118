import { FreshetError } from "@freshet/protocol";
import type { PublishedBounds, TimeBounds } from "./port.js";
import { checkDuration } from "./request-checks.js";

/** The least of each, in milliseconds: a load takes some time, and no two clocks are the same. */
const least = { leaseMs: 1, lagMs: 0, skewMs: 1, fillMs: 0, floorMs: 1, tagFloorMs: 1 } as const;
const names = ["leaseMs", "lagMs", "skewMs", "fillMs", "floorMs", "tagFloorMs"] as const;
const ownNames = ["leaseMs", "lagMs", "skewMs", "fillMs"] as const;

/**
 * Bounds as the text that lies in Redis.
 *
 * @throws FreshetError FR1006 (`usage`) for bounds that are no whole milliseconds, an L or C of 0, and floors that end before a
 *   load may, of any family.
 */
export function encodeBounds(bounds: PublishedBounds): string {
  for (const own of [bounds, ...Object.values(bounds.families ?? {})]) {
    for (const name of names) checkDuration(name, own[name], least[name]);
    requireFloors(own, own);
  }
  const families = Object.entries(bounds.families ?? {}).map(([name, own]) => [name, picked(own)] as const);
  return JSON.stringify({ ...picked(bounds), ...(families.length === 0 ? {} : { families: Object.fromEntries(families) }) });
}

function picked(bounds: TimeBounds): TimeBounds {
  const { leaseMs, lagMs, skewMs, fillMs, floorMs, tagFloorMs } = bounds;
  return { leaseMs, lagMs, skewMs, fillMs, floorMs, tagFloorMs };
}

/**
 * Bounds from their text. Floors that end before a load may are read as they are: `requireWithin` refuses them, and
 * `freshet doctor` names them.
 *
 * @throws FreshetError FR2005 (`halt`): whoever takes leases must not guess them.
 */
export function decodeBounds(text: string): PublishedBounds {
  const parsed = parse(text);
  if (!isBounds(parsed)) throw unreadable();
  const families: Record<string, TimeBounds> = {};
  if ("families" in parsed && typeof parsed.families === "object" && parsed.families !== null) {
    for (const [name, own] of Object.entries(parsed.families)) {
      if (!isBounds(own)) throw unreadable();
      Object.defineProperty(families, name, { value: picked(own), enumerable: true });
    }
  }
  return { ...picked(parsed), families };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable();
  }
}

function isBounds(value: unknown): value is TimeBounds {
  if (typeof value !== "object" || value === null) return false;
  const texts = new Map(Object.entries(value));
  return names.every((name) => Number.isSafeInteger(texts.get(name)) && Number(texts.get(name)) >= least[name]);
}

function unreadable(): FreshetError {
  return new FreshetError("FR2005", "halt", "The published time bounds cannot be read.", "Restart the invalidator, which publishes them.");
}

/**
 * Refuses bounds that are larger than what the invalidator leaves floors by: a lease that outlives its floor could put an
 * old value back. Whoever takes leases asks this at start and every minute.
 *
 * @throws FreshetError FR1006 (`usage`) naming each bound with both numbers, or that nobody has published any, or one that is
 *   no duration.
 */
export function requireWithin(
  own: Pick<TimeBounds, "leaseMs" | "lagMs" | "skewMs" | "fillMs">,
  published: PublishedBounds | null,
  family: string,
): void {
  for (const name of ownNames) checkDuration(name, own[name], least[name]);
  if (published === null) {
    throw new FreshetError(
      "FR1006",
      "usage",
      "No invalidator has published its time bounds.",
      "Start the invalidator on this Redis and prefix first.",
    );
  }
  const families = new Map(Object.entries(published.families ?? {}));
  const allowed = families.get(family) ?? published;
  const broken = ownNames.filter((name) => own[name] > allowed[name]);
  if (broken.length > 0) {
    const what = broken.map((name) => `${name} ${own[name]} > ${allowed[name]}`).join(", ");
    const fix = "Raise the bound in the rules file and roll the invalidator out first, or load faster.";
    throw new FreshetError(
      "FR1006",
      "usage",
      `Family ${family} is used with larger time bounds than the invalidator leaves floors by: ${what}.`,
      fix,
    );
  }
  requireFloors(own, allowed);
}

/** F >= L + R, and P more for tags, where R is lag + C. */
function requireFloors(
  { leaseMs, lagMs, skewMs, fillMs }: Pick<TimeBounds, "leaseMs" | "lagMs" | "skewMs" | "fillMs">,
  { floorMs, tagFloorMs }: Pick<TimeBounds, "floorMs" | "tagFloorMs">,
): void {
  const leastMs = leaseMs + lagMs + skewMs;
  if (floorMs >= leastMs && tagFloorMs >= leastMs + fillMs) return;
  const problem = `Floors live ${floorMs} ms (tags ${tagFloorMs} ms), but F >= L + R asks for ${leastMs} ms (tags ${leastMs + fillMs} ms).`;
  throw new FreshetError("FR1006", "usage", problem, "Correct `bounds` in the rules file; `freshet rules check` names the line.");
}
