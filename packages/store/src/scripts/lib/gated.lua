-- An entry that an existing service writes, in a family with a gate. KEYS 1 entry, 2 gate (for hash the entry again: its marks lie in
-- its own field), 3 the version key of a companion.

-- What is wrong with the kind, its field and its keys; nil when nothing is.
local function gatedFault(kind, field)
  local isNamed = kind == "hash" or kind == "json"
  if not isNamed and kind ~= "prefix" and kind ~= "companion" then
    return "the kind is hash, json, prefix or companion"
  elseif #KEYS ~= (kind == "companion" and 3 or 2) then
    return "a version key goes with companion, and only with it"
  elseif kind ~= "hash" and (KEYS[2] == KEYS[1] or KEYS[2] == KEYS[3] or KEYS[1] == KEYS[3]) then
    return "entry, gate and version have keys of their own"
  elseif isNamed and (field == "" or sub(field, 1, 3) == "fr:") then
    return "the version has no field, or one that begins with fr:"
  end
  return nil
end

-- found: "none" | "value" (with its version) | "unversioned" | "foreign" (another Redis type).
local function readGated(kind, field, clock)
  local value, version, text = readers[kind](KEYS[1], field, KEYS[3])
  local found = value == "version" and "value" or value or "none"
  text = kind == "hash" and (text or "") or gateText(KEYS[2])
  return { found = found, version = version, marks = readMarks(text, "\n", clock) }
end

local function writeGate(kind, marks, clock)
  if kind ~= "hash" then
    return writeMarks(KEYS[2], marks, clock)
  end
  if marksText(marks) == "" then
    return call("HDEL", KEYS[1], "fr:f")
  end
  return writeField(KEYS[1], marks, clock, call("EXISTS", KEYS[1]) == 1)
end
