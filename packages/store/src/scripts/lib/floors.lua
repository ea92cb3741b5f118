-- Floors as text: "\n<subject>\t<version>\t<letter><raisedAtUs>", repeated; the blind one has subject "*" and no version. The letter
-- is h or s for the mode, hard or soft, of a counter's bust, H or S of a timestamp's.
-- In memory: a list of { subject, version, mode, at } with the blind one as its field `blind`; `at` stays canonical text.

local function lineOf(subject, version, mode, at)
  return "\n" .. subject .. "\t" .. version .. "\t" .. mode .. at
end

-- The version and raised-at of the one floor there is, if it is of this subject.
local function onlyFloor(text, subject)
  if find(text, subject, 2, true) ~= 2 then
    return nil
  end
  local version, at = match(text, "^\t([1-9]%d*)\t[hsHS]([1-9]%d*)$", #subject + 2)
  if version and #version <= 20 and #at <= 16 then
    return version, at
  end
  return nil
end

-- The floors that are alive now. What cannot be read counts as a blind floor raised now: stricter, never looser.
local function readFloors(text, nowText, isLive)
  local floors, bytes = {}, 0
  for subject, version, mode, at in gmatch(text, "\n([^\n\t]+)\t(%d*)\t([hsHS])(%d+)") do
    local isBlind = subject == "*"
    if #at > 16 or not canonical(at) or (isBlind and version ~= "") or not (isBlind or canonical(version)) then
      break
    end
    bytes = bytes + #subject + #version + #at + 4
    local floor = isLive(at) and { subject = subject, version = version, mode = mode, at = at } or nil
    if isBlind then
      floors.blind = floor
    else
      floors[#floors + 1] = floor
    end
  end
  if bytes ~= #text then
    return { blind = { subject = "*", version = "", mode = "h", at = nowText } }
  end
  return floors
end

-- Their text, and when the last of them was raised.
local function writeFloors(floors)
  local lines, last = {}, "0"
  floors[#floors + 1] = floors.blind
  for i, floor in ipairs(floors) do
    lines[i] = lineOf(floor.subject, floor.version, floor.mode, floor.at)
    last = newer(floor.at, last) and floor.at or last
  end
  return table.concat(lines), last
end

local function isHard(letter)
  return letter == "h" or letter == "H"
end

-- What already stands under a floor of the same or a harder mode was done before: a replay. Busts are hard.
local function isReplay(floorVersion, floorMode, version, space)
  return space == "counter" and isHard(floorMode) and not newer(version, floorVersion)
end

-- A floor after a bust of its subject; an equal version moves raised-at only where two writes can share a tick.
local function raiseFloor(floorVersion, mode, at, version, space, nowText)
  local letter = space == "timestamp" and "H" or "h"
  if newer(version, floorVersion) then
    return version, letter, nowText
  elseif version == floorVersion then
    return version, letter, space == "timestamp" and nowText or at
  end
  return floorVersion, mode, at
end

-- One floor too many: the oldest becomes part of the blind floor, whose raised-at is the later of the two.
local function foldFloors(floors)
  if #floors <= 16 then
    return
  end
  local oldest = 1
  for i = 2, #floors do
    if newer(floors[oldest].at, floors[i].at) then
      oldest = i
    end
  end
  local folded = table.remove(floors, oldest)
  local blind = floors.blind or folded
  local mode = (isHard(blind.mode) or isHard(folded.mode)) and "h" or "s"
  floors.blind = { subject = "*", version = "", mode = mode, at = newer(folded.at, blind.at) and folded.at or blind.at }
end
