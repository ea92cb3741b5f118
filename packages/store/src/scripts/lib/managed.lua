-- A managed entry as it lies in Redis: protocol's entry-layout.ts.

-- subject -> version; nil when any line cannot be read. Of a repeated subject the first counts; marks are passed over.
local function readDeps(text)
  local deps = {}
  for line in gmatch(text, "\n([^\n]*)") do
    if byte(line, 1) ~= 12 then
      local subject, version = match(line, "^(.+)\t([^\t]*)$")
      if not subject or not canonical(version) then
        return nil
      end
      deps[subject] = deps[subject] or version
    end
  end
  return deps
end

-- { kind = "none" | "marks" | "value" | "foreign", marks, and of a value: d, deps, o, p, e }. A hash without `d` is not ours.
local function readManaged(key, clock)
  local got = pcall("HMGET", key, "d", "o", "p", "e")
  if isForeign(got) then
    local text = pcall("GET", key)
    local isOurs = not isForeign(text) and isMarks(text)
    return { kind = isOurs and "marks" or "foreign", marks = readMarks(isOurs and text or "", "\n", clock) }
  end
  local d = got[1]
  if not d then
    return { kind = call("EXISTS", key) == 1 and "foreign" or "none", marks = { floors = {} } }
  end
  local deps = call("HEXISTS", key, "v") == 1 and readDeps(d) or nil
  return { kind = "value", marks = readMarks(d, "\n\f", clock), d = d, deps = deps, o = got[2], p = got[3], e = got[4] }
end

local function writeManaged(key, entry, marks, clock)
  if entry.kind == "value" then
    local lines = markLines(marks)
    local base = string.gsub(entry.d, "\n\f[^\n]*", "")
    call("HSET", key, "d", #lines == 0 and base or base .. "\n\f" .. table.concat(lines, "\n\f"))
    call("PEXPIREAT", key, milliseconds(marksEnd(marks, clock)), "GT")
  else
    writeMarks(key, marks, clock)
  end
end
