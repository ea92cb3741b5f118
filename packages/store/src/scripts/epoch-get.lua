#!lua flags=allow-oom
-- The epoch of a tag; a missing one is made. The same step as `getEpoch` in protocol's decide-epoch.ts. It runs when memory is full: readers
-- wait for it.
-- KEYS epoch 1..1
-- ARGV 1 skewMs           C
-- ARGV 2 run              apply | preview (writes nothing: a missing one is answered as it would be made); apply when it is left out
-- REPLY time              of this Redis, in microseconds
-- REPLY generation
-- REPLY hardGeneration
-- EFFECTS HSET when it is made; PEXPIREAT then, and when less than half of its time is left.
-- @include lib/version.lua lib/tag-life.lua lib/epoch.lua lib/arguments.lua

if #ARGV > 2 or not millisecondsOf(ARGV[1] or "", 1) or (ARGV[2] and ARGV[2] ~= "apply" and ARGV[2] ~= "preview") then
  return refused("epoch-get has C in milliseconds, not 0, then apply, preview or nothing")
end
local key = KEYS[1]
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local nowMs = math.floor(now / 1000)
local generation, hardGeneration = readEpoch(key)
local isMissing = not generation
if isMissing then
  generation = epochAfterLoss(now, tonumber(ARGV[1]))
  hardGeneration = generation
end
if ARGV[2] == "preview" then
  return { whole(now), whole(generation), whole(hardGeneration) }
elseif isMissing then
  call("UNLINK", key)
  call("HSET", key, "g", whole(generation), "h", whole(hardGeneration))
  call("PEXPIREAT", key, whole(nowMs + EPOCH_TTL_MS))
elseif call("PEXPIRETIME", key) - nowMs < EPOCH_TTL_MS / 2 then
  call("PEXPIREAT", key, whole(nowMs + EPOCH_TTL_MS))
end
return { whole(now), whole(generation), whole(hardGeneration) }
