#!lua flags=allow-oom
-- Busts a swept tag: raises its floor and puts the bust on the list of those to be walked, unless it was done before. The same step as
-- `raiseTag` in protocol's decide-tag.ts.
-- KEYS state 1..1
-- ARGV 1 subject
-- ARGV 2 version          empty for a blind bust
-- ARGV 3 space            counter | timestamp | none
-- ARGV 4 mode             hard | soft
-- ARGV 5 floorTtlMs       F_tag
-- ARGV 6 floorsMax        one more folds the oldest into the blind floor
-- ARGV 7 pendingMax       one more makes the oldest two one blind bust
-- ARGV 8 run              apply | preview (writes nothing)
-- REPLY time              of this Redis, in microseconds
-- REPLY letter            p pending, c covered
-- EFFECTS HSET of floors and list; PERSIST: the state never goes while something is pending.
-- @include lib/version.lua lib/marks.lua lib/raise.lua lib/tag-life.lua lib/pending.lua lib/arguments.lua lib/tag-arguments.lua

local fault = (#KEYS ~= 1 or #ARGV ~= 8) and "bust-tag has 1 key and 8 arguments" or tagBustFault(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if not fault and not (millisecondsOf(ARGV[5], 0) and isCount(ARGV[6]) and isCount(ARGV[7]) and isRun(ARGV[8])) then
  fault = "F is milliseconds, the most floors and busts are counts, the run is apply or preview"
end
if fault then
  return refused(fault)
end
local state, subject, version, space, mode = KEYS[1], ARGV[1], ARGV[2], ARGV[3], sub(ARGV[4], 1, 1)
local floorTtl = tonumber(ARGV[5])
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local nowText = timeText(now)
local got = call("HMGET", state, "f", "n", "x")

local marks = readMarks(got[1] or "", "\n", { now = now, ttlUs = floorTtl * 1000 })
local letter = space == "timestamp" and string.upper(mode) or mode
local bust = { at = nowText, letter = letter, space = space, subject = subject, version = version }
if not raiseFloors(marks, bust, tonumber(ARGV[6])) then
  return { whole(now), "c" }
elseif ARGV[8] ~= "apply" then
  return { whole(now), "p" }
end
local list = readPending(got[2] or "", nowText)
local pending = { at = nowText, mode = mode, kind = sub(space, 1, 1), subject = subject, version = version }
enlist(list, pending, tonumber(ARGV[7]))
stayUntil(state, inMs(now) + floorTtl, got[3])
call("HSET", state, "f", "\n" .. table.concat(markLines(marks), "\n"), "n", pendingText(list))
return { whole(now), "p" }
