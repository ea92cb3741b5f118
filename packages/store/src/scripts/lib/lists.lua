-- Lists that an entry is filled with. Counts and sizes are looked at before anything is read: nobody waits for a text of any length.

-- As in protocol's limits.ts.
local DEPS_MAX, TAGS_MAX = 256, 64

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
