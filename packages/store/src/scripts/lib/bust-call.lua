-- Refuses what is no call of `bust`, by the positions of its header. Nothing is checked per key: subjects are of 1 to 512 bytes without
-- control characters and versions canonical, or the floors that are left cannot be read.
local function isCallOfBust()
  if #KEYS < 1 or #KEYS > 200 or #ARGV ~= 7 + 2 * #KEYS then
    return false
  end
  return isOneOf(ARGV[1], "counter", "timestamp", "none") and isOneOf(ARGV[2], "hard", "soft") and isOneOf(ARGV[3], "bust", "keep")
    and isDigits(ARGV[4]) and isDigits(ARGV[5]) and isOneOf(ARGV[6], "leave", "none") and isOneOf(ARGV[7], "apply", "preview")
end

if not isCallOfBust() then
  return redis.error_reply("ERR freshet: bust has 1 to 200 keys, 7 arguments and 2 for each key, with words and digits as its header says")
end
