import { FreshetError } from "@freshet/protocol";

/**
 * Whether a key is one of Freshet's own, or a gate beside an entry. No entry lies there: whoever may write an index could have
 * floors and pending sweeps of others busted.
 */
export function isOwnKey(key: string, prefix: string): boolean {
  return prefix !== "" && key.startsWith(prefix);
}

/** @throws FreshetError FR1006 (`usage`) for one of Freshet's own keys. */
export function checkMember(key: string, prefix: string): void {
  if (!isOwnKey(key, prefix)) return;
  const fix = "Give the key of an entry; the prefix says what is Freshet's.";
  throw new FreshetError("FR1006", "usage", "A member of an index is one of Freshet's own keys.", fix);
}
