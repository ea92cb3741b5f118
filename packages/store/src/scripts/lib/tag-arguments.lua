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
