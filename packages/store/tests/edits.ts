/** The text with one place changed; an edit that does not apply would prove nothing, so it is refused. */
export function replaceOnce(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`the edit does not apply: ${JSON.stringify(from)} is there ${parts.length - 1} times`);
  return parts.join(to);
}

/** Takes the two more arguments off before the script counts its own. */
const TAKEN = "local fixedMicros = table.remove(ARGV)\nlocal fixedSeconds = table.remove(ARGV)\n";

/** The script with the server's clock replaced by two more arguments, seconds and microseconds: boundaries need an exact time. */
export function withFixedTime(script: string): string {
  const from = 'local time = call("TIME")';
  if (!script.includes(from)) throw new Error("the edit does not apply: no time is read");
  const timed = script.replaceAll(from, "local time = { fixedSeconds, fixedMicros }");
  return timed.replace(/^#!lua.*\n/, (head) => head + TAKEN);
}

export function fixedTimeArgs(nowUs: number): readonly string[] {
  return [String(Math.floor(nowUs / 1_000_000)), String(nowUs % 1_000_000)];
}
