-- Floors and lease of one entry, the texts of protocol's floor-layout.ts. In memory: { floors = list of { at, letter, subject,
-- version }, blind = { at, letter } or nil, lease = { token, start, deadline } or nil }; times stay texts, of floors always 16
-- digits. `clock` is { now = microseconds, ttlUs = F }.

local function timeText(us)
  return string.format("%016.0f", us)
end

local function milliseconds(us)
  return string.format("%.0f", math.ceil(us / 1000))
end

local function isTime(digits)
  return digits ~= nil and #digits <= 16
end

-- Whether a string is what Freshet leaves at a key without a value, by how it begins: anything else is another service's.
local function isMarks(text)
  local at = match(text, "^(%d+)[hsHS]")
  return (at and #at == 16) or find(text, "^\n[l%d]") ~= nil
end

local function readMark(marks, line)
  local token, start, deadline = match(line, "^l([^\n\t\f]+)\t(%d+)\t(%d+)$")
  if token and isTime(start) and isTime(deadline) then
    marks.lease = { token = token, start = start, deadline = deadline }
    return true
  end
  local at, letter, subject, version = match(line, "^(%d+)([hsHS])([^\n\t\f]+)\t(%d*)$")
  if not at or #at ~= 16 then
    return false
  elseif subject == "*" then
    marks.blind = { at = at, letter = letter }
    return version == "" and (letter == "h" or letter == "s")
  end
  marks.floors[#marks.floors + 1] = { at = at, letter = letter, subject = subject, version = version }
  return canonical(version)
end

-- The floors and the lease that are alive now; `lead` is what each line begins with. What cannot be read counts as a blind floor
-- raised now, and no lease: stricter, never looser.
local function readMarks(text, lead, clock)
  local marks = { floors = {} }
  local isBare = lead == "\n" and text ~= "" and byte(text, 1) ~= 10
  local isRead = not isBare or readMark(marks, text)
  for line in gmatch(text, lead .. "([^\n]*)") do
    isRead = isRead and readMark(marks, line)
  end
  if not isRead then
    return { floors = {}, blind = { at = timeText(clock.now), letter = "h" } }
  end
  local oldestLive = timeText(math.max(0, clock.now - clock.ttlUs))
  local live = { floors = {} }
  for _, floor in ipairs(marks.floors) do
    live.floors[#live.floors + 1] = floor.at >= oldestLive and floor or nil
  end
  live.blind = marks.blind and marks.blind.at >= oldestLive and marks.blind or nil
  live.lease = marks.lease and tonumber(marks.lease.deadline) > clock.now and marks.lease or nil
  return live
end

local function markLines(marks)
  local lines = {}
  for i, floor in ipairs(marks.floors) do
    lines[i] = floor.at .. floor.letter .. floor.subject .. "\t" .. floor.version
  end
  if marks.blind then
    lines[#lines + 1] = marks.blind.at .. marks.blind.letter .. "*\t"
  end
  if marks.lease then
    lines[#lines + 1] = "l" .. marks.lease.token .. "\t" .. marks.lease.start .. "\t" .. marks.lease.deadline
  end
  return lines
end

-- What a key without a value holds: one floor bare, which is the commonest, or lines; empty for nothing.
local function marksText(marks)
  local lines = markLines(marks)
  local isOneFloor = #lines == 1 and #marks.floors == 1
  return isOneFloor and lines[1] or #lines == 0 and "" or "\n" .. table.concat(lines, "\n")
end

-- When the last of them is over, in microseconds; 0 when there are none.
local function marksEnd(marks, clock)
  local last = marks.lease and tonumber(marks.lease.deadline) or 0
  for _, floor in ipairs(marks.floors) do
    last = math.max(last, tonumber(floor.at) + clock.ttlUs)
  end
  return marks.blind and math.max(last, tonumber(marks.blind.at) + clock.ttlUs) or last
end

-- They take the place of whatever lies there.
local function writeMarks(key, marks, clock)
  local text = marksText(marks)
  return text == "" and call("UNLINK", key) or call("SET", key, text, "PXAT", milliseconds(marksEnd(marks, clock)))
end
