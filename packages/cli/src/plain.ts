const spaces = /[\t\n\r\p{Zl}\p{Zp}]+/gu;
/** What steers a terminal, or hides in it. */
const unprintable = /\p{C}/gu;

/**
 * A line that a terminal shows and does not obey: keys, tenants, reasons and whatever else lies in topics and in Redis is what somebody
 * wrote there.
 */
export function plain(line: string): string {
  return line.replace(spaces, " ").replace(unprintable, "\u{fffd}");
}
