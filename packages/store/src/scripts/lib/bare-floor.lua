-- How a bust with a version stands to a floor that is alone: "above" one of its subject that is older or dead and gives way, "under" one
-- that makes it a replay, or nil: it takes a closer look. `own` is the byte of the bust's letter, nil where nothing is a replay.
local function standing(text, subject, version, oldestLive, own)
  local tab, _, last = 18 + #subject, find(text, "^%d+[hsHS]")
  local had, letter = sub(text, tab + 1), byte(text, 17)
  if last ~= 17 or byte(text, tab) ~= 9 or sub(text, 18, tab - 1) ~= subject or not canonical(had) then
    return nil
  elseif newer(version, had) or tonumber(sub(text, 1, 16)) < oldestLive then
    return "above"
  end
  return own and (letter == 104 or letter == own) and "under" or nil
end
