import type { JsonValue } from "../event.js";

/** Whether a number in there was too large to be kept exactly. Values may be nested to any depth. */
export function hasLostDigits(value: JsonValue): boolean {
  const open: (JsonValue | undefined)[] = [value];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (typeof at === "number" && Number.isInteger(at) && !Number.isSafeInteger(at)) return true;
    if (typeof at !== "object" || at === null) continue;
    for (const member of Object.values(at)) if (typeof member === "number" || typeof member === "object") open.push(member);
  }
  return false;
}
