#!lua
-- A hit, or the right to load one entry that an existing service reads and writes itself, in a family with a gate: `lease` of
-- protocol's decide-fill.ts.
-- KEYS entry 1..1
-- KEYS gate 2..2          of hash the entry itself
-- KEYS version 3..3       of companion; absent for other kinds
-- ARGV 1 kind             hash | json | prefix | companion
-- ARGV 2 field            of the version: a field for hash, a member for json, else empty
-- ARGV 3 token            1 to 64 bytes without control characters; the same one may ask again
-- ARGV 4 leaseTtlUs       L
-- ARGV 5 floorTtlUs       F, by which floors are judged alive
-- REPLY time              of this Redis, in microseconds
-- REPLY outcome           hit | leased | busy | foreign (the key holds another Redis type: what is loaded cannot be stored)
-- REPLY detail            leased: start of the lease in microseconds; busy: until it ends, in milliseconds; hit, foreign: empty
-- REPLY nothing x 3       as lease.lua answers what is stored
-- REPLY min repeated      leased: a subject, then the version that a load must have at least
-- EFFECTS the lease is written, unless it is held: HSET and PEXPIREAT of the entry (hash), SET of the gate (others).
-- @include lib/version.lua lib/marks.lua lib/json-version.lua lib/foreign.lua lib/entry.lua lib/gated.lua lib/arguments.lua

local fault = #ARGV ~= 5 and "a gated lease has 5 arguments" or keysFault() or gatedFault(ARGV[1], ARGV[2]) or leaseFault(ARGV[3], ARGV[4], ARGV[5])
if fault then
  return refused(fault)
end
local kind, token = ARGV[1], ARGV[3]
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local clock = { now = now, ttlUs = tonumber(ARGV[5]) }
local entry = readGated(kind, ARGV[2], clock)
local held = entry.marks.lease

if entry.found == "value" then
  return { timeText(now), "hit", "", false, false, false }
elseif entry.found == "foreign" then
  return { timeText(now), "foreign", "", false, false, false }
elseif held and held.token ~= token then
  return { timeText(now), "busy", milliseconds(held.deadline - now), false, false, false }
elseif not held then
  held = { token = token, start = timeText(now), deadline = timeText(now + tonumber(ARGV[4])) }
  entry.marks.lease = held
  writeGate(kind, entry.marks, clock)
end
local reply = { timeText(now), "leased", held.start, false, false, false }
for _, floor in ipairs(entry.marks.floors) do
  reply[#reply + 1] = floor.subject
  reply[#reply + 1] = floor.version
end
return reply
