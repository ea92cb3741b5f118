#!lua flags=allow-oom
-- Busts an epoch tag: a new generation, unless it was bumped for this before. The same step as `bumpEpoch` in protocol's
-- decide-epoch.ts.
-- KEYS epoch 1..1
-- ARGV 1 subject
-- ARGV 2 version          empty for a blind bust
-- ARGV 3 space            counter | timestamp | none
-- ARGV 4 mode             hard | soft
-- ARGV 5 skewMs           C
-- ARGV 6 recordsMax       subjects remembered
-- ARGV 7 run              apply | preview (writes nothing)
-- REPLY time              of this Redis, in microseconds
-- REPLY letter            b bumped, c covered
-- REPLY generation        afterwards
-- EFFECTS HSET, PEXPIREAT.
-- @include lib/version.lua lib/tag-life.lua lib/epoch.lua lib/records.lua lib/arguments.lua lib/tag-arguments.lua

local fault = (#KEYS ~= 1 or #ARGV ~= 7) and "epoch-bump has 1 key and 7 arguments" or tagBustFault(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if not fault and not (millisecondsOf(ARGV[5], 1) and isCount(ARGV[6]) and isRun(ARGV[7])) then
  fault = "C is milliseconds, not 0, the most records are a count, the run is apply or preview"
end
if fault then
  return refused(fault)
end
local key, subject, version, space, mode = KEYS[1], ARGV[1], ARGV[2], ARGV[3], sub(ARGV[4], 1, 1)
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local generation, hardGeneration, text = readEpoch(key)
local records = readRecords(text)

local held = version ~= "" and space == "counter" and recordOf(records, subject)
if held and not newer(version, held.version) and (held.mode == "h" or mode == "s") then
  return { whole(now), "c", whole(generation) }
end
local isLost = not generation
generation = isLost and epochAfterLoss(now, tonumber(ARGV[5])) or math.max(now, generation + 1)
hardGeneration = (isLost or mode == "h") and generation or hardGeneration
if ARGV[7] ~= "apply" then
  return { whole(now), "b", whole(generation) }
end
if version ~= "" then
  remember(records, subject, version, mode, tonumber(ARGV[6]))
end
call("HSET", key, "g", whole(generation), "h", whole(hardGeneration))
if #records > 0 then
  call("HSET", key, "r", recordsText(records))
else
  call("HDEL", key, "r")
end
call("PEXPIREAT", key, whole(math.floor(now / 1000) + EPOCH_TTL_MS))
return { whole(now), "b", whole(generation) }
