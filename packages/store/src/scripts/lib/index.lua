-- Pairs of member and score seen, from ARGV[first] on: a member goes only where its score is still that one. Answers with how many went.
local function removeSeen(index, first)
  local count = 0
  for i = first, #ARGV - 1, 2 do
    local score = call("ZSCORE", index, ARGV[i])
    if score and tonumber(score) == tonumber(ARGV[i + 1]) then
      count = count + call("ZREM", index, ARGV[i])
    end
  end
  return count
end
