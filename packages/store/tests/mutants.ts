/** One edit of a text that takes a safety line away. */
export interface Mutant {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** The commonest cases, decided in `bust.lua` itself. */
const fastPath: readonly Mutant[] = [
  { name: "no floor", from: 'call("MSET", unpack(batch, first, m))', to: "" },
  { name: "UNLINK is skipped", from: 'call("UNLINK", unpack(batch, first, m))', to: "" },
  { name: "a preview leaves floors", from: "elseif apply and m >= first then", to: "elseif m >= first then" },
  { name: "a preview removes", from: "if apply and m >= first and not leave then", to: "if m >= first and not leave then" },
  { name: "floors never end", from: "for j = first, m, 2 do\n    call", to: "for j = first, 0, 2 do\n    call" },
  { name: "floors end a tick early", from: "math.ceil((now + ttlUs) / 1000)", to: "math.ceil((now + ttlUs) / 1000) - 1" },
  { name: "a key that repeats sees what lay there first", from: 'if before or version == "" then', to: 'if version == "" then' },
  { name: "a blind bust leaves a floor of its subject", from: 'if before or version == "" then', to: "if before then" },
  { name: "a string much like a floor is one", from: " or last ~= first + 16 then", to: " then" },
  { name: "a floor of another subject is taken", from: "if start ~= first + 17 or", to: "if" },
  { name: "a floor that cannot be read is taken", from: '"^\\t([1-9]%d*)$"', to: '"^\\t(.*)$"' },
  { name: "a floor is dead at its exact end", from: "< oldestLive then", to: "<= oldestLive then" },
  {
    name: "a dead floor makes a replay",
    from: "newer(version, had) or tonumber(sub(text, first, last - 1)) < oldestLive",
    to: "newer(version, had)",
  },
  { name: "a floor sinks", from: "elseif newer(version, had) or tonumber", to: "elseif true or tonumber" },
  { name: "a timestamp counts as a replay", from: 'texts = space == "counter" and byte', to: "texts = byte" },
  { name: "a soft floor makes a hard bust a replay", from: "(letter == 104 or letter == own)", to: "true" },
  { name: "every hash is absent", from: "elseif isEmpty then", to: "elseif true then" },
  { name: "one that is absent stands for all", from: 'return call("EXISTS", unpack(none)) == 0', to: "return true" },
  {
    name: "a hash of another service is absent",
    from: 'if b > 0 and not isEmpty and call("EXISTS", unpack(bare, 1, b)) > 0 then',
    to: "if false then",
  },
  { name: "what waits is written and goes the slow way too", from: "m = leave and first - 1 or m", to: "" },
  { name: "the slow way goes in another order", from: "return one[1] < other[1]", to: "return one[1] > other[1]" },
  { name: "a soft bust removes", from: "elseif stands and not isSoft and", to: "elseif stands and" },
  { name: "marks go with the entry", from: 'not mark and "above" or leave and', to: '"above" or leave and' },
  { name: "marks go with the entry where no floor is left", from: 'not mark and "above" or leave and', to: 'not mark and "above" or' },
  { name: "a replay beside a value is done again", from: 'if stands == "under" then', to: "if false then" },
  { name: "a replay beside a value replaces it", from: 'letter, isRaised = "c", false', to: 'letter, isRaised = "c", true' },
  { name: "marks behind deps of others go with the entry", from: "return nil, 1", to: "return nil" },
  { name: "nothing covers", from: "held == nil or (held and newer(version, held))", to: "held == nil or held" },
  { name: "digits that cannot be read are no dep", from: "held == nil or (held and newer(", to: "not held or (held and newer(" },
  { name: "a floor forgets its space", from: 'space == "timestamp" and (isSoft', to: "false and (isSoft" },
];

/** Both scripts alike. */
const shared: readonly Mutant[] = [
  { name: "versions compared by bytes only", from: "if #a ~= #b then", to: "if false then" },
  { name: "any digits are a version", from: 'find(text, "^[1-9]%d*$")', to: 'find(text, "^%d+$")' },
  { name: "an equal timestamp covers", from: "return newer(held, version)", to: "return not newer(version, held)" },
  { name: "an equal counter does not cover", from: "return not newer(version, held)", to: "return newer(held, version)" },
  { name: "no floor when covered", from: "(step.leave and not isOutOfReach)", to: '(step.leave and not isOutOfReach and outcome ~= "c")' },
  { name: "no floor when absent", from: "(step.leave and not isOutOfReach)", to: '(step.leave and not isOutOfReach and outcome ~= "a")' },
  { name: "floors live at their end no more", from: "floor.at >= oldestLive", to: "floor.at > oldestLive" },
  { name: "dead floors live", from: "floor.at >= oldestLive and floor or nil", to: "floor" },
  { name: "a blind floor is dead at its exact end", from: "marks.blind.at >= oldestLive", to: "marks.blind.at > oldestLive" },
  {
    name: "a lease lives at its deadline",
    from: "tonumber(marks.lease.deadline) > clock.now",
    to: "tonumber(marks.lease.deadline) >= clock.now",
  },
  { name: "the lease is dropped", from: "if marks.lease then", to: "if false then" },
  { name: "the blind floor is not written back", from: "  if marks.blind then", to: "  if false then" },
  { name: "floors that cannot be read are dropped", from: "if not isRead then", to: "if false then" },
  { name: "no fold", from: "if #marks.floors > max then", to: "if #marks.floors > 99 then" },
  { name: "the fold takes the youngest", from: "marks.floors[i].at < marks", to: "marks.floors[i].at > marks" },
  {
    name: "the fold takes the older time",
    from: "folded.at > blind.at and folded.at or blind.at",
    to: "folded.at > blind.at and blind.at or folded.at",
  },
  {
    name: "a blind floor is not raised again",
    from: "marks.blind = { at = bust.at, letter",
    to: "marks.blind = marks.blind or { at = bust.at, letter",
  },
  {
    name: "a missing dep covers",
    from: 'elseif held and version ~= "" and covers',
    to: 'elseif version ~= "" and not held or held and covers',
  },
  { name: "a dep covers a blind bust", from: 'elseif held and version ~= "" and covers', to: "elseif held and covers" },
  { name: "a raised floor keeps its mode", from: "= bust.version, bust.letter, bust.at", to: "= bust.version, floor.letter, bust.at" },
  { name: "an equal version keeps its mode", from: "floor.letter = harderLetter(floor.letter, bust.letter)", to: "" },
  { name: "an equal timestamp does not move raised-at", from: 'bust.space == "timestamp" and bust.at or floor.at', to: "floor.at" },
  { name: "an equal counter moves raised-at", from: 'bust.space == "timestamp" and bust.at or floor.at', to: "bust.at" },
  { name: "a replay is done again", from: 'if bust.space == "counter" and not isHarder and', to: "if false and" },
  { name: "a timestamp is a replay", from: 'if bust.space == "counter" and not isHarder and', to: "if not isHarder and" },
  { name: "a soft floor is as good as a hard one", from: "and not isHarder and", to: "and" },
  { name: "the time to live ends before the lease", from: "marks.lease and tonumber(marks.lease.deadline) or 0", to: "0" },
  {
    name: "the time to live is that of the last floor",
    from: "last = math.max(last, tonumber(floor.at) + clock.ttlUs)",
    to: "last = tonumber(floor.at) + clock.ttlUs",
  },
  { name: "keep is ignored", from: 'and step.unversioned == "bust")', to: ")" },
];

/** `bust.lua` where the fast path does not reach. */
const slowPath: readonly Mutant[] = [
  { name: "a dep of a longer subject is taken", from: "byte(deps, first - 1) == 10 and byte", to: "byte" },
  { name: "a kept string of another service gets a floor", from: "not isOutOfReach", to: "true" },
  { name: "any string is marks", from: "not isForeign(text) and isMarks(text)", to: "not isForeign(text)" },
  { name: "a kept value lives shorter", from: 'milliseconds(marksEnd(marks, clock)), "GT")', to: "milliseconds(marksEnd(marks, clock)))" },
  { name: "old marks stay beside new ones", from: 'string.gsub(d, "\\n\\f[^\\n]*", "")', to: "d" },
  { name: "a second soft bust prolongs", from: 'and not call("HGET", key, "o")', to: "" },
  { name: "a soft bust removes on the slow path", from: 'step.mode == "s" and value == "deps" and "s" or "r"', to: '"r"' },
  { name: "a stale entry has no time", from: "timeText(step.now + step.staleUs)", to: "timeText(step.now)" },
  { name: "a preview writes on the slow path", from: "if not step.apply then", to: "if false then" },
];

const otherKinds: readonly Mutant[] = [
  { name: "the version outlives its entry", from: 'call("UNLINK", key, versionKey)', to: 'call("UNLINK", key)' },
  { name: "a value stays", from: 'elseif isGone then\n    call("UNLINK", key)\n', to: "elseif isGone then\n" },
  { name: "a plain value stays", from: 'call("UNLINK", unpack(gone, 1, g))', to: "" },
  { name: "a preview removes a plain value", from: "if apply and g > 0 then", to: "if g > 0 then" },
  { name: "a hash without its version is absent", from: 'if b > 0 and call("EXISTS", unpack(bare, 1, b)) > 0 then', to: "if false then" },
  { name: "a plain value covers no event", from: 'covers(held, version, space) and "c" or "r"', to: '"r"' },
  { name: "a key that repeats sees what lay there first", from: "if seen[key] then", to: "if false then" },
  { name: "a preview writes", from: "if not apply then", to: "if false then" },
  { name: "no floor in a gate", from: "if isMarked and gate then", to: "if false then" },
  { name: "no floor in a hash", from: "elseif isMarked and isGated then", to: "elseif false then" },
  { name: "a kept hash lives shorter", from: 'call("PEXPIREAT", key, ends, "GT")', to: 'call("PEXPIREAT", key, ends)' },
  { name: "a hash without the field is absent", from: 'if not got[1] and call("HLEN", key) ==', to: "if not got[1] and 0 <=" },
  { name: "a hash of marks is a value", from: 'if not got[1] and call("HLEN", key) ==', to: "if not got[1] and -1 ==" },
  { name: "the first of repeated members counts", from: "version = isString and", to: "version = version or isString and" },
  { name: "digits without a line break are a version", from: '"^(%d+)\\n"', to: '"^(%d+)"' },
  { name: "an empty string is absent", from: 'elseif head == "" and call("EXISTS", key) == 0 then', to: 'elseif head == "" then' },
  { name: "a version makes an entry", from: 'if call("EXISTS", key) == 0 then\n    return nil', to: "if false then\n    return nil" },
  { name: "a gate of another type is empty", from: 'isForeign(text) and "?"', to: 'isForeign(text) and ""' },
];

/** Edits of the scripts as they are shipped. */
export const luaMutants: readonly (Mutant & { readonly script: "bust" | "bust-other" })[] = [
  ...[...fastPath, ...shared, ...slowPath].map((mutant) => ({ ...mutant, script: "bust" as const })),
  ...[...shared, ...otherKinds].map((mutant) => ({ ...mutant, script: "bust-other" as const })),
];

const NO_FLOOR = "if (args.leaveFloor && !isOutOfReach)";

/** Edits of `decide.ts`. */
export const decideMutants: readonly Mutant[] = [
  { name: "no floor", from: NO_FLOOR, to: "if (false)" },
  { name: "no floor when covered", from: NO_FLOOR, to: 'if (args.leaveFloor && !isOutOfReach && outcome !== "covered")' },
  { name: "no floor when absent", from: NO_FLOOR, to: 'if (args.leaveFloor && !isOutOfReach && outcome !== "absent")' },
  { name: "a lease lives at its deadline", from: "state.lease.deadlineUs > args.nowUs", to: "state.lease.deadlineUs >= args.nowUs" },
  { name: "the lease is dropped", from: "write: { ...raised, lease }", to: "write: { ...raised, lease: null }" },
  { name: "nothing is removed", from: 'const remove = outcome === "removed" ||', to: "const remove = false &&" },
  {
    name: "a missing dep covers",
    from: "args.version !== null && held !== undefined && covers(held, args.version, args.spaceKind)",
    to: "args.version !== null && (held === undefined || covers(held, args.version, args.spaceKind))",
  },
  { name: "a replay is done again", from: "args.leaveFloor && standsUnderFloor(floors.floors, args)", to: "false" },
  { name: "a second soft bust prolongs", from: "return before ?? {", to: "return {" },
  { name: "a soft bust removes", from: 'args.mode === "soft" && "deps" in value', to: "false" },
  { name: "keep is ignored", from: '(outcome === "unversioned" && args.onUnversioned === "bust")', to: 'outcome === "unversioned"' },
  { name: "marks go with the entry", from: "write: remove && hasAny(floors, lease) ? { ...floors, lease } : null", to: "write: null" },
];

/** Edits of `floors.ts`. */
export const floorMutants: readonly Mutant[] = [
  { name: "a floor is dead at its exact end", from: "floorTtlMs * 1000 >= nowUs", to: "floorTtlMs * 1000 > nowUs" },
  { name: "a floor lives one tick too long", from: "floorTtlMs * 1000 >= nowUs", to: "floorTtlMs * 1000 + 1 >= nowUs" },
  { name: "an equal timestamp covers", from: 'spaceKind === "timestamp" ? difference > 0 : difference >= 0', to: "difference >= 0" },
  { name: "an equal counter does not cover", from: 'spaceKind === "timestamp" ? difference > 0 : difference >= 0', to: "difference > 0" },
  { name: "no fold", from: "kept.floors.length <= max", to: "kept.floors.length <= 99" },
  { name: "the fold takes the youngest", from: "b.raisedAtUs < a.raisedAtUs ? b : a", to: "b.raisedAtUs > a.raisedAtUs ? b : a" },
  {
    name: "the fold takes the older time",
    from: "Math.max(blind?.raisedAtUs ?? 0, oldest.raisedAtUs)",
    to: "Math.min(blind?.raisedAtUs ?? oldest.raisedAtUs, oldest.raisedAtUs)",
  },
  {
    name: "a blind floor is not raised again",
    from: "raisedAtUs: nowUs } };",
    to: "raisedAtUs: live.blindFloor?.raisedAtUs ?? nowUs } };",
  },
  {
    name: "a lower version changes the floor",
    from: "if (difference < 0) return old;",
    to: 'if (difference < 0) return { ...old, mode: "hard" };',
  },
  {
    name: "a raised floor keeps its mode",
    from: "if (difference > 0) return raised;",
    to: "if (difference > 0) return { ...raised, mode: old.mode };",
  },
  {
    name: "an equal version keeps its mode",
    from: "mode: harder(old.mode, raised.mode), raisedAtUs }",
    to: "mode: old.mode, raisedAtUs }",
  },
  {
    name: "an equal timestamp does not move raised-at",
    from: "? raised.raisedAtUs : old.raisedAtUs",
    to: "? old.raisedAtUs : old.raisedAtUs",
  },
  { name: "an equal counter moves raised-at", from: "? raised.raisedAtUs : old.raisedAtUs", to: "? raised.raisedAtUs : raised.raisedAtUs" },
  { name: "a timestamp counts as a replay", from: 'version === null || spaceKind !== "counter"', to: "version === null" },
  { name: "a soft floor makes a hard bust a replay", from: "&& harder(floor.mode, mode) === floor.mode", to: "" },
];
