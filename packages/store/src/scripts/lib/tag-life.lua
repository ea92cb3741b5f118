-- How long the keys of a tag live: protocol's tag-life.ts. Times are whole milliseconds here.

local function inMs(us)
  return math.ceil(us / 1000)
end

local function whole(number)
  return string.format("%.0f", number)
end

-- A time or a count that somebody wrote; nil for anything else.
local function numberOf(text)
  return text and #text <= 16 and find(text, "^%d+$") and tonumber(text) or nil
end

-- The key lives at least so long: never shorter than before, and a key without a time to live gets one.
local function liveUntil(key, endMs)
  if call("PEXPIRETIME", key) < endMs then
    call("PEXPIREAT", key, whole(endMs))
  end
end

-- While something is pending the state has no time to live; its field `x` says when it may go afterwards.
local function stayUntil(key, endMs, had)
  local old = numberOf(had) or call("PEXPIRETIME", key)
  if not had or old < endMs then
    call("HSET", key, "x", whole(math.max(old, endMs)))
  end
  if not had then
    call("PERSIST", key)
  end
end
