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

-- Removes the oldest members whose entries cannot be served any more, so many at most; none while no keep-until is known. `times` is
-- { now = microseconds, keepMax = the longest keep-until, skew = C, both in milliseconds }. Answers with how many went.
local function trim(index, times, max)
  if times.keepMax == 0 then
    return 0
  end
  local before = times.now - (times.keepMax + times.skew) * 1000
  local count = math.min(max, call("ZCOUNT", index, "-inf", "(" .. whole(before)))
  return count > 0 and call("ZREMRANGEBYRANK", index, 0, count - 1) or 0
end
