/** The text with one place changed; an edit that does not apply would prove nothing, so it is refused. */
export function replaceOnce(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`the edit does not apply: ${JSON.stringify(from)} is there ${parts.length - 1} times`);
  return parts.join(to);
}

/** The script with the server's clock replaced by two more arguments, seconds and microseconds: boundaries need an exact time. */
export function withFixedTime(script: string): string {
  const from = 'local time = call("TIME")';
  if (!script.includes(from)) throw new Error("the edit does not apply: no time is read");
  return script.replaceAll(from, "local time = { ARGV[#ARGV - 1], ARGV[#ARGV] }");
}

export function fixedTimeArgs(nowUs: number): readonly string[] {
  return [String(Math.floor(nowUs / 1_000_000)), String(nowUs % 1_000_000)];
}
