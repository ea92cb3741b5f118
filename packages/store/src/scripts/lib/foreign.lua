-- Another Redis type is data; any other error ends the call.
local function isForeign(reply)
  if type(reply) ~= "table" or not reply.err then
    return false
  elseif not find(reply.err, "^-?WRONGTYPE") then
    error(reply)
  end
  return true
end
