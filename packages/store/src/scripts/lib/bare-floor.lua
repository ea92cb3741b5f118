-- How a bust with a version stands to a floor that is alone, from `first` to the end of a text: "above" one of its subject that is older or
-- dead and gives way, "under" one that makes it a replay, or nil: it takes a closer look. `own` is the byte of the bust's letter, nil where
-- nothing is a replay. Few calls, for each costs more than all comparing: 16 digits, a letter, the subject, a tab, the version.
local function standing(text, first, subject, version, oldestLive, own)
  local start, stop = find(text, subject, first + 17, true)
  local _, last = find(text, "^%d+[hsHS]", first)
  if start ~= first + 17 or last ~= first + 16 then
    return nil
  end
  local _, _, had = find(text, "^\t([1-9]%d*)$", stop + 1)
  if not had or #had > 20 then
    return nil
  elseif newer(version, had) or tonumber(sub(text, first, last - 1)) < oldestLive then
    return "above"
  end
  local letter = byte(text, last)
  return own and (letter == 104 or letter == own) and "under" or nil
end
