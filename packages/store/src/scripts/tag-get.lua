#!lua flags=no-writes
-- Everything about one tag, for `freshet get --tag`.
-- KEYS index 1..1
-- KEYS state 2..2
-- KEYS epoch 3..3
-- REPLY time              of this Redis, in microseconds
-- REPLY size              of the index
-- REPLY state             fields and texts, one after the other
-- REPLY epoch             the same
-- EFFECTS none.

if #KEYS ~= 3 or #ARGV ~= 0 then
  return redis.error_reply("ERR freshet: tag-get has 3 keys and no argument")
end
local time = redis.call("TIME")
local size = redis.call("ZCARD", KEYS[1])
local state, epoch = redis.call("HGETALL", KEYS[2]), redis.call("HGETALL", KEYS[3])
return { string.format("%.0f", time[1] * 1000000 + time[2]), string.format("%.0f", size), state, epoch }
