-- Versions are canonical decimal strings of at most 20 digits. Never numbers: those lose digits above 2^53.

local function canonical(text)
  return text == "0" or (#text <= 20 and string.find(text, "^[1-9]%d*$") ~= nil)
end

-- Longer is newer; of equal length, bytes decide.
local function newer(a, b)
  if #a ~= #b then
    return #a > #b
  end
  return a > b
end

-- Two writes can share a tick of a timestamp, so there only a later one covers.
local function covers(held, version, space)
  if space == "timestamp" then
    return newer(held, version)
  end
  return not newer(version, held)
end
