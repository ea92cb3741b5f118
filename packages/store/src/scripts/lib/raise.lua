-- The floors of one entry after one bust. `clock` is { text = now, isLive = function(at) }.

local function raisedMark(space, clock)
  return (space == "timestamp" and "\tH" or "\th") .. clock.text
end

local function raiseAll(text, subject, version, space, clock)
  local floors = readFloors(text, clock.text, clock.isLive)
  if version == "" then
    floors.blind = { subject = "*", version = "", mode = "h", at = clock.text }
    return floors
  end
  for _, floor in ipairs(floors) do
    if floor.subject == subject then
      if isReplay(floor.version, floor.mode, version, space) then
        return nil
      end
      floor.version, floor.mode, floor.at = raiseFloor(floor.version, floor.mode, floor.at, version, space, clock.text)
      return floors
    end
  end
  floors[#floors + 1] = { subject = subject, version = version, mode = space == "timestamp" and "H" or "h", at = clock.text }
  foldFloors(floors)
  return floors
end

-- Their text, and when the last was raised; nil for a replay, which does nothing at all. A floor of this subject alone
-- that is dead or older gives way to a new one, the same as if there were none: so it mostly is, and needs no tables.
local function raise(text, subject, version, space, clock)
  local had, at = onlyFloor(text, subject)
  if had and version ~= "" and (newer(version, had) or not clock.isLive(at)) then
    return "\n" .. subject .. "\t" .. version .. raisedMark(space, clock), clock.text
  end
  local floors = raiseAll(text, subject, version, space, clock)
  if not floors then
    return nil
  end
  return writeFloors(floors)
end
