#!lua
-- A hit, or the right to load one managed entry for at most L: `lease` of protocol's decide-fill.ts.
-- KEYS entry 1..1
-- ARGV 1 token            1 to 64 bytes without control characters; the same one may ask again
-- ARGV 2 epochs           of the entry, as just read: "\n<tag>\t<generation>\t<hardGeneration>" repeated, or empty
-- ARGV 3 leaseTtlUs       L
-- ARGV 4 floorTtlUs       F, by which floors are judged alive
-- REPLY time              of this Redis, in microseconds
-- REPLY outcome           hit | leased | busy | stale_leased | stale_busy | foreign (the key is another service's: what is loaded cannot be stored)
-- REPLY detail            leased: start of the lease in microseconds; busy: until it ends, in milliseconds; hit, foreign: empty
-- REPLY value             of a hit or a stale one, else nil
-- REPLY deps              its field d
-- REPLY tags              its field t
-- REPLY min repeated      leased: a subject, then the version that a load must have at least
-- EFFECTS the lease is written, unless it is held: into the field d beside a value (PEXPIREAT GT), else SET of the marks.
-- @include lib/version.lua lib/marks.lua lib/foreign.lua lib/managed.lua lib/readable.lua lib/covers.lua lib/load.lua lib/arguments.lua lib/lists.lua

local fault = #ARGV ~= 4 and "a lease has 4 arguments" or keysFault(1) or epochsFault(ARGV[2]) or leaseFault(ARGV[1], ARGV[3], ARGV[4])
if fault then
  return refused(fault)
end
local key, token, epochs = KEYS[1], ARGV[1], readEpochs(ARGV[2])
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local clock = { now = now, ttlUs = tonumber(ARGV[4]) }
local entry = readManaged(key, clock)
local found = readable(entry, epochs, now)

local function answer(outcome, detail)
  local reply = { timeText(now), outcome, detail, false, false, false }
  if found then
    local got = call("HMGET", key, "v", "d", "t")
    reply[4], reply[5], reply[6] = got[1], got[2], got[3]
  end
  return reply
end

if found == "fresh" then
  return answer("hit", "")
elseif entry.kind == "foreign" then
  return answer("foreign", "")
end
local isStale = found == "stale"
local held = entry.marks.lease
if held and held.token ~= token then
  return answer(isStale and "stale_busy" or "busy", milliseconds(held.deadline - now))
end
if not held then
  held = { token = token, start = timeText(now), deadline = timeText(now + tonumber(ARGV[3])) }
  entry.marks.lease = held
  writeManaged(key, entry, entry.marks, clock)
end
local reply = answer(isStale and "stale_leased" or "leased", held.start)
for _, floor in ipairs(entry.marks.floors) do
  reply[#reply + 1] = floor.subject
  reply[#reply + 1] = floor.version
end
return reply
