-- Whether what was loaded meets the floors: `meetsFloors` of protocol's floors.ts, for the floors of an entry itself.

-- load is { deps = subject -> version, start = of its lease, isPrimary, readLagUs }.
local function isLate(at, load)
  if load.isPrimary then
    return load.start > tonumber(at)
  end
  return load.start >= tonumber(at) + load.readLagUs
end

local function meetsFloors(marks, load)
  for _, floor in ipairs(marks.floors) do
    local space = (floor.letter == "H" or floor.letter == "S") and "timestamp" or "counter"
    local dep = load.deps[floor.subject]
    if not (dep and covers(dep, floor.version, space)) then
      local cannotTell = not dep or (space == "timestamp" and dep == floor.version)
      if not (cannotTell and isLate(floor.at, load)) then
        return false
      end
    end
  end
  return not marks.blind or isLate(marks.blind.at, load)
end

-- Whether a load under this lease may end after floors that it must meet have: F < L + R, with L as the lease was given.
local function outlivesFloors(lease, readLagUs, floorTtlUs)
  return floorTtlUs < tonumber(lease.deadline) - tonumber(lease.start) + readLagUs
end

-- The lease of this token, if it is alive.
local function leaseOf(marks, token)
  return marks.lease and marks.lease.token == token and marks.lease or nil
end
