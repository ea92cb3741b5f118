import { scripts } from "./generated/scripts.js";

const textBySha1: ReadonlyMap<string, string> = new Map(Object.values(scripts).map(({ sha1, text }) => [sha1, text]));

/**
 * What a user may not do, from the text of Redis' refusal: the command, or `keys` when it is keys that are out of reach; `null` where it does
 * not say. Newer servers name a command; Redis 7.0 names the line of the script, and the line names the commands.
 */
export function refusedRight(message: string): { readonly commands: readonly string[] } | "keys" | null {
  if (/permissions? to access|can't access at least one of the keys/i.test(message)) return "keys";
  const [, command] = /permissions? to run the '([a-z|-]+)' command/.exec(message) ?? [];
  if (command !== undefined) return { commands: [command] };
  const [, sha1 = "", line = ""] = /script: ([0-9a-f]{40}), on @?user_script:(\d+)/.exec(message) ?? [];
  const text = textBySha1.get(sha1);
  if (text === undefined) return null;
  const own = commandsOf(text.split("\n")[Number(line) - 1] ?? "");
  // An error that was caught first, to tell another Redis type apart, comes from the line that throws it on.
  return { commands: own.length > 0 ? own : commandsOf(text) };
}

function commandsOf(code: string): readonly string[] {
  const named = [...code.matchAll(/\bp?call\("([A-Z]+)"/g)].map(([, name = ""]) => name.toLowerCase());
  return [...new Set(named)].sort();
}
