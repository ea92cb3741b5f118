import { FreshetError, limits, parseVersion } from "@freshet/protocol";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what separates subjects, versions and tags in Redis
const CONTROL = /[\u0000-\u001f\u007f]/;
/** A hundred years: times in Redis have at most 16 digits of microseconds. */
const DURATION_MS_MAX = 100 * 365 * 24 * 60 * 60 * 1000;
const BYTES_PER_CHARACTER_MAX = 3;

/** @throws FreshetError FR1006 (`usage`), as all checks here: nothing is sent, and nothing cut short or guessed. */
export function checkKey(key: string): string {
  checkBytes("key", key, { min: 1, max: limits.keyBytesMax });
  return key;
}

export function checkToken(token: string): void {
  checkText("token", token, { min: 1, max: limits.tokenBytesMax });
}

export function checkVersion(version: string): void {
  if (parseVersion(version) !== null) return;
  throw refused("A version is not canonical.", `Give 1 to ${limits.versionDigitsMax} digits without sign, fraction or leading zero.`);
}

export function checkText(what: string, text: string, bytes: { min: number; max: number }): void {
  checkBytes(what, text, bytes);
  if (CONTROL.test(text)) throw refused(`The ${what} holds control characters.`, "Escape them, or leave them out.");
}

export function checkBytes(what: string, text: string, { min, max }: { min: number; max: number }): void {
  checkWellFormed(what, text);
  // Most are far too short to be counted.
  if (text.length >= min && text.length * BYTES_PER_CHARACTER_MAX <= max) return;
  const bytes = Buffer.byteLength(text);
  if (bytes < min || bytes > max) throw refused(`The ${what} has ${bytes} bytes.`, `Give ${min} to ${max} bytes.`);
}

/** Half a surrogate pair has no UTF-8: it would be sent as another character, and mean another key. */
export function checkWellFormed(what: string, text: string): void {
  if (!text.isWellFormed()) throw refused(`The ${what} holds half a surrogate pair.`, "Give well-formed Unicode.");
}

export function checkCount(what: string, count: number, max: number): void {
  if (count > max) throw refused(`${count} ${what} are too many.`, `Give at most ${max}.`);
}

export function checkDuration(what: string, ms: number, min: 0 | 1): void {
  if (Number.isSafeInteger(ms) && ms >= min && ms <= DURATION_MS_MAX) return;
  throw refused(`${what} is ${ms}.`, `Give whole milliseconds from ${min} to ${DURATION_MS_MAX}.`);
}

export function refused(problem: string, fix: string): FreshetError {
  return new FreshetError("FR1006", "usage", problem, fix);
}
