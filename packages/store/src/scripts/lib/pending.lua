-- Lists of pending busts, the texts of protocol's tag-layout.ts: "\n<raisedAtUs, 16 digits><h|s><c|t|n><subject>\t<version>", repeated;
-- a blind bust has no version. In memory: a list of { at, mode, kind, subject, version }.

local function readPending(text, nowText)
  local list, bytes = {}, 0
  for at, mode, kind, subject, version in gmatch(text, "\n(%d+)([hs])([ctn])([^\n\t]+)\t(%d*)") do
    if #at ~= 16 or not (version == "" or canonical(version)) then
      break
    end
    bytes = bytes + 20 + #subject + #version
    list[#list + 1] = { at = at, mode = mode, kind = kind, subject = subject, version = version }
  end
  if bytes ~= #text then
    return { { at = nowText, mode = "h", kind = "n", subject = "*", version = "" } }
  end
  return list
end

local function pendingText(list)
  local lines = {}
  for i, bust in ipairs(list) do
    lines[i] = "\n" .. bust.at .. bust.mode .. bust.kind .. bust.subject .. "\t" .. bust.version
  end
  return table.concat(lines)
end

local function isAlike(a, b)
  if a.version == "" or b.version == "" then
    return a.version == b.version and a.mode == b.mode
  end
  return a.subject == b.subject and a.mode == b.mode and a.kind == b.kind
end

-- Busts of one subject and mode meet in the list; one too many makes the oldest two one blind bust.
local function enlist(list, bust, max)
  for i, other in ipairs(list) do
    if isAlike(other, bust) then
      local held = other.version ~= "" and newer(other.version, bust.version)
      list[i] = { at = bust.at, mode = bust.mode, kind = bust.kind, subject = bust.subject, version = held and other.version or bust.version }
      return
    end
  end
  list[#list + 1] = bust
  if #list > max then
    local first, second = table.remove(list, 1), table.remove(list, 1)
    local mode = (first.mode == "h" or second.mode == "h") and "h" or "s"
    local at = first.at > second.at and first.at or second.at
    list[#list + 1] = { at = at, mode = mode, kind = second.kind, subject = second.subject, version = "" }
  end
end
