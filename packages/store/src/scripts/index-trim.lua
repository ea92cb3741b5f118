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
-- @include lib/version.lua lib/tag-life.lua

local skew, max = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local keepMax = numberOf(call("HGET", KEYS[2], "k")) or 0
local count = 0
if keepMax > 0 then
  local before = now - (keepMax + skew) * 1000
  count = math.min(max, call("ZCOUNT", KEYS[1], "-inf", "(" .. whole(before)))
end
if count > 0 then
  call("ZREMRANGEBYRANK", KEYS[1], 0, count - 1)
end
return { whole(now), whole(count) }
