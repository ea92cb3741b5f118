-- One bust of a managed entry, whatever lies there.

local function readForBust(key, clock)
  local d = pcall("HGET", key, "d")
  if isForeign(d) then
    local text = pcall("GET", key)
    local isOurs = not isForeign(text) and isMarks(text)
    return { value = not isOurs and "foreign" or nil, marks = readMarks(isOurs and text or "", "\n", clock) }
  elseif d then
    return { value = "deps", held = d, marks = readMarks(d, "\n\f", clock) }
  end
  return { value = call("EXISTS", key) == 1 and "foreign" or nil, marks = { floors = {} } }
end

-- A value that stays keeps at least its old time to live, and a key without one stays without (GT).
local function writeBeside(key, d, marks, clock)
  local base = string.gsub(d, "\n\f[^\n]*", "")
  call("HSET", key, "d", base .. "\n\f" .. table.concat(markLines(marks), "\n\f"))
  call("PEXPIREAT", key, milliseconds(marksEnd(marks, clock)), "GT")
end

local function bustManaged(step, key, subject, version)
  local entry = readForBust(key, step)
  local outcome, isGone, isMarked = bustStep(step, entry, subject, version)
  if not step.apply then
    return outcome
  elseif outcome == "s" and not call("HGET", key, "o") then
    call("HSET", key, "o", timeText(step.now) .. "\t" .. timeText(step.now + step.staleUs))
  end
  if isMarked and (isGone or not entry.value) then
    writeMarks(key, entry.marks, step)
  elseif isMarked then
    writeBeside(key, entry.held, entry.marks, step)
  end
  return outcome
end
