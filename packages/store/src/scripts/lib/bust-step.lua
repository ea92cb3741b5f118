-- What a bust does to one entry: `bust` of protocol's decide.ts. `step` holds what is the same for all busts of a call: now, ttlUs, space,
-- mode (h | s), unversioned, leave; `entry` is { value, held, marks } with value one of
--   nil (nothing is there) | "deps" (held: their text) | "version" (held: it) | "opaque" | "unversioned" | "foreign" (another type).

local FLOORS_MAX = 16

local function outcomeOf(step, entry, subject, version)
  local value, held = entry.value, entry.held
  if not value then
    return "a"
  elseif value == "opaque" then
    return "r"
  elseif value == "deps" then
    held = depOf(held, subject)
  elseif value ~= "version" then
    held = false
  end
  if held == false then
    return "u"
  elseif held and version ~= "" and covers(held, version, step.space) then
    return "c"
  end
  return step.mode == "s" and value == "deps" and "s" or "r"
end

-- Raises the floors of entry.marks, and answers: the letter of the outcome, whether the value goes away, whether marks are written.
local function bustStep(step, entry, subject, version)
  local letter = step.space == "timestamp" and string.upper(step.mode) or step.mode
  local bust = { at = timeText(step.now), letter = letter, space = step.space, subject = subject, version = version }
  if step.leave and not raiseFloors(entry.marks, bust, FLOORS_MAX) then
    return entry.value and "c" or "a", false, false
  end
  local outcome = outcomeOf(step, entry, subject, version)
  local isGone = outcome == "r" or (outcome == "u" and step.unversioned == "bust")
  local isOutOfReach = entry.value == "foreign" and not isGone
  return outcome, isGone, (step.leave and not isOutOfReach) or isGone
end
