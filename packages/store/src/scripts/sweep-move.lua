#!lua flags=allow-oom
-- One step of a walk is done: what is gone leaves the index, and the cursor moves; both only for who holds the walk. The same step as
-- `moveSweep` in protocol's decide-tag.ts.
-- KEYS index 1..1
-- KEYS state 2..2
-- ARGV 1 id               of the worker
-- ARGV 2 holdMs           how long it may be silent before another takes over
-- ARGV 3 cursor           score and member last handled
-- ARGV 4 member stride 2  that is gone, up to 500 of them
-- ARGV 5 score stride 2   the one seen
-- REPLY time              of this Redis, in microseconds
-- REPLY letter            m moved, l lost: another holds it
-- EFFECTS ZREM per member that is gone; HSET of cursor and time.
-- @include lib/version.lua lib/tag-life.lua lib/index.lua lib/arguments.lua

if #KEYS ~= 2 or #ARGV < 3 or #ARGV > 1003 or #ARGV % 2 == 0 then
  return refused("sweep-move has 2 keys, 3 arguments and 2 for each member, up to 500 of them")
elseif not isText(ARGV[1], 1) or not millisecondsOf(ARGV[2], 0) or not find(ARGV[3], "^%d+\t") then
  return refused("sweep-move has an id, milliseconds, and a cursor of score and member")
end
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
if call("HGET", KEYS[2], "i") ~= ARGV[1] then
  return { whole(now), "l" }
end
removeSeen(KEYS[1], 4)
call("HSET", KEYS[2], "c", ARGV[3], "u", whole(now + tonumber(ARGV[2]) * 1000))
return { whole(now), "m" }
