#!lua
-- Stores a loaded value under its lease, or refuses it: `fill` of protocol's decide-fill.ts.
-- KEYS entry 1..1
-- ARGV 1 token            of the lease
-- ARGV 2 value            any bytes
-- ARGV 3 encoding         the writer's own note, at most 64 bytes without control characters, or empty
-- ARGV 4 deps             "\n<subject>\t<version>" repeated, or empty
-- ARGV 5 epochs           as the lease was asked for with
-- ARGV 6 epochAgeUs       the smallest age of them when they were read; empty without any
-- ARGV 7 tags             swept ones, "\n<tag>" repeated, or empty
-- ARGV 8 source           primary | replica: where the load read
-- ARGV 9 provisionalUs    P; empty for visible at once
-- ARGV 10 freshUs         empty for always
-- ARGV 11 keepUs          how long the value may be served
-- ARGV 12 readLagUs       R
-- ARGV 13 floorTtlUs      F
-- REPLY time              of this Redis, in microseconds
-- REPLY outcome           filled | lease_lost | bounds (F < L + R, with L as the lease was given) | floor | epoch | older | moved (nothing is
--                         stored: the slot moves, and the key is at its new owner from now on, without its floors and lease)
-- REPLY detail            filled: start of the lease in microseconds; moved: floors and lease; else empty
-- EFFECTS filled: UNLINK of the key, HSET of the value with its floors, PEXPIREAT. bounds: none. Refused otherwise: the lease is given up, if it was held.
-- @include lib/version.lua lib/marks.lua lib/foreign.lua lib/managed.lua lib/readable.lua lib/covers.lua lib/load.lua lib/put.lua lib/arguments.lua lib/lists.lua lib/fill-arguments.lua

local fault = fillFault()
if fault then
  return refused(fault)
end
local key, token, deps, epochs = KEYS[1], ARGV[1], readDeps(ARGV[4]), readEpochs(ARGV[5])
local isPrimary, provisionalUs, freshUs, keepUs = ARGV[8] == "primary", tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local readLagUs, epochAgeUs = tonumber(ARGV[12]), tonumber(ARGV[6])
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local clock = { now = now, ttlUs = tonumber(ARGV[13]) }
local entry = readManaged(key, clock)
local marks = entry.marks

local function isNewer()
  if not readable(entry, epochs, now) then
    return false
  end
  for subject, version in pairs(deps) do
    local held = entry.deps[subject]
    if held and newer(held, version) then
      return true
    end
  end
  return false
end

local function refusal(lease)
  local load = { deps = deps, start = tonumber(lease.start), isPrimary = isPrimary, readLagUs = readLagUs }
  if not meetsFloors(marks, load) then
    return "floor"
  elseif epochAgeUs and epochAgeUs < (isPrimary and 1 or readLagUs) then
    return "epoch"
  end
  return isNewer() and "older" or nil
end

local function store(lease)
  local ends = { now + keepUs, now + (provisionalUs or 0), marksEnd(marks, clock) }
  local lines = markLines(marks)
  local head = table.concat({ lease.start, freshUs and timeText(now + freshUs) or "", timeText(now + keepUs), ARGV[3] }, "\t")
  local d = head .. ARGV[4] .. (#lines == 0 and "" or "\n\f" .. table.concat(lines, "\n\f"))
  local fields = { "d", d, "v", ARGV[2] }
  local function add(field, text)
    if text ~= "" then
      fields[#fields + 1] = field
      fields[#fields + 1] = text
    end
  end
  add("p", provisionalUs and token .. "\t" .. timeText(now + provisionalUs) or "")
  add("e", string.gsub(ARGV[5], "(\n[^\t]+\t%d+)\t%d+", "%1"))
  add("t", ARGV[7])
  if not put(key, fields) then
    marks.lease = lease
    return marksText(marks)
  end
  call("PEXPIREAT", key, milliseconds(math.max(unpack(ends))))
  return nil
end

local lease = leaseOf(marks, token)
if not lease then
  return { timeText(now), "lease_lost", "" }
elseif outlivesFloors(lease, readLagUs, clock.ttlUs) then
  return { timeText(now), "bounds", "" }
end
marks.lease = nil
local why = refusal(lease)
if why then
  writeManaged(key, entry, marks, clock)
else
  local lost = store(lease)
  if lost then
    return { timeText(now), "moved", lost }
  end
end
return { timeText(now), why or "filled", why and "" or lease.start }
