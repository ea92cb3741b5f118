-- A hash of another service is among those at which nothing was found. Nothing is written yet, so all that waits goes the slow way.
slow, at = slow or {}, at or { [keys[1]] = 1 }
for j = first, leave and m or 0, 2 do
  local tab = find(batch[j + 1], "\t", 18, true)
  s = s + 1
  slow[s] = { at[batch[j]], sub(batch[j + 1], 18, tab - 1), sub(batch[j + 1], tab + 1) }
end
for j = 1, leave and 0 or b do
  local i = at[bare[j]]
  s = s + 1
  slow[s] = { i, argv[6 + i + i], argv[7 + i + i] }
end
m = leave and first - 1 or m
table.sort(slow, function(one, other)
  return one[1] < other[1]
end)
