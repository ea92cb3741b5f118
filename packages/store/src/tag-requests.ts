import { FreshetError, limits, type TagBust } from "@freshet/protocol";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what separates subjects from versions, and ids from times
const CONTROL = /[\u0000-\u001f]/;

/**
 * The tag, when its keys can lie in one slot of a cluster: `{}` would be no hash tag.
 *
 * @throws FreshetError FR1006 (`usage`)
 */
export function checkTag(tag: string): string {
  if (tag !== "" && !tag.startsWith("}") && Buffer.byteLength(tag) <= limits.keyBytesMax) return tag;
  const fix = `Give a tag of 1 to ${limits.keyBytesMax} bytes that does not begin with "}".`;
  throw new FreshetError("FR1006", "usage", 'A tag is empty, too long, or begins with "}".', fix);
}

/** @throws FreshetError FR1006 (`usage`) for a sweep id that is empty, too long or holds control characters. */
export function checkSweepId(id: string): string {
  if (id !== "" && !CONTROL.test(id) && Buffer.byteLength(id) <= limits.tokenBytesMax) return id;
  const fix = `Give 1 to ${limits.tokenBytesMax} bytes without control characters.`;
  throw new FreshetError("FR1006", "usage", "The id of a sweep is empty, too long or holds control characters.", fix);
}

/** @throws FreshetError FR1006 for a tag, FR9001 (`halt`) for a subject that no floor can hold. */
export function checkTagBusts(busts: readonly TagBust[]): void {
  for (const { tag, subject } of busts) {
    checkTag(tag);
    if (CONTROL.test(subject)) throw new FreshetError("FR9001", "halt", "A subject holds control characters.", "Report it.");
  }
}
