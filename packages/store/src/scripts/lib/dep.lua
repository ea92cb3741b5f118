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
  local stop = find(deps, "\n", last + 2, true)
  local version = sub(deps, last + 2, stop and stop - 1)
  return canonical(version) and version, stop
end
