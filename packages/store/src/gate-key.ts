import { FreshetError } from "@freshet/protocol";

/**
 * The key that holds floors and lease of an entry which has no room for them itself (`json`, `prefix` and `companion`
 * with a gate): a hash in the slot of the entry. The prefix of Freshet's own keys holds no braces.
 *
 * @throws FreshetError FR1006 (`usage`) for a key that no other key can share a slot with.
 */
export function gateKeyOf(prefix: string, key: string): string {
  const open = key.indexOf("{");
  const close = open === -1 ? -1 : key.indexOf("}", open);
  if (close > open + 1) return `${prefix}g:t:${key}`;
  if (key !== "" && !key.includes("}")) return `${prefix}g:k:{${key}}`;
  throw new FreshetError(
    "FR1006",
    "usage",
    'A key that is empty, or holds "}" without "{…}" before it, has no companion in its slot.',
    'Change the key template: no "}", or one part of it in "{…}".',
  );
}
