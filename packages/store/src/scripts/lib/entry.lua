-- What a step sees of one key. Payloads of managed and hash entries are never read. Each reader answers
--   value: nil | "deps" | "version" | "unversioned" | "opaque" | "foreign" (another Redis type)
--   held: the deps text or the version; floors, lease: their texts, or nil

-- Another Redis type is data, and counts as unversioned; any other error ends the call.
local function foreign(reply)
  if not find(reply.err, "^-?WRONGTYPE") then
    error(reply)
  end
  return "foreign"
end

-- A hash of no fields but floors and lease is no value; any other field is one, even where it cannot be read. Floors
-- alone are the commonest content, and one field costs a third of several.
local function readMarked(key, names)
  local length = pcall("HLEN", key)
  if length == 0 then
    return nil
  elseif type(length) == "table" then
    return foreign(length)
  end
  local floors = length == 1 and call("HGET", key, names.floors)
  if floors then
    return nil, nil, floors
  end
  local got = call("HMGET", key, names.version, names.floors, names.lease)
  local version, lease = got[1] or nil, got[3] or nil
  floors = got[2] or nil
  if length == (floors and 1 or 0) + (lease and 1 or 0) then
    return nil, nil, floors, lease
  end
  return version and "version" or "unversioned", version, floors, lease
end

local function readManaged(key, names)
  local value, deps, floors, lease = readMarked(key, names)
  return value == "version" and "deps" or value, deps, floors, lease
end

-- In a family with a gate, floors and lease lie beside the field; elsewhere they do not count.
local function readHash(key, names, _, gate)
  local value, version, floors, lease
  if gate then
    value, version, floors, lease = readMarked(key, names)
  else
    version = pcall("HGET", key, names.version)
    if type(version) == "table" then
      return foreign(version)
    end
    value = version and "version" or readMarked(key, names)
  end
  return value == "version" and not canonical(version) and "unversioned" or value, version, floors, lease
end

local function readJson(key, names)
  local text = pcall("GET", key)
  if not text then
    return nil
  elseif type(text) == "table" then
    return foreign(text)
  end
  local version = jsonVersion(text, names.version)
  return version and "version" or "unversioned", version
end

local function readOpaque(key)
  return call("EXISTS", key) == 1 and "opaque" or nil
end

-- The version a deps text holds of a subject: nil when it has none, false when it cannot be read.
local function depOf(deps, subject)
  local first, last = 0, 0
  repeat
    first, last = find(deps, subject, last + 1, true)
    if not first then
      return nil
    end
  until byte(deps, first - 1) == 10 and byte(deps, last + 1) == 9
  local version = match(deps, "^[^\n]*", last + 2)
  return canonical(version) and version
end

-- The deadline of a lease that is still alive; nil for any other.
local function leaseDeadline(lease, now)
  local start, deadline = match(lease, "^[^\n\t]+\t(%d+)\t(%d+)$")
  if not deadline or #start > 16 or #deadline > 16 or tonumber(deadline) <= now then
    return nil
  end
  return tonumber(deadline)
end
