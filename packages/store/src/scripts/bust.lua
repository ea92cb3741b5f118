#!lua flags=allow-oom
-- Busts managed entries, and leaves floors: `bust` of protocol's decide.ts; tests hold the two together on a real Redis. What is commonest
-- is decided in one loop, from one MGET and a HGET for each value, and written at once; all else afterwards, one by one.
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
-- REPLY time              of this Redis, used for the whole call, in microseconds; 0 where none was needed
-- REPLY letters           one per key: r removed, s softened, a absent, c covered, u unversioned
-- EFFECTS floors and lease in place of what goes away (MSET or SET, PEXPIREAT), or nothing (UNLINK); beside what stays, in its field d
-- (HSET, PEXPIREAT GT); softened: HSET of the field o.
-- @include lib/version.lua lib/dep.lua lib/bare-floor.lua lib/bust-call.lua

local texts, nowText, now, oldestLive, lead, own = {}, "0"
if leave then
  local time = call("TIME")
  now, nowText = time[1] * 1000000 + time[2], time[1] .. string.format("%06d", time[2])
  lead = nowText .. (space == "timestamp" and (isSoft and "S" or "H") or (isSoft and "s" or "h"))
  own, oldestLive, texts = space == "counter" and byte(lead, 17), now - ttlUs, call("MGET", unpack(keys))
end

-- What is to be written: pairs for MSET, which take the place of the arguments they are made of, or keys for UNLINK. Then what goes the
-- slow way, and keys at which nothing was found, or a hash of another service.
local batch, first = leave and argv or {}, leave and 8 or 1
-- Tables are made when they are needed: of a call of one key they would be a twentieth.
local m, slow, s, bare, b, at, isEmpty = first - 1, nil, 0, nil, 0, #keys > 1 and {}, false
for i = 1, #keys do
  local key, text, subject, version, letter, isRaised = keys[i], texts[i], argv[6 + i + i], argv[7 + i + i], "", leave
  local before = at and at[key]
  if at then at[key] = before or i end
  if before or version == "" then -- a key that repeats, a blind bust
  elseif text then
    local stands = standing(text, 1, subject, version, oldestLive, own)
    letter, isRaised = stands and "a" or "", stands == "above"
  elseif isEmpty then
    letter = "a"
  else
    local d = pcall("HGET", key, "d")
    if not d then
      b, letter, bare = b + 1, "a", bare or {}
      bare[b] = key
      if b == 1 then
        -- @include lib/nothing.lua
        isEmpty = nothingFrom(i, keys, texts)
      end
    elseif not d.err then
      local held, stop = depOf(d, subject)
      local mark = stop and find(d, "\f", stop, true)
      local stands = not mark and "above" or leave and standing(d, mark + 1, subject, version, oldestLive, own)
      if stands == "under" then
        letter, isRaised = "c", false
      elseif stands and not isSoft and (held == nil or (held and newer(version, held))) then
        letter = "r"
      end
    end
  end
  if letter == "" then
    s, slow = s + 1, slow or {}
    slow[s] = { i, subject, version }
  elseif isRaised then
    batch[m + 1], batch[m + 2] = key, lead .. subject .. "\t" .. version
    m = m + 2
  elseif letter == "r" then
    m = m + 1
    batch[m] = key
  end
  texts[i] = letter
end

if b > 0 and not isEmpty and call("EXISTS", unpack(bare, 1, b)) > 0 then
  -- @include lib/all-slow.lua
end
if apply and m >= first and not leave then
  call("UNLINK", unpack(batch, first, m))
elseif apply and m >= first then
  call("MSET", unpack(batch, first, m))
  local ends = string.format("%d", math.ceil((now + ttlUs) / 1000))
  for j = first, m, 2 do
    call("PEXPIREAT", batch[j], ends)
  end
end
if s > 0 then
  -- @include lib/marks.lua lib/foreign.lua lib/raise.lua lib/covers.lua lib/bust-step.lua lib/bust-managed.lua
  if not now then
    local time = call("TIME")
    now = time[1] * 1000000 + time[2]
  end
  local step = { now = now, ttlUs = ttlUs, staleUs = tonumber(argv[5]), space = space, mode = isSoft and "s" or "h" }
  step.unversioned, step.leave, step.apply, nowText = argv[3], leave, apply, timeText(now)
  for _, one in ipairs(slow) do
    texts[one[1]] = bustManaged(step, keys[one[1]], one[2], one[3])
  end
end
return { nowText, table.concat(texts) }
