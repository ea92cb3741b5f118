-- Floors as text: "\n<subject>\t<version>\t<h|s><raisedAtUs>", repeated; the blind one has subject "*" and no version.
-- In memory: { list = { { subject, version, mode, at } }, blind = { mode, at } or nil }.

-- The floors that are alive now. What cannot be read counts as a blind floor raised now: stricter, never looser.
local function readFloors(text, now, ttlUs)
  local list, blind, bytes = {}, nil, 0
  for subject, version, mode, at in string.gmatch(text, "\n([^\n\t]+)\t(%d*)\t([hs])(%d+)") do
    local isBlind = subject == "*"
    if #at > 16 or (isBlind and version ~= "") or not (isBlind or canonical(version)) then
      break
    end
    bytes = bytes + #subject + #version + #at + 4
    local floor = { subject = subject, version = version, mode = mode, at = tonumber(at) }
    local isLive = floor.at + ttlUs >= now
    if isBlind then
      blind = isLive and floor or nil
    elseif isLive then
      list[#list + 1] = floor
    end
  end
  if bytes ~= #text then
    return { list = {}, blind = { mode = "h", at = now } }
  end
  return { list = list, blind = blind }
end

local function writeFloors(floors)
  local parts = {}
  for i, floor in ipairs(floors.list) do
    parts[i] = string.format("\n%s\t%s\t%s%.0f", floor.subject, floor.version, floor.mode, floor.at)
  end
  if floors.blind then
    parts[#parts + 1] = string.format("\n*\t\t%s%.0f", floors.blind.mode, floors.blind.at)
  end
  return table.concat(parts)
end

-- What already stands under a floor of the same or a harder mode was done before: a replay. Busts are hard.
local function standsUnderFloor(floors, subject, version)
  for _, floor in ipairs(floors.list) do
    if floor.subject == subject and floor.mode == "h" and not newer(version, floor.version) then
      return true
    end
  end
  return false
end

-- One floor too many: the oldest becomes part of the blind floor, whose raised-at is the later of the two.
local function foldFloors(floors)
  if #floors.list <= 16 then
    return
  end
  local oldest = 1
  for i, floor in ipairs(floors.list) do
    if floor.at < floors.list[oldest].at then
      oldest = i
    end
  end
  local folded = table.remove(floors.list, oldest)
  local blind = floors.blind or folded
  local isHard = blind.mode == "h" or folded.mode == "h"
  floors.blind = { mode = isHard and "h" or "s", at = math.max(blind.at, folded.at) }
end

local function raiseFloor(floors, subject, version, space, now)
  if version == "" then
    floors.blind = { mode = "h", at = now }
    return
  end
  for _, floor in ipairs(floors.list) do
    if floor.subject == subject then
      if newer(version, floor.version) then
        floor.version, floor.mode, floor.at = version, "h", now
      elseif version == floor.version then
        floor.mode = "h"
        floor.at = space == "timestamp" and now or floor.at
      end
      return
    end
  end
  floors.list[#floors.list + 1] = { subject = subject, version = version, mode = "h", at = now }
  foldFloors(floors)
end

-- When the last floor ends, in microseconds; 0 without any.
local function floorsEnd(floors, ttlUs)
  local raisedAt = floors.blind and floors.blind.at or -ttlUs
  for _, floor in ipairs(floors.list) do
    raisedAt = math.max(raisedAt, floor.at)
  end
  return raisedAt + ttlUs
end
