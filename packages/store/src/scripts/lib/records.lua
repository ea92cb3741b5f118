-- What an epoch was bumped for, oldest first: "\n<h|s><subject>\t<version>", repeated. In memory: a list of { mode, subject, version }.
-- A text that cannot be read is forgotten: then a replay bumps once more.

local function readRecords(text)
  local list, bytes = {}, 0
  for mode, subject, version in gmatch(text, "\n([hs])([^\n\t]+)\t(%d+)") do
    if not canonical(version) then
      break
    end
    bytes = bytes + 3 + #subject + #version
    list[#list + 1] = { mode = mode, subject = subject, version = version }
  end
  return bytes == #text and list or {}
end

local function recordsText(list)
  local lines = {}
  for i, record in ipairs(list) do
    lines[i] = "\n" .. record.mode .. record.subject .. "\t" .. record.version
  end
  return table.concat(lines)
end

local function recordOf(list, subject)
  for _, record in ipairs(list) do
    if record.subject == subject then
      return record
    end
  end
  return nil
end

-- The mode recorded is the one its version was busted with, of an equal version the harder; the oldest is forgotten.
local function remember(list, subject, version, mode, max)
  local old = recordOf(list, subject)
  if not old then
    list[#list + 1] = { mode = mode, subject = subject, version = version }
    if #list > max then
      table.remove(list, 1)
    end
  elseif newer(version, old.version) then
    old.version, old.mode = version, mode
  elseif version == old.version and mode == "h" then
    old.mode = mode
  end
end
