-- What lies at keys as strings, false for hashes and for nothing; and whether none of those is there at all.
local function stringsAt(keys)
  local texts, none, n = #keys > 0 and call("MGET", unpack(keys)) or {}, {}, 0
  for i = 1, #keys do
    if not texts[i] then
      n = n + 1
      none[n] = keys[i]
    end
  end
  return texts, n > 0 and call("EXISTS", unpack(none, 1, n)) == 0
end
