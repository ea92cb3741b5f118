-- The version in a JSON text: a top-level member by name, read without converting any number. The same algorithm is in
-- protocol's json-version.ts, and a test holds the two together: structure is checked to the end of the text (strings
-- end, brackets match, members are `"name": value` with commas between), what nested values hold is not. Names are
-- compared as they are written; of a repeated one the last counts.

-- The position of the quote that ends the string whose first character is at `from`; nil when it never ends.
local function stringEnd(text, from)
  local quote = find(text, '"', from, true)
  while quote do
    local first = quote
    while first > from and byte(text, first - 1) == 92 do
      first = first - 1
    end
    if (quote - first) % 2 == 0 then
      return quote
    end
    quote = find(text, '"', quote + 1, true)
  end
  return nil
end

-- The position of the bracket that ends the object or array beginning at `from`; nil when brackets do not match.
local function nestedEnd(text, from)
  local closers, at = {}, from
  while true do
    local _, before = find(text, '^[^"{}%[%]]*', at)
    at = before + 1
    local char = byte(text, at)
    if char == 34 then
      at = stringEnd(text, at + 1)
      if not at then
        return nil
      end
    elseif char == 123 or char == 91 then
      closers[#closers + 1] = char + 2
    elseif not char or table.remove(closers) ~= char then
      return nil
    elseif #closers == 0 then
      return at
    end
    at = at + 1
  end
end

-- The position of the last character of the value at `from`; nil when there is no value or it never ends.
local function valueEnd(text, from)
  local char = byte(text, from)
  if char == 34 then
    return stringEnd(text, from + 1)
  elseif char == 123 or char == 91 then
    return nestedEnd(text, from)
  end
  local _, last = find(text, "^[%w%+%-%.]+", from)
  return last
end

-- The name of the member whose quote is at `at`, and where its value begins; nil when there is none.
local function memberAt(text, at)
  local name, from = match(text, '^"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*()', at)
  if name then
    return name, from
  end
  local quote = byte(text, at) == 34 and stringEnd(text, at + 1)
  from = quote and match(text, "^[ \t\r\n]*:[ \t\r\n]*()", quote + 1)
  return from and sub(text, at + 1, quote - 1), from
end

-- The canonical version, or nil: malformed text, no such member, or no canonical digits in it.
local function jsonVersion(text, name)
  local version, separator
  local at = match(text, "^[ \t\r\n]*{[ \t\r\n]*()")
  repeat
    local member, from
    if at then
      member, from = memberAt(text, at)
    end
    local last = from and valueEnd(text, from)
    if not last then
      return nil
    end
    if member == name then
      local isString = byte(text, from) == 34
      version = isString and sub(text, from + 1, last - 1) or sub(text, from, last)
    end
    local first, second = byte(text, last + 1, last + 2)
    if first == 44 and second == 34 then
      separator, at = ",", last + 2
    else
      separator, at = match(text, "^[ \t\r\n]*([,}])[ \t\r\n]*()", last + 1)
    end
  until separator ~= ","
  return separator == "}" and at > #text and version and canonical(version) and version or nil
end
