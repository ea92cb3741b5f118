/** One edit of a shipped text that takes a safety line away. */
export interface Mutant {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** Edits of `bust.lua` as it is shipped. */
export const luaMutants: readonly Mutant[] = [
  { name: "no floor", from: 'if raised and (isGone or value ~= "foreign") then', to: "if false then" },
  {
    name: "no floor when covered",
    from: 'if raised and (isGone or value ~= "foreign") then',
    to: 'if raised and outcome ~= "c" and (isGone or value ~= "foreign") then',
  },
  { name: "no floor when absent", from: "if raised and (isGone", to: 'if raised and outcome ~= "a" and (isGone' },
  { name: "a floor is dead at its exact end", from: "return not newer(oldestLive, at)", to: "return newer(at, oldestLive)" },
  {
    name: "a floor lives one tick too long",
    from: 'string.format("%.0f", math.max(0, now - ttlUs))',
    to: 'string.format("%.0f", math.max(0, now - ttlUs - 1))',
  },
  { name: "versions compared by bytes only", from: "if #a ~= #b then", to: "if false then" },
  { name: "an equal timestamp covers", from: "return newer(held, version)", to: "return not newer(version, held)" },
  { name: "an equal counter does not cover", from: "return not newer(version, held)", to: "return newer(held, version)" },
  { name: "no fold", from: "if #floors <= 16 then", to: "if #floors <= 99 then" },
  {
    name: "the fold takes the youngest",
    from: "if newer(floors[oldest].at, floors[i].at) then",
    to: "if newer(floors[i].at, floors[oldest].at) then",
  },
  {
    name: "the fold takes the older time",
    from: "newer(folded.at, blind.at) and folded.at or blind.at",
    to: "newer(folded.at, blind.at) and blind.at or folded.at",
  },
  { name: "the lease is dropped", from: "if deadline and isGone then", to: "if false then" },
  { name: "a lease lives at its deadline", from: "tonumber(deadline) <= now then", to: "tonumber(deadline) < now then" },
  { name: "UNLINK is skipped", from: 'call("UNLINK", key)', to: "" },
  {
    name: "a blind floor is not raised again",
    from: 'floors.blind = { subject = "*", version = "", mode = "h", at = clock.text }',
    to: 'floors.blind = floors.blind or { subject = "*", version = "", mode = "h", at = clock.text }',
  },
  {
    name: "a missing dep covers",
    from: 'return held and version ~= "" and covers(held, version, space) and "c" or "r"',
    to: 'return version ~= "" and (not held or covers(held, version, space)) and "c" or "r"',
  },
  { name: "a dep covers a blind bust", from: 'return held and version ~= "" and covers', to: "return held and covers" },
  { name: "a lower version hardens the mode", from: "return floorVersion, mode, at", to: 'return floorVersion, "h", at' },
  { name: "a raised floor keeps its mode", from: 'return version, "h", nowText', to: "return version, mode, nowText" },
  {
    name: "an equal version keeps its mode",
    from: 'return version, "h", space == "timestamp"',
    to: 'return version, mode, space == "timestamp"',
  },
  { name: "an equal timestamp does not move raised-at", from: 'space == "timestamp" and nowText or at', to: "at" },
  { name: "an equal counter moves raised-at", from: 'space == "timestamp" and nowText or at', to: "nowText" },
  { name: "a replay is done again", from: 'return space == "counter" and floorMode == "h"', to: 'return false and floorMode == "h"' },
  { name: "a timestamp counts as a replay", from: 'return space == "counter" and floorMode == "h"', to: 'return floorMode == "h"' },
  {
    name: "a soft floor makes a hard bust a replay",
    from: 'return space == "counter" and floorMode == "h"',
    to: 'return space == "counter"',
  },
  { name: "the time to live of a kept value is shortened", from: 'call("PEXPIREAT", key, ends, "GT")', to: 'call("PEXPIREAT", key, ends)' },
  { name: "the time to live ends before the lease", from: "if deadline and deadline > raisedAt + ttlUs then", to: "if false then" },
  {
    name: "the time to live is that of the first floor",
    from: "last = newer(floor.at, last) and floor.at or last",
    to: "last = floors[1].at",
  },
  { name: "the blind floor is not written back", from: "floors[#floors + 1] = floors.blind", to: "" },
  { name: "a value lives at its keep-until", from: "tonumber(keepUntil) <= now then", to: "tonumber(keepUntil) < now then" },
  { name: "floors that cannot be read are dropped", from: "if bytes ~= #text then", to: "if false then" },
  { name: "any digits are a version", from: 'find(text, "^[1-9]%d*$")', to: 'find(text, "^%d+$")' },
  { name: "a dep of a longer subject is taken", from: "byte(deps, first - 1) == 10 and byte", to: "byte" },
  { name: "keep is ignored", from: 'outcome == "u" and unversioned == "bust"', to: 'outcome == "u"' },
  { name: "the first of repeated members counts", from: "version = isString and", to: "version = version or isString and" },
  {
    name: "a hash without the field is absent",
    from: 'return version and "version" or "unversioned", version, floors',
    to: 'return version and "version" or nil, version, floors',
  },
];

/** Edits of `decide.ts`. */
export const decideMutants: readonly Mutant[] = [
  { name: "no floor", from: "if (args.leaveFloor && !isOutOfReach)", to: "if (false)" },
  {
    name: "no floor when covered",
    from: "if (args.leaveFloor && !isOutOfReach)",
    to: 'if (args.leaveFloor && !isOutOfReach && outcome !== "covered")',
  },
  {
    name: "no floor when absent",
    from: "if (args.leaveFloor && !isOutOfReach)",
    to: 'if (args.leaveFloor && !isOutOfReach && outcome !== "absent")',
  },
  { name: "a kept value of another type gets a floor", from: "if (args.leaveFloor && !isOutOfReach)", to: "if (args.leaveFloor)" },
  { name: "a floor is dead at its exact end", from: "args.floorTtlMs * 1000 >= args.nowUs", to: "args.floorTtlMs * 1000 > args.nowUs" },
  { name: "a floor lives one tick too long", from: "args.floorTtlMs * 1000 >= args.nowUs", to: "args.floorTtlMs * 1000 + 1 >= args.nowUs" },
  { name: "an equal timestamp covers", from: 'spaceKind === "timestamp" ? difference > 0 : difference >= 0', to: "difference >= 0" },
  { name: "an equal counter does not cover", from: 'spaceKind === "timestamp" ? difference > 0 : difference >= 0', to: "difference > 0" },
  { name: "no fold", from: "<= limits.floorsPerEntryMax", to: "<= 99" },
  { name: "the fold takes the youngest", from: "b.raisedAtUs < a.raisedAtUs ? b : a", to: "b.raisedAtUs > a.raisedAtUs ? b : a" },
  {
    name: "the fold takes the older time",
    from: "Math.max(blind?.raisedAtUs ?? 0, oldest.raisedAtUs)",
    to: "Math.min(blind?.raisedAtUs ?? oldest.raisedAtUs, oldest.raisedAtUs)",
  },
  { name: "a lease lives at its deadline", from: "state.lease.deadlineUs > args.nowUs", to: "state.lease.deadlineUs >= args.nowUs" },
  {
    name: "the lease is dropped",
    from: "const live = { floors, blindFloor, lease };",
    to: "const live = { floors, blindFloor, lease: null };",
  },
  { name: "nothing is removed", from: 'const remove = outcome === "removed" ||', to: "const remove = false &&" },
  {
    name: "a blind floor is not raised again",
    from: "raisedAtUs: nowUs } };",
    to: "raisedAtUs: live.blindFloor?.raisedAtUs ?? nowUs } };",
  },
  {
    name: "a missing dep covers",
    from: "held !== undefined && covers(held, args.version, args.spaceKind)",
    to: "(held === undefined || covers(held, args.version, args.spaceKind))",
  },
  {
    name: "a dep covers a blind bust",
    from: 'if (args.version === null) return "removed";',
    to: 'if (args.version === null) return "covered";',
  },
  {
    name: "a lower version changes the floor",
    from: "if (difference < 0) return old;",
    to: 'if (difference < 0) return { ...old, mode: "hard" };',
  },
  {
    name: "a raised floor keeps its mode",
    from: "if (difference > 0) return { subject, version, mode, raisedAtUs: nowUs };",
    to: "if (difference > 0) return { ...old, version, raisedAtUs: nowUs };",
  },
  {
    name: "an equal version keeps its mode",
    from: "mode: harder(old.mode, mode), raisedAtUs: spaceKind",
    to: "mode: old.mode, raisedAtUs: spaceKind",
  },
  { name: "an equal timestamp does not move raised-at", from: 'spaceKind === "timestamp" ? nowUs : old.raisedAtUs', to: "old.raisedAtUs" },
  { name: "an equal counter moves raised-at", from: 'spaceKind === "timestamp" ? nowUs : old.raisedAtUs', to: "nowUs" },
  { name: "a replay is done again", from: "if (standsUnderFloor(floors, args)) return", to: "if (false) return" },
  { name: "a timestamp counts as a replay", from: 'spaceKind !== "counter" || ', to: "" },
  { name: "a soft floor makes a hard bust a replay", from: '(floor.mode === mode || floor.mode === "hard")', to: "true" },
  { name: "keep is ignored", from: '(outcome === "unversioned" && args.onUnversioned === "bust")', to: 'outcome === "unversioned"' },
];
