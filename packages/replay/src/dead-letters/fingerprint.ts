import { createHash } from "node:crypto";

const CHARACTERS_MAX = 500;
const REMEMBERED_MAX = 1000;

/** Fingerprints of texts seen lately: thousands of letters share a few. */
const remembered = new Map<string, string>();

/**
 * Groups the dead letters of others by cause: the same reason and the same sentence, whatever values it quotes, give the same
 * sixteen hex digits. Freshet's own messages hold no values, and their fingerprint is a header.
 */
export function fingerprintOf(reason: string, message: string): string {
  const text = `${reason}\n${withoutValues(message)}`;
  const known = remembered.get(text);
  if (known !== undefined) return known;
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  const made = createHash("sha256").update(text).digest("hex").slice(0, 16);
  remembered.set(text, made);
  return made;
}

/** Quoted texts, long hex, numbers: what differs from record to record. */
function withoutValues(message: string): string {
  return message
    .slice(0, CHARACTERS_MAX)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, "…")
    .replace(/\b[0-9a-f]{8}(?:-?[0-9a-f]{4,12})*\b/gi, "#")
    .replace(/\d+/g, "#");
}
