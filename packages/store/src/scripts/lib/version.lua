-- Globals cost a look-up each time, and all of these run once per key or more.
local call, pcall = redis.call, redis.pcall
local find, match, gmatch, byte, sub = string.find, string.match, string.gmatch, string.byte, string.sub

-- Versions are canonical decimal strings of at most 20 digits. Never numbers: those lose digits above 2^53.
local function canonical(text)
  return text == "0" or (#text <= 20 and find(text, "^[1-9]%d*$") ~= nil)
end

-- Longer is newer; of equal length, bytes decide. Canonical times compare so too.
local function newer(a, b)
  if #a ~= #b then
    return #a > #b
  end
  return a > b
end
