-- What a step sees of one key. Payloads of managed and hash entries are never read.
-- { key, value = nil | "deps" | "version" | "unversioned" | "opaque", held = deps text or version,
--   floors, lease = texts or false, isDead = a value past its keep-until, isForeign = another Redis type }

local managedFields = { version = "d", floors = "f", lease = "l", keepUntil = "k" }
local gateFields = { floors = "fr:f", lease = "fr:l" }

-- Another Redis type is data, and counts as unversioned; any other error ends the call before anything is written.
local function foreign(key, reply)
  if not string.find(reply.err, "^-?WRONGTYPE") then
    error(reply)
  end
  return { key = key, value = "unversioned", isForeign = true, floors = false, lease = false }
end

-- Fields besides floors and lease are a value, even where none of them can be read.
local function hasValue(key, floors, lease)
  return redis.call("HLEN", key) > (floors and 1 or 0) + (lease and 1 or 0)
end

local function readManaged(key, now)
  local got = redis.pcall("HMGET", key, "d", "f", "l", "k")
  if got.err then
    return foreign(key, got)
  end
  local deps, floors, lease, keepUntil = got[1], got[2], got[3], got[4]
  local state = { key = key, held = deps, floors = floors, lease = lease }
  if not deps then
    state.value = hasValue(key, floors, lease) and "unversioned" or nil
  elseif deps == "" or string.byte(deps) == 10 then
    state.value = "deps"
  else
    state.value = "unversioned"
  end
  if keepUntil and (#keepUntil > 16 or string.find(keepUntil, "%D") or keepUntil == "") then
    state.value = "unversioned"
  elseif keepUntil and tonumber(keepUntil) <= now then
    state.value, state.isDead = nil, true
  end
  return state
end

local function readHash(key, field)
  local got = redis.pcall("HMGET", key, field, "fr:f", "fr:l")
  if got.err then
    return foreign(key, got)
  end
  local version, floors, lease = got[1], got[2], got[3]
  local state = { key = key, held = version, floors = floors, lease = lease }
  if version then
    state.value = canonical(version) and "version" or "unversioned"
  else
    state.value = hasValue(key, floors, lease) and "unversioned" or nil
  end
  return state
end

local function readJson(key, name)
  local text = redis.pcall("GET", key)
  if type(text) == "table" then
    return foreign(key, text)
  end
  local version = text and jsonVersion(text, name) or nil
  return { key = key, value = text and (version and "version" or "unversioned") or nil, held = version, floors = false, lease = false }
end

local function readOpaque(key)
  return { key = key, value = redis.call("EXISTS", key) == 1 and "opaque" or nil, floors = false, lease = false }
end

-- The version this entry has of the subject: nil when it has none, false when what is there cannot be read.
local function heldOf(state, subject)
  if state.value ~= "deps" then
    return state.held
  end
  local _, tab = string.find(state.held, "\n" .. subject .. "\t", 1, true)
  if not tab then
    return nil
  end
  local version = string.match(state.held, "^[^\n]*", tab + 1)
  return canonical(version) and version
end

-- The deadline of a lease that is still alive; nil for any other.
local function leaseDeadline(lease, now)
  local start, deadline = string.match(lease or "", "^[^\n\t]+\t(%d+)\t(%d+)$")
  if not deadline or #start > 16 or #deadline > 16 or tonumber(deadline) <= now then
    return nil
  end
  return tonumber(deadline)
end
