#!lua flags=allow-oom
-- Busts entries: each goes away unless it covers its event, and a floor is left where the family wants one. The same step as `bust`
-- in protocol's decide.ts; a test holds the two together on a real Redis.
-- KEYS entry 1..200       all on one node; a key may repeat, and then every one of its busts counts
-- ARGV 1 kind             managed | hash | json | opaque
-- ARGV 2 field            of the version: a field for hash, a member for json, else empty
-- ARGV 3 space            counter | timestamp | none
-- ARGV 4 unversioned      bust | keep
-- ARGV 5 floorTtlUs       F, by which floors are judged alive
-- ARGV 6 floor            leave | none
-- ARGV 7 run              apply | preview (writes nothing)
-- ARGV 8 subject stride 2 one per key
-- ARGV 9 version stride 2 one per key, empty for a blind bust
-- REPLY time              of this Redis, used for the whole call, in microseconds
-- REPLY letters           one per key: r removed, a absent, c covered, u unversioned
-- EFFECTS per entry: UNLINK of what goes away, before any write; then HSET of floors and lease, PEXPIREAT.
-- @include lib/version.lua lib/floors.lua lib/raise.lua lib/json-version.lua lib/entry.lua

local kind, field, space, unversioned = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local ttlUs, leave, apply = tonumber(ARGV[5]), ARGV[6] == "leave", ARGV[7] == "apply"
local managedNames = { version = "d", floors = "f", lease = "l" }
local names = kind == "managed" and managedNames or { version = field, floors = "fr:f", lease = "fr:l" }
local read = ({ managed = readManaged, hash = readHash, json = readJson, opaque = readOpaque })[kind]
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local nowText = string.format("%.0f", now)
local oldestLive = string.format("%.0f", math.max(0, now - ttlUs))
local function isLive(at)
  return not newer(oldestLive, at)
end
local clock = { text = nowText, isLive = isLive }
local function milliseconds(us)
  return string.format("%.0f", math.ceil(us / 1000))
end
local nextFloorsEnd = milliseconds(now + ttlUs)

local function outcomeOf(value, held, subject, version)
  if value == "opaque" then
    return "r"
  elseif value == "deps" then
    held = depOf(held, subject)
  elseif value ~= "version" then
    return "u"
  end
  if held == false then
    return "u"
  end
  return held and version ~= "" and covers(held, version, space) and "c" or "r"
end

-- Puts floors in place of what is gone, with the lease that was there, or beside what stays. A value that stays keeps
-- at least its old time to live, and a key without one stays without (GT).
local function leaveFloors(key, floors, raisedAt, lease, isGone, isKept)
  local ends = raisedAt == nowText and nextFloorsEnd or milliseconds(raisedAt + ttlUs)
  local deadline = lease and leaseDeadline(lease, now)
  if deadline and deadline > raisedAt + ttlUs then
    ends = milliseconds(deadline)
  end
  if deadline and isGone then
    call("HSET", key, names.floors, floors, names.lease, lease)
  else
    call("HSET", key, names.floors, floors)
  end
  if isKept then
    call("PEXPIREAT", key, ends, "GT")
  else
    call("PEXPIREAT", key, ends)
  end
end

local function bust(key, subject, version)
  local value, held, floors, lease = read(key, names, now, leave)
  local raised, raisedAt
  if leave and floors then
    raised, raisedAt = raise(floors, subject, version, space, clock)
    if not raised then
      return value == nil and "a" or "c"
    end
  elseif leave then
    raised, raisedAt = "\n" .. (version == "" and "*" or subject) .. "\t" .. version .. raisedMark(version == "" and "none" or space, clock), nowText
  end
  local outcome = value and outcomeOf(value, held, subject, version) or "a"
  if not apply then
    return outcome
  end
  local isGone = outcome == "r" or (outcome == "u" and unversioned == "bust")
  if isGone then
    call("UNLINK", key)
  end
  if raised and (isGone or value ~= "foreign") then
    leaveFloors(key, raised, raisedAt, lease, isGone, value and not isGone)
  end
  return outcome
end

local letters = {}
for i = 1, #KEYS do
  letters[i] = bust(KEYS[i], ARGV[6 + 2 * i], ARGV[7 + 2 * i])
end
return { nowText, table.concat(letters) }
