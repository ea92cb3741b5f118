-- Epochs, the hash of protocol's tag-layout.ts: `g` generation, `h` hard generation, `r` the last versions busted. An epoch that is
-- missing or cannot be read is made above every generation an entry can hold from before it was lost.

local EPOCH_TTL_MS = 2592000000

local function readEpoch(key)
  local got = call("HMGET", key, "g", "h", "r")
  local generation, hardGeneration = numberOf(got[1]), numberOf(got[2])
  if not (generation and hardGeneration) then
    return nil, nil, ""
  end
  return generation, hardGeneration, got[3] or ""
end

local function epochAfterLoss(now, skewMs)
  return now + skewMs * 1000
end
