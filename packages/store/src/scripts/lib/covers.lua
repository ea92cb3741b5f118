-- Two writes can share a tick of a timestamp, so there only a later one covers.
local function covers(held, version, space)
  if space == "timestamp" then
    return newer(held, version)
  end
  return not newer(version, held)
end
