-- The floors of one entry after one bust. `clock` is { text = now, isLive = function(at) }.

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
  floors[#floors + 1] = { subject = subject, version = version, mode = "h", at = clock.text }
  foldFloors(floors)
  return floors
end

-- Their text, and when the last was raised; nil for a replay, which does nothing at all.
local function raise(text, subject, version, space, clock)
  if not text then
    return lineOf(version == "" and "*" or subject, version, "h", clock.text), clock.text
  end
  local had, mode, at = onlyFloor(text, subject)
  if not had or version == "" then
    local floors = raiseAll(text, subject, version, space, clock)
    if not floors then
      return nil
    end
    return writeFloors(floors)
  elseif not clock.isLive(at) then
    return lineOf(subject, version, "h", clock.text), clock.text
  elseif isReplay(had, mode, version, space) then
    return nil
  end
  had, mode, at = raiseFloor(had, mode, at, version, space, clock.text)
  return lineOf(subject, had, mode, at), at
end
