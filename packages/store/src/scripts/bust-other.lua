#!lua flags=allow-oom
-- Busts entries that existing services write: the same step as `bust` in protocol's decide.ts; a test holds the two together on a real
-- Redis. With a gate a floor is left: of hash in a field of the entry, of others in the key of the gate.
-- KEYS entry 1..200       all on one node: an entry, then (json, prefix, companion) its gate, then (companion) the key of its version
-- ARGV 1 kind             hash | json | prefix | companion | opaque
-- ARGV 2 field            of the version: a field for hash, a member for json, else empty
-- ARGV 3 space            counter | timestamp | none
-- ARGV 4 unversioned      bust | keep
-- ARGV 5 floorTtlUs       F, by which floors are judged alive
-- ARGV 6 gate             gate | none (no key of a gate is given then)
-- ARGV 7 run              apply | preview (writes nothing)
-- ARGV 8 subject stride 2 one per entry, of no account without a gate
-- ARGV 9 version stride 2 one per entry, empty for a blind bust
-- REPLY time              of this Redis, used for the whole call, in microseconds
-- REPLY letters           one per entry: r removed, a absent, c covered, u unversioned
-- EFFECTS UNLINK of what goes away (of companion the version too), then floors and lease: SET of the gate, or HSET and PEXPIREAT of the
-- entry (hash); what goes away beside these is HDEL of the other fields.
-- Nothing is checked per key: subjects are of 1 to 512 bytes without control characters, versions canonical, or floors cannot be read.
-- @include lib/version.lua lib/bust-words.lua lib/dep.lua lib/marks.lua lib/json-version.lua lib/foreign.lua lib/entry.lua lib/raise.lua lib/covers.lua lib/bust-step.lua

local kind, field, isGated, apply = ARGV[1], ARGV[2], ARGV[6] == "gate", ARGV[7] == "apply"
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local step = { now = now, ttlUs = tonumber(ARGV[5]), space = ARGV[3], mode = "h", unversioned = ARGV[4], leave = isGated }
local hasGateKey = isGated and kind ~= "hash"
local stride = 1 + (hasGateKey and 1 or 0) + (kind == "companion" and 1 or 0)
if #KEYS < 1 or #KEYS > 200 or #KEYS % stride ~= 0 or #ARGV ~= 7 + 2 * #KEYS / stride or not readers[kind]
  or (field == "" and isOneOf(kind, "hash", "json")) or not isOneOf(ARGV[3], "counter", "timestamp", "none")
  or not isOneOf(ARGV[4], "bust", "keep") or not isDigits(ARGV[5]) or not isOneOf(ARGV[6], "gate", "none")
  or not isOneOf(ARGV[7], "apply", "preview") then
  return redis.error_reply("ERR freshet: bust-other has 1 to 200 keys, 7 arguments and 2 for each entry, with words and digits as its header says")
end

local function bust(at, subject, version)
  local key, gate, versionKey = KEYS[at], hasGateKey and KEYS[at + 1], kind == "companion" and KEYS[at + stride - 1]
  local value, held, text = readers[kind](key, field, versionKey)
  text = gate and gateText(gate) or text
  local entry = { value = value, held = held, marks = readMarks(isGated and text or "", "\n", step) }
  local outcome, isGone, isMarked = bustStep(step, entry, subject, version)
  if not apply then
    return outcome
  elseif isGone and isGated and kind == "hash" and value ~= "foreign" then
    leaveField(key, entry.marks, step)
    return outcome
  elseif isGone and versionKey then
    call("UNLINK", key, versionKey)
  elseif isGone then
    call("UNLINK", key)
  end
  if isMarked and gate then
    writeMarks(gate, entry.marks, step)
  elseif isMarked and isGated then
    writeField(key, entry.marks, step, value and not isGone)
  end
  return outcome
end

local keys, argv, letters = KEYS, ARGV, {}
local function bustAt(i)
  return bust(1 + (i - 1) * stride, argv[6 + 2 * i], argv[7 + 2 * i])
end

if isGated or (kind ~= "hash" and kind ~= "json") then
  for i = 1, #keys / stride do
    letters[i] = bustAt(i)
  end
else
  -- @include lib/bust-plain.lua
end
return { timeText(now), table.concat(letters) }
