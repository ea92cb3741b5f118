-- Arguments of callers in any language: what cannot be right is refused before anything is written.

-- A hundred years: later times would have more digits than times in Redis have.
local DURATION_US_MAX = 3153600000000000
local CONTROL, CONTROL_IN_LINES = "[%z\1-\31\127]", "[%z\1-\8\11-\31\127]"

local function refused(why)
  return redis.error_reply("ERR freshet: " .. why)
end

-- Microseconds in 1 to 16 digits; nil for anything else.
local function durationOf(text, least)
  local us = #text <= 16 and find(text, "^%d+$") and tonumber(text)
  return us and us >= least and us <= DURATION_US_MAX and us or nil
end

-- Milliseconds in digits, within the same bounds.
local function millisecondsOf(text, least)
  return text ~= "" and durationOf(text .. "000", least)
end

local function isText(text, least)
  return #text >= least and #text <= 64 and not find(text, CONTROL)
end

-- As in protocol's limits.ts.
local KEY_BYTES_MAX, SUBJECT_BYTES_MAX = 512, 512

-- What is wrong with the keys of a step on one entry; nil when nothing is. A gate is longer than its entry.
local function keysFault(count)
  local entry, version = KEYS[1] or "", KEYS[3] or "v"
  if count and #KEYS ~= count then
    return "one key is given, the entry"
  elseif entry == "" or version == "" or #entry > KEY_BYTES_MAX or #version > KEY_BYTES_MAX then
    return "a key has 1 to 512 bytes"
  end
  return nil
end

-- What is wrong with the arguments of a lease; nil when nothing is.
local function leaseFault(token, leaseTtlUs, floorTtlUs)
  local leaseUs, floorUs = durationOf(leaseTtlUs, 1), durationOf(floorTtlUs, 1)
  if not isText(token, 1) then
    return "a token has 1 to 64 bytes without control characters"
  elseif not leaseUs or not floorUs or floorUs < leaseUs then
    return "L and F are microseconds in digits, F not below L"
  end
  return nil
end

-- What is wrong with where a load read, and with R and F.
local function loadFault(source, readLagUs, floorTtlUs)
  local lagUs, floorUs = durationOf(readLagUs, 0), durationOf(floorTtlUs, 1)
  if source ~= "primary" and source ~= "replica" then
    return "the source is primary or replica"
  elseif not lagUs or not floorUs or floorUs < lagUs then
    return "R and F are microseconds in digits, F not below R"
  end
  return nil
end
