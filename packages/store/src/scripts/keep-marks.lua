#!lua flags=allow-oom
-- Puts floors and lease back that a key lost when its slot moved to this server in the middle of a step. What is there stays: of two
-- floors the stricter counts.
-- KEYS entry 1..1
-- ARGV 1 marks            the text of a key without a value
-- ARGV 2 floorTtlUs       F
-- REPLY time              of this Redis, in microseconds
-- EFFECTS floors, and the lease where there is none, as SET or in the field d beside a value.
-- @include lib/version.lua lib/marks.lua lib/raise.lua lib/foreign.lua lib/managed.lua lib/arguments.lua

if #ARGV ~= 2 or #ARGV[1] > 16384 or not durationOf(ARGV[2], 1) then
  return refused("keep-marks has 2 arguments, marks of at most 16 KiB and F in microseconds")
end
local FLOORS_MAX = 16
local time = call("TIME")
local clock = { now = time[1] * 1000000 + time[2], ttlUs = tonumber(ARGV[2]) }
local entry = readManaged(KEYS[1], clock)
local marks, lost = entry.marks, readMarks(ARGV[1], "\n", clock)

local function heldOf(subject)
  for _, floor in ipairs(marks.floors) do
    if floor.subject == subject then
      return floor
    end
  end
  return nil
end

for _, floor in ipairs(lost.floors) do
  local held = heldOf(floor.subject)
  if not held then
    marks.floors[#marks.floors + 1] = floor
    if #marks.floors > FLOORS_MAX then
      foldOldest(marks)
    end
  elseif newer(floor.version, held.version) then
    held.version, held.letter, held.at = floor.version, floor.letter, floor.at
  elseif floor.version == held.version then
    held.letter = harderLetter(held.letter, floor.letter)
    held.at = floor.at > held.at and floor.at or held.at
  end
end
if lost.blind and (not marks.blind or lost.blind.at > marks.blind.at) then
  marks.blind = { at = lost.blind.at, letter = marks.blind and harderLetter(marks.blind.letter, lost.blind.letter) or lost.blind.letter }
end
if entry.kind ~= "value" then
  marks.lease = marks.lease or lost.lease
end
if entry.kind ~= "foreign" then
  writeManaged(KEYS[1], entry, marks, clock)
end
return { timeText(clock.now) }
