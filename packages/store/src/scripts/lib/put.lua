-- Puts a hash in place of whatever lies there. False when that is not possible: on a slot that moves, a key that is gone is its new
-- owner's from then on.
local function put(key, fields)
  call("UNLINK", key)
  local done = pcall("HSET", key, unpack(fields))
  if type(done) ~= "table" or not done.err then
    return true
  end
  return not find(done.err, "non local key", 1, true) and error(done)
end
