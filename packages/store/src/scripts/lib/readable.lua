-- What a reader may be served: `readable` of protocol's decide-fill.ts and `validity` of decide-epoch.ts.

-- tag -> { generation, hard }, of "\n<tag>\t<generation>\t<hardGeneration>" repeated; nil when it cannot be read.
local function readEpochs(text)
  local epochs, bytes = {}, 0
  for tag, generation, hard in gmatch(text, "\n([^\n\t]+)\t(%d+)\t(%d+)") do
    bytes = bytes + #tag + #generation + #hard + 3
    epochs[tag] = { generation = tonumber(generation), hard = tonumber(hard) }
  end
  return bytes == #text and epochs or nil
end

local function validity(held, epochs)
  local found, has = "fresh", {}
  for line in gmatch(held or "", "\n([^\n]*)") do
    local tag, digits = match(line, "^([^\n\t]+)\t(%d+)$")
    local epoch, generation = tag and isTime(digits) and epochs[tag], tonumber(digits)
    if not epoch or generation < epoch.hard or generation > epoch.generation then
      return nil
    end
    found = generation < epoch.generation and "stale" or found
    has[tag] = true
  end
  -- Whoever filled it did not know a tag that the reader names, so no bust of that tag reaches it.
  for tag in pairs(epochs) do
    if not has[tag] then
      return nil
    end
  end
  return found
end

-- "fresh", "stale" (it may be served, and should be loaded again) or nil.
local function readable(entry, epochs, now)
  if not entry.deps or entry.p then
    return nil
  end
  local line = match(entry.d, "^[^\n]*")
  local start, fresh, keep = match(line, "^(%d*)\t(%d*)\t(%d*)\t[^\t]*$")
  if line ~= "" and not (isTime(start) and isTime(fresh) and isTime(keep)) then
    return nil
  end
  local keepUntil = tonumber(keep or "") or math.huge
  if entry.o then
    local _, softKeep = match(entry.o, "^([^\n\t]+)\t(%d+)$")
    keepUntil = math.min(keepUntil, isTime(softKeep) and tonumber(softKeep) or 0)
  end
  if now >= keepUntil then
    return nil
  end
  local valid = validity(entry.e, epochs)
  local isOld = entry.o or (tonumber(fresh or "") or math.huge) <= now
  return isOld and valid and "stale" or valid
end
