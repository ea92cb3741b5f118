local FIELDS_MAX = 1000

-- What is wrong with the content that is to be stored under a version: it must neither hide that version nor hold another.
local function contentFault(kind, field, version, first)
  if kind == "hash" then
    for at = first, #ARGV, 2 do
      if ARGV[at] == field or sub(ARGV[at], 1, 3) == "fr:" then
        return "a field is the version's own, or begins with fr:"
      end
    end
    return (#ARGV - first) % 2 == 0 and "fields and values go by turns, and one is missing" or nil
  elseif #ARGV ~= first then
    return "the content is one argument"
  end
  return kind == "json" and jsonVersion(ARGV[first], field) ~= version and "the JSON text does not hold the version" or nil
end

-- What is wrong with the arguments of set-if-newer, by the positions of its header; nil when nothing is.
local function setFault(first)
  if #ARGV < first - 1 then
    return "arguments are missing"
  elseif ARGV[3] ~= "" and not isText(ARGV[3], 1) then
    return "a token has at most 64 bytes without control characters"
  elseif #ARGV > first - 1 + 2 * FIELDS_MAX then
    return "an entry is written with at most 1,000 fields"
  elseif ARGV[4] == "" or #ARGV[4] > SUBJECT_BYTES_MAX or find(ARGV[4], CONTROL) then
    return "a subject has 1 to 512 bytes without control characters"
  elseif not canonical(ARGV[5]) then
    return "the version is not canonical"
  elseif not durationOf(ARGV[7], 1) then
    return "keep is microseconds in digits"
  end
  return keysFault() or gatedFault(ARGV[1], ARGV[2]) or loadFault(ARGV[6], ARGV[8], ARGV[9]) or contentFault(ARGV[1], ARGV[2], ARGV[5], first)
end
