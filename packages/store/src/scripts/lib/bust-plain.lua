-- Without a gate nothing is left behind, and the commonest busts of the commonest kinds need the version only. What goes away, and keys
-- at which no version was found, are put off: one UNLINK and one EXISTS for all of them, at the end or before one of them comes again.
local g, gone, b, bare, seen = 0, {}, 0, {}, {}
local function endPlain()
  if apply and g > 0 then
    call("UNLINK", unpack(gone, 1, g))
  end
  if b > 0 and call("EXISTS", unpack(bare, 1, b)) > 0 then
    for i = 1, b do
      letters[seen[bare[i]]] = bustAt(seen[bare[i]])
    end
  end
  g, b = 0, 0
end

local isJson, space = kind == "json", step.space
for i = 1, #keys do
  local key, version, held, letter = keys[i], argv[7 + i + i], nil, nil
  if seen[key] then
    endPlain()
  end
  seen[key] = i
  if isJson then
    held = pcall("GET", key)
    letter = not held and "a" or nil
    held = letter == nil and type(held) == "string" and jsonVersion(held, field)
  else
    held = pcall("HGET", key, field)
    if not held then
      b, letter = b + 1, "a"
      bare[b] = key
    end
  end
  if not letter and type(held) == "string" and version ~= "" and canonical(held) then
    letter = covers(held, version, space) and "c" or "r"
    if letter == "r" then
      g = g + 1
      gone[g] = key
    end
  end
  letters[i] = letter or bustAt(i)
end
endPlain()
