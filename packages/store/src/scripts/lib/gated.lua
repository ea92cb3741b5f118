-- An entry that an existing service writes, in a family with a gate. KEYS 1 entry, 2 gate (for hash the entry again: its marks lie in
-- its own field), 3 the version key of a companion.

local gateField = "fr:f"

local function textAt(reply)
  return type(reply) == "string" and reply or nil
end

-- Each answers: "none" | "value" | "unversioned" | "foreign" (another Redis type), and of a value the version.
local readers = {}

function readers.hash(key, field)
  local length = pcall("HLEN", key)
  if isForeign(length) then
    return "foreign"
  elseif length == 0 or (length == 1 and call("HEXISTS", key, gateField) == 1) then
    return "none"
  end
  return "value", textAt(call("HGET", key, field))
end

function readers.json(key, field)
  local text = pcall("GET", key)
  if isForeign(text) then
    return "foreign"
  end
  return text and "value" or "none", text and jsonVersion(text, field)
end

function readers.prefix(key)
  local head = pcall("GETRANGE", key, 0, 20)
  if isForeign(head) then
    return "foreign"
  elseif head == "" and call("EXISTS", key) == 0 then
    return "none"
  end
  return "value", match(head, "^(%d+)\n")
end

function readers.companion(key)
  if call("EXISTS", key) == 0 then
    return "none"
  end
  local version = pcall("GET", KEYS[3])
  return "value", not isForeign(version) and textAt(version) or nil
end

local function readGated(kind, field, clock)
  local found, version = readers[kind](KEYS[1], field)
  local text
  if kind == "hash" then
    text = found ~= "foreign" and call("HGET", KEYS[1], gateField)
  else
    text = call("GET", KEYS[2])
  end
  if found == "value" and not (version and canonical(version)) then
    found = "unversioned"
  end
  return { found = found, version = version, marks = readMarks(text or "", "\n", clock) }
end

local function writeGate(kind, marks, clock)
  if kind ~= "hash" then
    return writeMarks(KEYS[2], marks, clock)
  end
  local isNew, text = call("EXISTS", KEYS[1]) == 0, marksText(marks)
  if text == "" then
    return call("HDEL", KEYS[1], gateField)
  end
  call("HSET", KEYS[1], gateField, text)
  local ends = milliseconds(marksEnd(marks, clock))
  return isNew and call("PEXPIREAT", KEYS[1], ends) or call("PEXPIREAT", KEYS[1], ends, "GT")
end
