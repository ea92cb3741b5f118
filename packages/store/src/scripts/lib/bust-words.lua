-- What a call of a bust script says once for all of its keys. Subjects and versions are not looked at here: the library has checked them,
-- and a look at each would cost every key.
local function isOneOf(text, a, b, c)
  return text == a or text == b or (c ~= nil and text == c)
end

-- A duration in digits, as many as times in Redis have.
local function isDigits(text)
  return #text <= 16 and find(text, "^%d+$") ~= nil
end
