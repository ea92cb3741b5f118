#!lua flags=allow-oom
-- Busts managed entries, and leaves floors: `bust` of protocol's decide.ts; tests hold the two together on a real Redis. What is commonest
-- is decided here, from one MGET and a HGET for each value, and written by one MSET or UNLINK; all else by `onSlowPath`, one by one.
-- KEYS entry 1..200       all on one node; a key may repeat, and then every one of its busts counts
-- ARGV 1 space            counter | timestamp | none
-- ARGV 2 mode             hard | soft
-- ARGV 3 unversioned      bust | keep
-- ARGV 4 floorTtlUs       F, by which floors are judged alive
-- ARGV 5 staleTtlUs       how long a softened entry may still be served
-- ARGV 6 floor            leave | none (floors that are there stay)
-- ARGV 7 run              apply | preview (writes nothing)
-- ARGV 8 subject stride 2 one per key
-- ARGV 9 version stride 2 one per key, empty for a blind bust
-- REPLY time              of this Redis, used for the whole call, in microseconds
-- REPLY letters           one per key: r removed, s softened, a absent, c covered, u unversioned
-- EFFECTS floors and lease in place of what goes away (MSET or SET, PEXPIREAT), or nothing (UNLINK); beside what stays, in its field d
-- (HSET, PEXPIREAT GT); softened: HSET of the field o.
-- @include lib/version.lua lib/dep.lua lib/strings.lua
-- @later slowPath lib/marks.lua lib/foreign.lua lib/raise.lua lib/bust-step.lua lib/bust-managed.lua

local space, mode, keys, argv = ARGV[1], sub(ARGV[2], 1, 1), KEYS, ARGV
local ttlUs, leave, apply = tonumber(ARGV[4]), ARGV[6] == "leave", ARGV[7] == "apply"
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local nowText = string.format("%016.0f", now)
local oldestLive = string.format("%016.0f", math.max(0, now - ttlUs))
local lead = nowText .. (space == "timestamp" and string.upper(mode) or mode)
local own, isCounter, isHard = byte(lead, 17), space == "counter", mode == "h"

local onSlowPath
local function slow(i)
  onSlowPath = onSlowPath or slowPath({
    now = now, ttlUs = ttlUs, staleUs = tonumber(ARGV[5]), space = space, mode = mode, unversioned = ARGV[3], leave = leave, apply = apply,
  })
  return onSlowPath(keys[i], argv[6 + i + i], argv[7 + i + i])
end

-- What waits to be written: pairs for MSET, or keys for UNLINK; and keys at which nothing was found, or a hash of somebody else.
local batch, m, bare, b, at, letters = {}, 0, {}, 0, {}, {}
local function flush()
  local isClear = b == 0 or call("EXISTS", unpack(bare, 1, b)) == 0
  for j = 1, b do
    local i = at[bare[j]]
    if not isClear and call("EXISTS", bare[j]) == 1 then
      letters[i] = slow(i)
    elseif leave then
      batch[m + 1], batch[m + 2] = keys[i], lead .. argv[6 + i + i] .. "\t" .. argv[7 + i + i]
      m = m + 2
    end
  end
  if m > 0 and apply then
    call(leave and "MSET" or "UNLINK", unpack(batch, 1, m))
  end
  if leave and apply then
    local ends = string.format("%.0f", math.ceil((now + ttlUs) / 1000))
    for j = 1, m, 2 do
      call("PEXPIREAT", batch[j], ends)
    end
  end
  b, m = 0, 0
end

local texts, isEmpty = stringsAt(leave and keys or {})
for i = 1, #keys do
  local key, text, subject, version, letter, isRaised = keys[i], texts[i], argv[6 + i + i], argv[7 + i + i], nil, true
  if at[key] then
    flush()
  elseif version == "" then -- a blind bust
  elseif text then
    local tab, _, last = 18 + #subject, find(text, "^%d+[hsHS]")
    local had, floor = sub(text, tab + 1), byte(text, 17)
    if last == 17 and byte(text, tab) == 9 and sub(text, 18, tab - 1) == subject and canonical(had) then
      isRaised = newer(version, had) or sub(text, 1, 16) < oldestLive
      letter = (isRaised or (isCounter and (floor == 104 or floor == own))) and "a"
    end
  elseif isEmpty then
    letter = "a"
  else
    local d = pcall("HGET", key, "d")
    if not d then
      b, letter, isRaised = b + 1, "a", false
      bare[b] = key
    elseif isHard and type(d) == "string" and not find(d, "\f", 1, true) then
      local held = depOf(d, subject)
      letter = (held == nil or (held and newer(version, held))) and "r"
    end
  end
  at[key] = i
  if not letter then
    letter = slow(i)
  elseif isRaised and leave then
    batch[m + 1], batch[m + 2] = key, lead .. subject .. "\t" .. version
    m = m + 2
  elseif letter == "r" then
    m = m + 1
    batch[m] = key
  end
  letters[i] = letter
end
flush()
return { nowText, table.concat(letters) }
