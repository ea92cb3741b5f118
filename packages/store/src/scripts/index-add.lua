#!lua
-- Puts an entry into the index of a tag and answers with the floors it must meet, as they stand *after* that. The same step as
-- `indexAdd` in protocol's decide-tag.ts. A new member takes up to two that may be trimmed (`trimBefore`) out: an index that nobody
-- busts does not grow for ever.
-- KEYS index 1..1
-- KEYS state 2..2
-- ARGV 1 member           the entry's key
-- ARGV 2 fillTimeUs       by the clock of the entry's Redis
-- ARGV 3 keepMs           how long the entry may be served from then on
-- ARGV 4 floorTtlMs       F_tag
-- ARGV 5 skewMs           C
-- REPLY time              of this Redis, in microseconds
-- REPLY score             max(fill time, old score + 1)
-- REPLY floors            their text, dead ones too
-- EFFECTS ZADD, HSET of the longest keep-until, ZREMRANGEBYRANK, PEXPIREAT of both keys.
-- @include lib/version.lua lib/tag-life.lua lib/index.lua

local index, state, member = KEYS[1], KEYS[2], ARGV[1]
local fillTime, keep, floorTtl, skew = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = call("TIME")
local now = time[1] * 1000000 + time[2]

local old = call("ZSCORE", index, member)
local score = math.max(fillTime, old and tonumber(old) + 1 or 0)
call("ZADD", index, whole(score), member)
liveUntil(index, inMs(math.max(fillTime, now)) + keep + skew)

local got = call("HMGET", state, "f", "n", "i", "k", "x")
local keepMax = numberOf(got[4]) or 0
if keep > keepMax then
  keepMax = keep
  call("HSET", state, "k", whole(keepMax))
end
if not old then
  trim(index, { now = now, keepMax = keepMax, skew = skew }, 2)
end
local endMs = inMs(now) + keepMax + skew + floorTtl
if got[2] or got[3] then
  stayUntil(state, endMs, got[5])
else
  liveUntil(state, endMs)
end
return { whole(now), whole(score), got[1] or "" }
