import type { ScriptName } from "../src/redis-link.js";
import type { Mutant } from "./mutants.js";

/** An edit of a script as it is shipped, included files and all. */
export interface EntryScriptMutant extends Mutant {
  readonly script: ScriptName;
}

/** An edit of a file of protocol's decisions. */
export interface EntryDecisionMutant extends Mutant {
  readonly file: "decide-fill" | "decide-epoch" | "floors";
}

const late = "return load.start >= tonumber(at) + load.readLagUs";
const meets = "if not (cannotTell and isLate(floor.at, load)) then";
const leaseAlive = "tonumber(marks.lease.deadline) > clock.now";
const tokenOf = "marks.lease and marks.lease.token == token and marks.lease or nil";

const tooBrief = "floorTtlUs < tonumber(lease.deadline) - tonumber(lease.start) + readLagUs";

/** F >= L + R, in whatever stores what was loaded under a lease. */
const boundsMutants: readonly Omit<EntryScriptMutant, "script">[] = [
  { name: "F < L + R does not matter", from: `return ${tooBrief}`, to: "return false" },
  { name: "F at L + R is too short", from: "return floorTtlUs <", to: "return floorTtlUs <=" },
  { name: "F one tick below L + R is enough", from: "return floorTtlUs <", to: "return floorTtlUs + 1 <" },
  { name: "R does not count", from: "- tonumber(lease.start) + readLagUs", to: "- tonumber(lease.start)" },
];

const leaseMutants: readonly Omit<EntryScriptMutant, "script">[] = [
  { name: "two hold a lease", from: "if held and held.token ~= token then", to: "if false then" },
  { name: "a lease asked for again begins again", from: "if not held then", to: "if true then" },
  { name: "a lease lives at its deadline", from: leaseAlive, to: "tonumber(marks.lease.deadline) >= clock.now" },
  { name: "the lease is not written", from: "writeManaged(key, entry, entry.marks, clock)", to: "" },
  { name: "another service's key is written over", from: 'elseif entry.kind == "foreign" then', to: "elseif false then" },
  { name: "a provisional entry is visible", from: "if not entry.deps or entry.p then", to: "if not entry.deps then" },
  { name: "an entry without a value is visible", from: 'call("HEXISTS", key, "v") == 1 and readDeps(d)', to: "readDeps(d)" },
  { name: "an entry lives at its keep-until", from: "if now >= keepUntil then", to: "if now > keepUntil then" },
  { name: "keep-until is ignored", from: "if now >= keepUntil then", to: "if false then" },
  { name: "an entry is fresh at its fresh-until", from: "or math.huge) <= now", to: "or math.huge) < now" },
  { name: "what is softened is fresh", from: "local isOld = entry.o or", to: "local isOld =" },
  {
    name: "a softened entry never ends",
    from: "keepUntil = math.min(keepUntil, isTime(softKeep)",
    to: "local _ = math.min(keepUntil, isTime(softKeep)",
  },
  { name: "a hard generation is ignored", from: "generation < epoch.hard or", to: "" },
  { name: "a generation at the hard one is a miss", from: "generation < epoch.hard", to: "generation <= epoch.hard" },
  { name: "a generation of the future is valid", from: "or generation > epoch.generation then", to: "then" },
  { name: "a soft generation is fresh", from: 'found = generation < epoch.generation and "stale" or found', to: "" },
  { name: "an unknown epoch is valid", from: "if not epoch or generation", to: "if epoch and generation" },
  { name: "an entry that lacks a tag of the reader is valid", from: "if not has[tag] then", to: "if false then" },
  { name: "floors are dropped at a lease", from: "entry.marks.lease = held", to: "entry.marks = { floors = {}, lease = held }" },
  { name: "dead floors are told", from: "floor.at >= oldestLive and floor or nil", to: "floor" },
  { name: "a floor is dead at its exact end", from: "floor.at >= oldestLive", to: "floor.at > oldestLive" },
  { name: "marks that cannot be read are none", from: 'blind = { at = timeText(clock.now), letter = "h" } }', to: "}" },
  { name: "a line that cannot be read is skipped", from: "isRead = isRead and readMark(marks, line)", to: "readMark(marks, line)" },
  {
    name: "the time to live of an entry is shortened",
    from: 'milliseconds(marksEnd(marks, clock)), "GT")',
    to: "milliseconds(marksEnd(marks, clock)))",
  },
  { name: "the key ends with its lease, floors or not", from: "last = math.max(last, tonumber(floor.at) + clock.ttlUs)", to: "" },
  {
    name: "the key ends before a blind floor",
    from: "return marks.blind and math.max(last, tonumber(marks.blind.at) + clock.ttlUs) or last",
    to: "return last",
  },
  { name: "old marks stay in the text", from: 'string.gsub(entry.d, "\\n\\f[^\\n]*", "")', to: "entry.d" },
  { name: "any string is marks", from: "local isOurs = not isForeign(text) and isMarks(text)", to: "local isOurs = not isForeign(text)" },
];

const fillMutants: readonly Omit<EntryScriptMutant, "script">[] = [
  { name: "no lease token", from: tokenOf, to: "marks.lease" },
  ...boundsMutants,
  { name: "a lease lives at its deadline", from: leaseAlive, to: "tonumber(marks.lease.deadline) >= clock.now" },
  { name: "no floor", from: "if not meetsFloors(marks, load) then", to: "if false then" },
  { name: "a missing dep covers", from: meets, to: "if dep and not (cannotTell and isLate(floor.at, load)) then" },
  { name: "a missing dep never covers", from: meets, to: "if not dep or not isLate(floor.at, load) then" },
  { name: "an old dep is saved by time", from: meets, to: "if not isLate(floor.at, load) then" },
  { name: "an equal timestamp covers", from: "return newer(held, version)", to: "return not newer(version, held)" },
  { name: "an equal timestamp is never saved by time", from: 'or (space == "timestamp" and dep == floor.version)', to: "" },
  { name: "no R gate", from: late, to: "return load.start >= tonumber(at)" },
  { name: "R one tick short", from: late, to: "return load.start + 1 >= tonumber(at) + load.readLagUs" },
  { name: "R one tick long", from: late, to: "return load.start > tonumber(at) + load.readLagUs" },
  { name: "a primary read at raised-at itself", from: "return load.start > tonumber(at)", to: "return load.start >= tonumber(at)" },
  { name: "every load is from the primary", from: "if load.isPrimary then", to: "if true then" },
  { name: "no blind floor", from: "return not marks.blind or isLate(marks.blind.at, load)", to: "return true" },
  { name: "no epoch gate", from: "elseif epochAgeUs and epochAgeUs < (isPrimary and 1 or readLagUs) then", to: "elseif false then" },
  { name: "an epoch of age R is too young", from: "epochAgeUs < (", to: "epochAgeUs <= (" },
  { name: "a primary read does not help against a young epoch", from: "isPrimary and 1 or readLagUs", to: "readLagUs" },
  {
    name: "a primary read helps against an epoch ahead of its clock",
    from: "isPrimary and 1 or readLagUs",
    to: "isPrimary and 0 or readLagUs",
  },
  { name: "no `older`", from: 'return isNewer() and "older" or nil', to: "return nil" },
  { name: "an equal version is older", from: "if held and newer(held, version) then", to: "if held and not newer(version, held) then" },
  { name: "what is invalid counts as newer", from: "if not readable(entry, epochs, now) then", to: "if not entry.deps then" },
  { name: "floors are dropped", from: "local lines = markLines(marks)\n  local head", to: "local lines = {}\n  local head" },
  { name: "the lease stays", from: "marks.lease = nil\nlocal why", to: "local why" },
  {
    name: "a refused fill keeps its lease",
    from: "if why then\n  writeManaged(key, entry, marks, clock)",
    to: "if why then\n  local _ = entry",
  },
  { name: "no provisional step", from: 'add("p", provisionalUs and', to: 'add("p", false and' },
  { name: "no epochs", from: 'add("e", string.gsub(ARGV[5], "(\\n[^\\t]+\\t%d+)\\t%d+", "%1"))', to: "" },
  { name: "the hard generation is stored", from: '"(\\n[^\\t]+\\t%d+)\\t%d+", "%1"', to: '"(\\n[^\\t]+\\t)%d+\\t(%d+)", "%1%2"' },
  { name: "no tags", from: 'add("t", ARGV[7])', to: "" },
  {
    name: "the old entry is not removed",
    from: 'call("UNLINK", key)\n  local done',
    to: "local done",
  },
  { name: "the key ends with its keep-until", from: "milliseconds(math.max(unpack(ends)))", to: "milliseconds(ends[1])" },
  { name: "the key ends before its floors", from: "marksEnd(marks, clock) }\n", to: "0 }\n" },
];

const gatedMutants: readonly Omit<EntryScriptMutant, "script">[] = [
  { name: "no lease token", from: tokenOf, to: "marks.lease" },
  ...boundsMutants,
  { name: "a lost lease does not matter", from: 'if token ~= "" and not lease then', to: "if false then" },
  { name: "no floor", from: "elseif not meetsFloors(marks, load) then", to: "elseif false then" },
  { name: "without a lease time saves", from: "or -math.huge", to: "or now" },
  { name: "no `older`", from: 'newer(entry.version, version) and "older" or nil', to: "nil" },
  { name: "an equal version is older", from: "newer(entry.version, version)", to: "not newer(version, entry.version)" },
  { name: "another type is written over", from: 'if entry.found == "foreign" then', to: "if false then" },
  { name: "floors are dropped from a hash", from: 'if text == "" then\n    call("HDEL"', to: 'if true then\n    call("HDEL"' },
  { name: "the lease stays", from: "marks.lease = nil", to: "" },
  {
    name: "a refused write keeps its lease",
    from: 'if hadLease and (why or kind ~= "hash")',
    to: 'if hadLease and not why and kind ~= "hash"',
  },
  { name: "old fields stay", from: "if not kept[name] then", to: "if false then" },
  { name: "the version key is not written", from: 'if kind == "companion" then\n    call', to: "if false then\n    call" },
  { name: "a hash ends before its floors", from: "math.max(ends, marksEnd(marks, clock))", to: "ends" },
];

export const entryScriptMutants: readonly EntryScriptMutant[] = [
  ...leaseMutants.map((mutant) => ({ script: "lease" as const, ...mutant })),
  ...fillMutants.map((mutant) => ({ script: "fill" as const, ...mutant })),
  ...gatedMutants.map((mutant) => ({ script: "set-if-newer" as const, ...mutant })),
  { script: "promote", name: "by token only", from: "and tonumber(deadline) > now", to: "" },
  { script: "promote", name: "at its deadline", from: "tonumber(deadline) > now", to: "tonumber(deadline) >= now" },
  { script: "promote", name: "by time only", from: "token == ARGV[1] and #deadline", to: "token and #deadline" },
  { script: "promote", name: "clears softened-at", from: 'call("HDEL", KEYS[1], "p")', to: 'call("HDEL", KEYS[1], "p", "o")' },
  { script: "drop", name: "without a token", from: "local isOurs = token == ARGV[1]", to: "local isOurs = token ~= nil" },
  {
    script: "drop",
    name: "floors are dropped",
    from: "readManaged(KEYS[1], clock).marks",
    to: "{ floors = {}, lease = readManaged(KEYS[1], clock).marks.lease }",
  },
  {
    script: "drop",
    name: "the lease is dropped",
    from: "readManaged(KEYS[1], clock).marks",
    to: "{ floors = readManaged(KEYS[1], clock).marks.floors, blind = readManaged(KEYS[1], clock).marks.blind }",
  },
  { script: "lease-gated", name: "two hold a lease", from: "elseif held and held.token ~= token then", to: "elseif false then" },
  { script: "lease-gated", name: "another type is leased", from: 'elseif entry.found == "foreign" then', to: "elseif false then" },
  {
    script: "lease-gated",
    name: "what cannot be read is a hit",
    from: 'local found = value == "version" and "value"',
    to: 'local found = (value == "version" or value == "unversioned") and "value"',
  },
  {
    script: "lease-gated",
    name: "the time to live of a hash is shortened",
    from: 'call("PEXPIREAT", key, ends, "GT")',
    to: 'call("PEXPIREAT", key, ends)',
  },
];

export const entryDecisionMutants: readonly EntryDecisionMutant[] = [
  {
    file: "decide-fill",
    name: "no lease token at a fill",
    from: 'held === null || held.token !== args.token) return { outcome: "refused"',
    to: 'held === null) return { outcome: "refused"',
  },
  {
    file: "decide-fill",
    name: "two hold a lease",
    from: "const isOurs = held === null || held.token === args.token;",
    to: "const isOurs = true;",
  },
  {
    file: "decide-fill",
    name: "a lease lives at its deadline",
    from: "held.deadlineUs > nowUs ? held : null",
    to: "held.deadlineUs >= nowUs ? held : null",
  },
  { file: "decide-fill", name: "a lease asked for again begins again", from: "const write = held ?? { token", to: "const write = { token" },
  { file: "decide-fill", name: "provisional is visible", from: "|| provisional !== null) return false", to: ") return false" },
  { file: "decide-fill", name: "keep-until inclusive", from: "return nowUs < end;", to: "return nowUs <= end;" },
  { file: "decide-fill", name: "softened is fresh", from: "state.softened !== null || (state.freshUntilUs", to: "(state.freshUntilUs" },
  {
    file: "decide-fill",
    name: "no floor at a fill",
    from: '{ readLagMs: args.readLagMs, primarySlackMs: 0 })) return "floor"',
    to: '{ readLagMs: args.readLagMs, primarySlackMs: 0 }) && false) return "floor"',
  },
  {
    file: "decide-fill",
    name: "F < L + R does not matter to a fill",
    from: "if (outlivesFloors(held, args)) return",
    to: "if (false) return",
  },
  {
    file: "decide-fill",
    name: "F < L + R does not matter to a write",
    from: "if (token !== null && held !== null && outlivesFloors",
    to: "if (false && held !== null && outlivesFloors",
  },
  {
    file: "decide-fill",
    name: "F at L + R is too short",
    from: "return floorTtlMs * 1000 < deadlineUs",
    to: "return floorTtlMs * 1000 <= deadlineUs",
  },
  {
    file: "decide-fill",
    name: "another service's key is leased",
    from: 'if (state.value === "foreign") return { outcome: "foreign", write: null };',
    to: "",
  },
  { file: "decide-fill", name: "no epoch gate", from: "if ([...args.epochs", to: "if (false && [...args.epochs" },
  {
    file: "decide-fill",
    name: "an epoch of age R is too young",
    from: "ageUs < leastAgeUs",
    to: "ageUs <= leastAgeUs",
  },
  {
    file: "decide-fill",
    name: "a primary read helps against an epoch ahead of its clock",
    from: "args.primaryRead ? 1 :",
    to: "args.primaryRead ? 0 :",
  },
  { file: "decide-fill", name: "no `older`", from: 'return hasNewer(state, args) ? "older" : null', to: "return null" },
  { file: "decide-fill", name: "what is invalid counts as newer", from: 'if (readable(state, args) === "none" || value', to: "if (value" },
  { file: "decide-fill", name: "floors are dropped at a fill", from: "    ...floors,\n    value: { deps }", to: "    value: { deps }" },
  {
    file: "decide-fill",
    name: "a refused fill keeps its lease",
    from: "write: { ...state, lease: null } };\n  const { nowUs",
    to: "write: null };\n  const { nowUs",
  },
  {
    file: "decide-fill",
    name: "no provisional step",
    from: "provisional: provisionalMs === null ? null :",
    to: "provisional: true ? null :",
  },
  {
    file: "decide-fill",
    name: "the hard generation is stored",
    from: "[tag, { generation }]) => [tag, generation]",
    to: "[tag, { hardGeneration }]) => [tag, hardGeneration]",
  },
  { file: "decide-fill", name: "promote by token only", from: "if (provisional.deadlineUs <= nowUs) return", to: "if (false) return" },
  { file: "decide-fill", name: "promote at the deadline", from: "provisional.deadlineUs <= nowUs", to: "provisional.deadlineUs < nowUs" },
  {
    file: "decide-fill",
    name: "promote by anybody",
    from: "provisional === null || provisional.token !== token)",
    to: "provisional === null)",
  },
  {
    file: "decide-fill",
    name: "drop by anybody",
    from: "state.value === null || state.provisional?.token !== token",
    to: "state.value === null || state.provisional === null",
  },
  {
    file: "decide-fill",
    name: "drop takes floors along",
    from: "{ ...noEntry, floors, blindFloor, lease: held }",
    to: "{ ...noEntry, lease: held }",
  },
  {
    file: "decide-fill",
    name: "drop takes the lease along",
    from: "{ ...noEntry, floors, blindFloor, lease: held }",
    to: "{ ...noEntry, floors, blindFloor }",
  },
  {
    file: "decide-fill",
    name: "without a lease time saves a write",
    from: "Number.NEGATIVE_INFINITY : held.startUs",
    to: "nowUs : held.startUs",
  },
  {
    file: "decide-fill",
    name: "a lost lease does not matter to a write",
    from: "if (token !== null && held?.token !== token) return",
    to: "if (false) return",
  },
  {
    file: "decide-fill",
    name: "an older write is stored",
    from: 'return isOlder ? { outcome: "refused", reason: "older" } :',
    to: "return",
  },
  {
    file: "decide-fill",
    name: "another type is written over",
    from: 'if (state.value === "foreign") return { outcome: "refused", reason: "foreign" };',
    to: "",
  },
  {
    file: "floors",
    name: "a missing dep covers",
    from: "const cannotTell = dep === undefined ||",
    to: "if (dep === undefined) return true;\n    const cannotTell =",
  },
  { file: "floors", name: "an old dep is saved by time", from: "return cannotTell && isLate(floor)", to: "return isLate(floor)" },
  {
    file: "floors",
    name: "no R gate",
    from: "return load.leaseStartUs >= raisedAtUs + wait.readLagMs * 1000",
    to: "return load.leaseStartUs >= raisedAtUs",
  },
  {
    file: "floors",
    name: "a primary read at raised-at itself",
    from: "load.leaseStartUs > raisedAtUs +",
    to: "load.leaseStartUs >= raisedAtUs +",
  },
  { file: "floors", name: "no blind floor", from: "&& (blindFloor === null || isLate(blindFloor))", to: "" },
  {
    file: "floors",
    name: "a floor is dead at its exact end",
    from: "raisedAtUs + floorTtlMs * 1000 >= nowUs",
    to: "raisedAtUs + floorTtlMs * 1000 > nowUs",
  },
  {
    file: "floors",
    name: "an equal timestamp covers",
    from: 'spaceKind === "timestamp" ? difference > 0 : difference >= 0',
    to: "difference >= 0",
  },
  { file: "decide-epoch", name: "a hard generation is ignored", from: "generation < epoch.hardGeneration ||", to: "" },
  { file: "decide-epoch", name: "a generation of the future is valid", from: "|| generation > epoch.generation)", to: ")" },
  { file: "decide-epoch", name: "a soft generation is fresh", from: 'if (generation < epoch.generation) found = "stale";', to: "" },
  {
    file: "decide-epoch",
    name: "an entry that lacks a tag of the reader is valid",
    from: 'for (const tag of current.keys()) if (!held.has(tag)) return "miss";',
    to: "",
  },
  {
    file: "decide-epoch",
    name: "an unknown epoch is valid",
    from: "if (epoch === undefined ||",
    to: "if (epoch === undefined) continue;\n    if (",
  },
];
