#!lua flags=allow-oom
-- Removes the oldest members of a tag's index whose entries cannot be served any more. The same bound as `trimBefore` in protocol's
-- decide-tag.ts.
-- KEYS index 1..1
-- KEYS state 2..2
-- ARGV 1 skewMs           C
-- ARGV 2 max              members a call
-- REPLY time              of this Redis, in microseconds
-- REPLY count             of those removed
-- EFFECTS ZREMRANGEBYRANK.
-- @include lib/version.lua lib/tag-life.lua lib/index.lua lib/arguments.lua lib/tag-arguments.lua

if #KEYS ~= 2 or #ARGV ~= 2 or not millisecondsOf(ARGV[1], 1) or not isCount(ARGV[2]) then
  return refused("index-trim has 2 keys and 2 arguments, C in milliseconds and a count, both in digits and not 0")
end
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local times = { now = now, keepMax = numberOf(call("HGET", KEYS[2], "k")) or 0, skew = tonumber(ARGV[1]) }
return { whole(now), whole(trim(KEYS[1], times, tonumber(ARGV[2]))) }
