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

-- As in protocol's limits.ts. Counts and sizes are looked at before anything is read: nobody waits for a text of any length.
local KEY_BYTES_MAX, SUBJECT_BYTES_MAX, DEPS_MAX, TAGS_MAX = 512, 512, 256, 64

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

-- What is wrong with deps, "\n<subject>\t<version>" repeated, with nothing before, between or after.
local function depsFault(text)
  local bytes, count, seen = 0, 0, {}
  if #text > DEPS_MAX * (SUBJECT_BYTES_MAX + 22) then
    return "deps are too many, or too long"
  end
  for subject, version in gmatch(text, "\n([^\n\t]+)\t(%d+)") do
    bytes, count = bytes + #subject + #version + 2, count + 1
    if count > DEPS_MAX or #subject > SUBJECT_BYTES_MAX then
      return "deps are at most 256, their subjects at most 512 bytes"
    elseif seen[subject] or not canonical(version) then
      return "a dep is given twice, or its version is not canonical"
    end
    seen[subject] = true
  end
  return (bytes ~= #text or find(text, CONTROL_IN_LINES)) and "deps cannot be read" or nil
end

-- What is wrong with tags, by a pattern for each line that begins with the tag.
local function tagsFault(text, pattern, behindMax)
  local bytes, count, seen = 0, 0, {}
  if #text > TAGS_MAX * (KEY_BYTES_MAX + 1 + behindMax) then
    return "tags are too many, or too long"
  end
  for tag, behind in gmatch(text, pattern) do
    bytes, count = bytes + 1 + #tag + #behind, count + 1
    if count > TAGS_MAX or #tag > KEY_BYTES_MAX or #behind > behindMax then
      return "tags are at most 64, of at most 512 bytes"
    elseif seen[tag] or byte(tag, 1) == 125 then
      return 'a tag is given twice, or begins with "}"'
    end
    seen[tag] = true
  end
  return (bytes ~= #text or find(text, CONTROL_IN_LINES)) and "tags or epochs cannot be read" or nil
end

-- "\n<tag>" repeated.
local function sweptTagsFault(text)
  return tagsFault(text, "\n([^\n\t]+)([^\n]*)", 0)
end

-- "\n<tag>\t<generation>\t<hardGeneration>" repeated, of at most 32 digits.
local function epochsFault(text)
  return tagsFault(text, "\n([^\n\t]+)(\t%d+\t%d+)", 34)
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

-- What is wrong with the bust of one tag, by its arguments as far as the mode; nil when nothing is.
local function tagBustFault(subject, version, space, mode)
  if subject == "" or #subject > SUBJECT_BYTES_MAX or find(subject, CONTROL) then
    return "a subject has 1 to 512 bytes without control characters"
  elseif version ~= "" and not canonical(version) then
    return "the version is not canonical"
  elseif space ~= "counter" and space ~= "timestamp" and space ~= "none" then
    return "the space is counter, timestamp or none"
  end
  return mode ~= "hard" and mode ~= "soft" and "the mode is hard or soft" or nil
end

local function isRun(word)
  return word == "apply" or word == "preview"
end

-- A count in digits.
local function isCount(text)
  return #text <= 9 and find(text, "^[1-9]%d*$") ~= nil
end
