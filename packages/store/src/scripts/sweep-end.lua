#!lua flags=allow-oom
-- The end of a walk, only for who holds it. The same step as `endSweep` in protocol's decide-tag.ts.
-- KEYS state 1..1
-- ARGV 1 id               of the worker
-- REPLY time              of this Redis, in microseconds
-- REPLY letter            e ended, m more: busts came meanwhile, l lost: another holds it
-- EFFECTS HDEL of the walk; PEXPIREAT when nothing is pending any more.
-- @include lib/version.lua lib/tag-life.lua lib/arguments.lua

if #KEYS ~= 1 or #ARGV ~= 1 or not isText(ARGV[1], 1) then
  return refused("sweep-end has 1 key and 1 argument, an id")
end
local state = KEYS[1]
local time = call("TIME")
local now = whole(time[1] * 1000000 + time[2])
local got = call("HMGET", state, "i", "n", "x")
if got[1] ~= ARGV[1] then
  return { now, "l" }
end
call("HDEL", state, "i", "u", "c", "b")
if got[2] then
  return { now, "m" }
end
call("HDEL", state, "x")
local endMs = numberOf(got[3])
if endMs then
  call("PEXPIREAT", state, whole(endMs))
end
return { now, "e" }
