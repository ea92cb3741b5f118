#!lua
-- Puts an entry into the index of a tag and answers with the floors it must meet, as they stand *after* that. The same step as
-- `indexAdd` in protocol's decide-tag.ts. A new member takes up to two that may be trimmed (`trimBefore`) out: an index that nobody
-- busts does not grow for ever.
-- KEYS index 1..1
-- KEYS state 2..2
-- ARGV 1 member           the entry's key, not under the prefix of the index
-- ARGV 2 fillTimeUs       by the clock of the entry's Redis, as the fill answered it: at most C ahead of this one's
-- ARGV 3 keepMs           how long the entry may be served from then on
-- ARGV 4 floorTtlMs       F_tag
-- ARGV 5 skewMs           C
-- REPLY time              of this Redis, in microseconds
-- REPLY score             max(fill time, old score + 1)
-- REPLY floors            their text, dead ones too
-- EFFECTS ZADD, HSET of the longest keep-until, ZREMRANGEBYRANK, PEXPIREAT of both keys.
-- @include lib/version.lua lib/tag-life.lua lib/index.lua lib/arguments.lua lib/utf8.lua

-- A walk busts members, with the rights of who walks: floors, gates and pending sweeps must not be among them.
local function isOwn(member)
  local at = find(KEYS[1], "t:{", 1, true)
  return at and at > 1 and sub(member, 1, at - 1) == sub(KEYS[1], 1, at - 1)
end

local function fault()
  if #KEYS ~= 2 or #ARGV ~= 5 then
    return "index-add has 2 keys and 5 arguments"
  elseif sub(KEYS[1], -2) ~= ":i" or KEYS[2] ~= sub(KEYS[1], 1, -2) .. "f" then
    return "the keys are index and state of one tag, and end in :i and :f"
  elseif ARGV[1] == "" or #ARGV[1] > 512 or not isUtf8(ARGV[1]) then
    return "a member is a key: 1 to 512 bytes of UTF-8"
  elseif isOwn(ARGV[1]) then
    return "a member is the key of an entry, none of Freshet's own"
  elseif not numberOf(ARGV[2]) then
    return "the fill time is microseconds since 1970 in digits"
  elseif not millisecondsOf(ARGV[3], 0) or not millisecondsOf(ARGV[4], 1) or not millisecondsOf(ARGV[5], 1) then
    return "keep, F and C are milliseconds in digits, F and C not 0"
  end
  return nil
end

local wrong = fault()
if wrong then
  return refused(wrong)
end
local index, state, member = KEYS[1], KEYS[2], ARGV[1]
local fillTime, keep, floorTtl, skew = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = call("TIME")
local now = time[1] * 1000000 + time[2]

local got = call("HMGET", state, "f", "n", "i", "k", "x")
local keepMax = numberOf(got[4]) or 0
if fillTime > now + skew * 1000 then
  return refused("the fill time is more than C ahead of the clock here")
elseif fillTime < now - (math.max(keepMax, keep) + skew) * 1000 then
  return refused("the fill time is so old that the entry cannot be served any more")
end

local old = call("ZSCORE", index, member)
local score = math.max(fillTime, old and tonumber(old) + 1 or 0)
call("ZADD", index, whole(score), member)
liveUntil(index, inMs(math.max(fillTime, now)) + keep + skew)
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
