-- Token and deadline of the fill at a key that nobody is served yet. A string is an entry without a value.
local function provisionalAt(key)
  local held = pcall("HGET", key, "p")
  return match(not isForeign(held) and held or "", "^([^\n\t]+)\t(%d+)$")
end
