-- Whether nothing lies at those keys, from the i-th on, that are no strings.
local function nothingFrom(i, keys, texts)
  local none = {}
  for j = i, #keys do
    none[#none + 1] = not texts[j] and keys[j] or nil
  end
  return call("EXISTS", unpack(none)) == 0
end
