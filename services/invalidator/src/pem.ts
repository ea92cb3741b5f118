import type { PemContent } from "./config-kinds.js";

/** What every PEM text has in it. */
export const PEM = "-----BEGIN ";

const certificate = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;
const privateKey = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;
const first = { certificates: "-----BEGIN CERTIFICATE-----", "a private key": "-----BEGIN PRIVATE KEY-----" } as const;

/**
 * Why a text is not what a setting wants; `null` when it is. Without this a file with something else is found out by a peer only, whose
 * answer says that the setting is missing.
 */
export function pemProblem(wanted: PemContent, text: string): { readonly problem: string; readonly fix: string } | null {
  if (!text.includes(PEM)) return { problem: "names a file without PEM text in it", fix: "Name a file that begins with -----BEGIN." };
  const isThere = (wanted === "certificates" ? certificate : privateKey).test(text);
  if (!isThere) return { problem: `holds PEM text without ${wanted} in it`, fix: `Name a file with ${first[wanted]} in it.` };
  return null;
}
