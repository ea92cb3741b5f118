-- Floors of an entry or a tag after one bust: `standsUnderFloor` and `raiseFloor` of protocol's floors.ts, on marks (lib/marks.lua).

local function isHard(letter)
  return letter == "h" or letter == "H"
end

-- The letter of a floor whose version came again: the space kind of the later bust, and the harder of the two modes.
local function harderLetter(a, b)
  return isHard(a) and (b == "S" and "H" or b == "s" and "h") or b
end

-- One floor too many: the oldest becomes part of the blind floor, whose raised-at is the later of the two.
local function foldOldest(marks)
  local oldest = 1
  for i = 2, #marks.floors do
    if marks.floors[i].at < marks.floors[oldest].at then
      oldest = i
    end
  end
  local folded = table.remove(marks.floors, oldest)
  local blind = marks.blind or { at = folded.at, letter = "s" }
  local letter = (isHard(blind.letter) or isHard(folded.letter)) and "h" or "s"
  marks.blind = { at = folded.at > blind.at and folded.at or blind.at, letter = letter }
end

-- A floor after a bust of its subject; an equal version moves raised-at only where two writes can share a tick.
local function raiseOne(floor, bust)
  if newer(bust.version, floor.version) then
    floor.version, floor.letter, floor.at = bust.version, bust.letter, bust.at
  elseif bust.version == floor.version then
    floor.letter = harderLetter(floor.letter, bust.letter)
    floor.at = bust.space == "timestamp" and bust.at or floor.at
  end
end

-- Changes the floors for `bust` ({ at, letter, space, subject, version }); false for what already stands under a floor of the same or a
-- harder mode: a replay.
local function raiseFloors(marks, bust, max)
  if bust.version == "" then
    local wasHard = marks.blind and marks.blind.letter == "h"
    marks.blind = { at = bust.at, letter = wasHard and "h" or string.lower(bust.letter) }
    return true
  end
  for _, floor in ipairs(marks.floors) do
    if floor.subject == bust.subject then
      local isHarder = (floor.letter == "s" or floor.letter == "S") and bust.letter == "h"
      if bust.space == "counter" and not isHarder and not newer(bust.version, floor.version) then
        return false
      end
      raiseOne(floor, bust)
      return true
    end
  end
  marks.floors[#marks.floors + 1] = { at = bust.at, letter = bust.letter, subject = bust.subject, version = bust.version }
  if #marks.floors > max then
    foldOldest(marks)
  end
  return true
end
