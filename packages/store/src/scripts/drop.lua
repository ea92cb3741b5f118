#!lua flags=allow-oom
-- Removes a provisional entry, only if it is still the one with this token: `drop` of protocol's decide-fill.ts.
-- KEYS entry 1..1
-- ARGV 1 token            of the fill
-- ARGV 2 floorTtlUs       F
-- REPLY time              of this Redis, in microseconds
-- REPLY outcome           dropped | gone
-- EFFECTS floors and lease take the place of the entry (SET), or nothing does (UNLINK).
-- @include lib/version.lua lib/marks.lua lib/foreign.lua lib/managed.lua lib/provisional.lua lib/arguments.lua

if #ARGV ~= 2 or not isText(ARGV[1], 1) or not durationOf(ARGV[2], 1) then
  return refused("a drop has 2 arguments, a token of 1 to 64 bytes without control characters, and F in microseconds")
end
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local clock = { now = now, ttlUs = tonumber(ARGV[2]) }
local token = provisionalAt(KEYS[1])
local isOurs = token == ARGV[1]
if isOurs then
  writeMarks(KEYS[1], readManaged(KEYS[1], clock).marks, clock)
end
return { timeText(now), isOurs and "dropped" or "gone" }
