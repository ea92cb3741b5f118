-- The version a text of deps (the field d) holds of a subject: nil when it has none, false when it cannot be read. And from where on
-- marks may follow: nil when nothing does.
local function depOf(deps, subject)
  local first, last = 0, 0
  repeat
    first, last = find(deps, subject, last + 1, true)
    if not first then
      return nil, 1
    end
  until byte(deps, first - 1) == 10 and byte(deps, last + 1) == 9
  local _, stop, version = find(deps, "^(%d+)", last + 2)
  local after = stop and byte(deps, stop + 1)
  if not version or (after and after ~= 10) then
    return false, find(deps, "\n", last + 2, true)
  end
  return canonical(version) and version, after and stop + 1
end
