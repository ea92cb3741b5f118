#!lua
-- Writes an entry of an existing service, in a family with a gate, unless a floor or what is there is newer: `setIfNewer` of protocol's
-- decide-fill.ts.
-- KEYS entry 1..1
-- KEYS gate 2..2          of hash the entry itself
-- KEYS version 3..3       of companion; absent for other kinds
-- ARGV 1 kind             hash | json | prefix | companion
-- ARGV 2 field            of the version: a field for hash, a member for json, else empty
-- ARGV 3 token            of the lease; empty: written without one, so only the version can meet a floor
-- ARGV 4 subject          that the version counts
-- ARGV 5 version          canonical digits
-- ARGV 6 source           primary | replica: where the value was read
-- ARGV 7 keepUs           time to live
-- ARGV 8 readLagUs        R
-- ARGV 9 floorTtlUs       F
-- ARGV 10 content stride 1  hash: fields and values by turns; json: the text; prefix: what follows "<version>\n"; companion: any bytes
-- REPLY time              of this Redis, in microseconds
-- REPLY outcome           stored | lease_lost | bounds (F < L + R, with L as the lease was given) | floor | older | foreign
-- EFFECTS stored: HSET and HDEL of what is old, PEXPIREAT (hash), or SET (others; of companion the version key too). The lease is given up, if it
-- was held, either way; for wrong bounds nothing is written.
-- @include lib/version.lua lib/marks.lua lib/json-version.lua lib/foreign.lua lib/entry.lua lib/gated.lua lib/covers.lua lib/load.lua lib/arguments.lua lib/set-arguments.lua

local CONTENT = 10
local kind, field, token, subject, version = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local fault = setFault(CONTENT)
if fault then
  return refused(fault)
end
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local clock = { now = now, ttlUs = tonumber(ARGV[9]) }
local entry = readGated(kind, field, clock)
local marks = entry.marks
local lease = leaseOf(marks, token)

local function refusal()
  local load = { deps = { [subject] = version }, isPrimary = ARGV[6] == "primary", readLagUs = tonumber(ARGV[8]) }
  load.start = lease and tonumber(lease.start) or -math.huge
  if entry.found == "foreign" then
    return "foreign"
  elseif not meetsFloors(marks, load) then
    return "floor"
  end
  return entry.found == "value" and newer(entry.version, version) and "older" or nil
end

-- The key is never gone in between: on a slot that moves it would be its new owner's, and the floors lost.
local function storeHash(ends)
  local text, kept = marksText(marks), { [field] = true, ["fr:f"] = true }
  local old = entry.found ~= "none" and call("HKEYS", KEYS[1]) or {}
  call("HSET", KEYS[1], field, version)
  for at = CONTENT, #ARGV, 2 do
    call("HSET", KEYS[1], ARGV[at], ARGV[at + 1])
    kept[ARGV[at]] = true
  end
  for _, name in ipairs(old) do
    if not kept[name] then
      call("HDEL", KEYS[1], name)
    end
  end
  if text == "" then
    call("HDEL", KEYS[1], "fr:f")
  else
    call("HSET", KEYS[1], "fr:f", text)
  end
  call("PEXPIREAT", KEYS[1], milliseconds(math.max(ends, marksEnd(marks, clock))))
end

if token ~= "" and not lease then
  return { timeText(now), "lease_lost" }
elseif lease and outlivesFloors(lease, tonumber(ARGV[8]), clock.ttlUs) then
  return { timeText(now), "bounds" }
end
local why = refusal()
local hadLease, ends = lease ~= nil, now + tonumber(ARGV[7])
if lease then
  marks.lease = nil
end
if not why and kind == "hash" then
  storeHash(ends)
elseif not why then
  call("SET", KEYS[1], kind == "prefix" and version .. "\n" .. ARGV[CONTENT] or ARGV[CONTENT], "PXAT", milliseconds(ends))
  if kind == "companion" then
    call("SET", KEYS[3], version, "PXAT", milliseconds(ends))
  end
end
if hadLease and (why or kind ~= "hash") and entry.found ~= "foreign" then
  writeGate(kind, marks, clock)
end
return { timeText(now), why or "stored" }
