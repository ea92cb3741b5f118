#!lua flags=allow-oom
-- Takes over what is to be walked: an orphan from its cursor on, or the next list from the start. The same step as `claimSweep` in
-- protocol's decide-tag.ts.
-- KEYS state 1..1
-- ARGV 1 id               of the worker
-- ARGV 2 holdMs           how long it may be silent before another takes over
-- ARGV 3 was              the id of its last claim, whose walk it takes over at once; empty for none
-- REPLY time              of this Redis, in microseconds
-- REPLY letter            c claimed, h held by another, i idle: nothing is pending
-- REPLY busts             the list of the walk, when claimed
-- REPLY cursor            where the walk is, when claimed; empty at its start
-- EFFECTS HSET of id and time; HDEL of the next list that becomes the walk's.
-- @include lib/version.lua lib/tag-life.lua lib/arguments.lua

if #KEYS ~= 1 or #ARGV ~= 3 or not isText(ARGV[1], 1) or not millisecondsOf(ARGV[2], 0) or not isText(ARGV[3], 0) then
  return refused("sweep-claim has 1 key and 3 arguments, an id, milliseconds, and an id or nothing")
end
local state, id = KEYS[1], ARGV[1]
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local heldUntil = whole(now + tonumber(ARGV[2]) * 1000)
local got = call("HMGET", state, "i", "u", "b", "c", "n")
local holder, busts, cursor, next = got[1], got[3] or "", got[4] or "", got[5]

if holder then
  if holder ~= id and holder ~= ARGV[3] and (numberOf(got[2]) or 0) > now then
    return { whole(now), "h", "", "" }
  end
  call("HSET", state, "i", id, "u", heldUntil)
  return { whole(now), "c", busts, cursor }
elseif next then
  call("HSET", state, "i", id, "u", heldUntil, "b", next)
  call("HDEL", state, "n")
  return { whole(now), "c", next, "" }
end
return { whole(now), "i", "", "" }
