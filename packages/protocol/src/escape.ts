const SPECIAL = /[%:,{} \p{Cc}]/u;
const SPECIAL_ALL = /[%:,{} \p{Cc}]/gu;

/**
 * `%`, `:`, `,`, `{`, `}`, space and control characters as `%XX` of their UTF-8 bytes: what is joined by one of them can
 * be taken apart again, so two lists of parameters never make the same text.
 */
export function escapePercent(value: string): string {
  return SPECIAL.test(value) ? value.replace(SPECIAL_ALL, percent) : value;
}

function percent(character: string): string {
  const code = character.charCodeAt(0);
  // U+0080 to U+009F are two bytes in UTF-8, C2 and the code itself.
  return `${code >= 0x80 ? "%C2" : ""}%${code.toString(16).toUpperCase().padStart(2, "0")}`;
}
