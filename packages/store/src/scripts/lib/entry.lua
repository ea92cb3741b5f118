-- Entries that existing services write. Each reader answers what a step sees: nil (nothing is there), "version" with its digits,
-- "unversioned", "opaque" or "foreign" (another Redis type); that of hash also the text of its marks. Payloads are read of json alone.

local readers = {}

local function versionOf(digits)
  if type(digits) == "string" and canonical(digits) then
    return "version", digits
  end
  return "unversioned"
end

-- Marks lie beside the other fields; a hash of nothing else has no value.
function readers.hash(key, field)
  local got = pcall("HMGET", key, field, "fr:f")
  if isForeign(got) then
    return "foreign"
  end
  local value, version = versionOf(got[1])
  if not got[1] and call("HLEN", key) == (got[2] and 1 or 0) then
    value = nil
  end
  return value, version, got[2]
end

function readers.json(key, field)
  local text = pcall("GET", key)
  if not text then
    return nil
  elseif isForeign(text) then
    return "foreign"
  end
  return versionOf(jsonVersion(text, field))
end

-- A version has at most 20 digits, and a line break follows it.
function readers.prefix(key)
  local head = pcall("GETRANGE", key, 0, 20)
  if isForeign(head) then
    return "foreign"
  elseif head == "" and call("EXISTS", key) == 0 then
    return nil
  end
  return versionOf(match(head, "^(%d+)\n"))
end

function readers.companion(key, _, versionKey)
  if call("EXISTS", key) == 0 then
    return nil
  end
  local digits = pcall("GETRANGE", versionKey, 0, 20)
  return versionOf(not isForeign(digits) and digits)
end

function readers.opaque(key)
  return call("EXISTS", key) == 1 and "opaque" or nil
end

-- The marks in a gate's key. What is no string is no text of ours, and counts as one that cannot be read.
local function gateText(gate)
  local text = pcall("GET", gate)
  return isForeign(text) and "?" or text or ""
end

-- Marks in the field of a hash. Beside a value they never shorten its time to live; a key without one stays without.
local function writeField(key, marks, clock, isBeside)
  local ends = milliseconds(marksEnd(marks, clock))
  call("HSET", key, "fr:f", marksText(marks))
  if isBeside then
    call("PEXPIREAT", key, ends, "GT")
  else
    call("PEXPIREAT", key, ends)
  end
end

-- Marks in place of all that a hash holds. The key is never gone in between: on a slot that moves it would be its new owner's from then on,
-- and what the marks held of other subjects would be lost.
local function leaveField(key, marks, clock)
  local others = {}
  for _, name in ipairs(call("HKEYS", key)) do
    others[#others + 1] = name ~= "fr:f" and name or nil
  end
  writeField(key, marks, clock, false)
  for first = 1, #others, 1000 do
    call("HDEL", key, unpack(others, first, math.min(first + 999, #others)))
  end
end
