import { readFileSync } from "node:fs";
import { type EntrySpec, type KeyBust, parseVersion } from "@freshet/protocol";
import { planBustCalls } from "../dist/bust-calls.js";
import { scripts } from "../dist/generated/scripts.js";

type Call = readonly (readonly string[])[];

/** One way to remove entries that are older than their events. */
export interface Contender {
  readonly name: string;
  readonly script: string | null;
  /** Calls of up to `perCall` keys, all of one version, each one command or several. */
  calls(input: { readonly digest: string; readonly keys: readonly number[]; readonly version: string; readonly perCall: number }): Call[];
}

/** 40 bytes, and a subject of 20. */
export const keyOf = (at: number): string => `catalog:product-page:eu-west-1:${100_000_000 + at}`;
export const subjectOf = (at: number): string => `catalog.product/${1000 + (at % 9000)}`;

const lua = (name: string): string => readFileSync(new URL(`../src/scripts/lib/${name}.lua`, import.meta.url), "utf8");

/** The version read and UNLINK, with the same functions: nothing else that the shipped script does. */
const BARE = `#!lua flags=allow-oom
${lua("version")}${lua("dep")}
local letters = {}
for i = 1, #KEYS do
  local key = KEYS[i]
  local d = call("HGET", key, "d")
  local held = d and depOf(d, ARGV[2 * i - 1])
  if held and not newer(ARGV[2 * i], held) then
    letters[i] = "c"
  elseif d then
    call("UNLINK", key)
    letters[i] = "r"
  else
    letters[i] = "a"
  end
end
return { "0", table.concat(letters) }`;

const managed: EntrySpec = { kind: "managed", versionField: "", onUnversioned: "bust", gate: true, floorTtlMs: 20_000, staleTtlMs: 0 };

function shipped(floor: "leave" | "none"): Contender["calls"] {
  return ({ digest, keys, version, perCall }) =>
    slices(keys, perCall).flatMap((slice) => {
      const busts = slice.map((at): KeyBust => {
        const common = { target: "key", family: "", entry: managed, spaceKind: "counter", mode: "hard", rule: "" } as const;
        return { ...common, key: keyOf(at), subject: subjectOf(at), version: parseVersion(version) };
      });
      const calls = planBustCalls(busts, { run: "apply", prefix: "fr:", floor });
      return calls.map((call) => [["EVALSHA", digest, String(call.keys.length), ...call.keys, ...call.args]]);
    });
}

export const contenders: readonly Contender[] = [
  {
    name: "lua-read-and-unlink",
    script: BARE,
    calls: ({ digest, keys, version, perCall }) =>
      slices(keys, perCall).map((slice) => [
        ["EVALSHA", digest, String(slice.length), ...slice.map(keyOf), ...slice.flatMap((at) => [subjectOf(at), version])],
      ]),
  },
  {
    name: "unlink",
    script: null,
    calls: ({ keys, perCall }) => slices(keys, perCall).map((slice) => slice.map((at) => ["UNLINK", keyOf(at)])),
  },
  { name: "freshet-floors-off", script: scripts.bust.text, calls: shipped("none") },
  { name: "freshet-floors-on", script: scripts.bust.text, calls: shipped("leave") },
];

export function slices<T>(items: readonly T[], size: number): (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
