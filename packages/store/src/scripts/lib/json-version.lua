-- The version in a JSON text: a top-level member by name, read without converting any number. The same algorithm is in
-- protocol's json-version.ts, and a test holds the two together: structure is checked to the end of the text (strings
-- end, brackets match, members are `"name": value` with commas between), what nested values hold is not. Names are
-- compared as they are written; of a repeated one the last counts.

-- The position of the quote that ends the string whose first character is at `from`; nil when it never ends.
local function stringEnd(text, from)
  local at = from
  while true do
    local quote = string.find(text, '"', at, true)
    if not quote then
      return nil
    end
    local first = quote
    while first > from and string.byte(text, first - 1) == 92 do
      first = first - 1
    end
    if (quote - first) % 2 == 0 then
      return quote
    end
    at = quote + 1
  end
end

-- The position of the bracket that ends the object or array beginning at `from`; nil when brackets do not match.
local function nestedEnd(text, from)
  local closers, at = {}, from
  while true do
    local _, before = string.find(text, '^[^"{}%[%]]*', at)
    at = before + 1
    local byte = string.byte(text, at)
    if byte == 34 then
      at = stringEnd(text, at + 1)
      if not at then
        return nil
      end
    elseif byte == 123 or byte == 91 then
      closers[#closers + 1] = byte + 2
    elseif not byte or table.remove(closers) ~= byte then
      return nil
    elseif #closers == 0 then
      return at
    end
    at = at + 1
  end
end

-- The end of the value at `from`, and its text if it may be a version: a bare run, or what a string holds.
local function valueAt(text, from)
  local byte = string.byte(text, from)
  if byte == 34 then
    local quote = stringEnd(text, from + 1)
    return quote, quote and quote - from <= 21 and string.sub(text, from + 1, quote - 1) or ""
  end
  if byte == 123 or byte == 91 then
    return nestedEnd(text, from), ""
  end
  local _, last = string.find(text, "^[%w%+%-%.]+", from)
  return last, last and string.sub(text, from, last)
end

local function skipSpace(text, from)
  local _, last = string.find(text, "^[ \t\r\n]*", from)
  return last + 1
end

-- The canonical version, or nil: malformed text, no such member, or no canonical digits in it.
local function jsonVersion(text, name)
  local found, at = nil, skipSpace(text, 1)
  if string.byte(text, at) ~= 123 then
    return nil
  end
  at = skipSpace(text, at + 1)
  local isEmpty = string.byte(text, at) == 125
  while not isEmpty do
    local quote = string.byte(text, at) == 34 and stringEnd(text, at + 1)
    local colon = quote and skipSpace(text, quote + 1)
    if not colon or string.byte(text, colon) ~= 58 then
      return nil
    end
    local last, value = valueAt(text, skipSpace(text, colon + 1))
    if not last then
      return nil
    end
    if quote - at - 1 == #name and string.sub(text, at + 1, quote - 1) == name then
      found = value
    end
    at = skipSpace(text, last + 1)
    local byte = string.byte(text, at)
    if byte == 125 then
      break
    elseif byte ~= 44 then
      return nil
    end
    at = skipSpace(text, at + 1)
  end
  local isEnd = skipSpace(text, at + 1) > #text
  return isEnd and found and canonical(found) and found or nil
end
