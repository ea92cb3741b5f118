#!lua flags=allow-oom
-- Busts entries: each goes away unless it covers its event, and a floor is left where the family wants one.
-- The same step as `bust` in protocol's decide.ts; a test holds the two together on a real Redis.
--
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
-- EFFECTS UNLINK of all that goes away, before any write; then per entry HSET of floors and lease, PEXPIREAT.
-- @include lib/version.lua lib/floors.lua lib/json-version.lua lib/entry.lua

local kind, field, space, unversioned = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local ttlUs, leave, apply = tonumber(ARGV[5]), ARGV[6] == "leave", ARGV[7] == "apply"
local clock = redis.call("TIME")
local now = clock[1] * 1000000 + clock[2]
local readers = { managed = readManaged, hash = readHash, json = readJson, opaque = readOpaque }
local read, readArg = readers[kind], kind == "managed" and now or field
local names = kind == "managed" and managedFields or gateFields

local function outcomeOf(state, subject, version)
  if not state.value then
    return "a"
  elseif state.value == "opaque" then
    return "r"
  end
  local held = heldOf(state, subject)
  if state.value == "unversioned" or held == false then
    return "u"
  end
  return held and version ~= "" and covers(held, version, space) and "c" or "r"
end

local function bust(state, subject, version)
  if leave then
    state.live = state.live or readFloors(state.floors or "", now, ttlUs)
    if space == "counter" and version ~= "" and standsUnderFloor(state.live, subject, version) then
      return state.value and "c" or "a"
    end
  end
  local outcome = outcomeOf(state, subject, version)
  if outcome == "r" or (outcome == "u" and unversioned == "bust") then
    state.value, state.isGone, state.isForeign = nil, true, false
    state.live = state.live or readFloors(state.floors or "", now, ttlUs)
  end
  if leave and not state.isForeign then
    raiseFloor(state.live, subject, version, space, now)
    state.isRaised = true
  end
  return outcome
end

-- What outlives the step: floors and lease of what is gone, a floor beside what stays. A value that stays keeps at
-- least its old time to live (GT also leaves a key without one as it is).
local function writeBack(state)
  local floors = writeFloors(state.live)
  local lease = leaseDeadline(state.lease, now)
  if floors ~= "" then
    redis.call("HSET", state.key, names.floors, floors)
  end
  if lease and state.isGone then
    redis.call("HSET", state.key, names.lease, state.lease)
  end
  local ends = math.max(floors ~= "" and floorsEnd(state.live, ttlUs) or 0, lease or 0)
  if ends > 0 and state.value then
    redis.call("PEXPIREAT", state.key, math.ceil(ends / 1000), "GT")
  elseif ends > 0 then
    redis.call("PEXPIREAT", state.key, math.ceil(ends / 1000))
  end
end

local states, order, letters, gone = {}, {}, {}, {}
for i, key in ipairs(KEYS) do
  local state = states[key]
  if not state then
    state = read(key, readArg)
    states[key], order[i] = state, state
  end
  letters[i] = bust(state, ARGV[6 + 2 * i], ARGV[7 + 2 * i])
end
for _, state in pairs(apply and order or {}) do
  state.isGone = state.isGone or (state.isDead and state.isRaised)
  gone[#gone + 1] = state.isGone and state.key or nil
end
if #gone > 0 then
  redis.call("UNLINK", unpack(gone))
end
for _, state in pairs(apply and order or {}) do
  if state.isGone or state.isRaised then
    writeBack(state)
  end
end
return { string.format("%.0f", now), table.concat(letters) }
