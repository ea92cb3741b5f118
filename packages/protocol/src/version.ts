/**
 * A version: a canonical decimal string, `^(0|[1-9]\d{0,19})$`.
 *
 * Never a number, because JavaScript and Lua numbers lose digits above 2^53, and the two versions next to each other
 * that lose them are exactly the pair a cache must tell apart.
 */
export type Version = string & { readonly __version: unique symbol };

const CANONICAL = /^(?:0|[1-9]\d{0,19})$/;

/** The text as a version, or `null` when it is not canonical (sign, fraction, exponent, leading zero, more than 20 digits). */
export function parseVersion(text: string): Version | null {
  return CANONICAL.test(text) ? (text as Version) : null;
}

/** Negative when `a` is older than `b`, zero when equal, positive when newer: by length, then by bytes. */
export function compareVersions(a: Version, b: Version): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The smallest version newer than this one, digit by digit; `null` after twenty nines. */
export function nextVersion(version: Version): Version | null {
  let nines = 0;
  while (version[version.length - 1 - nines] === "9") nines++;
  const kept = version.slice(0, version.length - nines);
  const zeros = "0".repeat(nines);
  if (kept === "") return parseVersion(`1${zeros}`);
  const raised = String.fromCharCode(kept.charCodeAt(kept.length - 1) + 1);
  return parseVersion(`${kept.slice(0, -1)}${raised}${zeros}`);
}
