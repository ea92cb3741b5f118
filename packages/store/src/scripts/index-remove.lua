#!lua flags=allow-oom
-- Takes entries out of the index of a tag, each only where its score is still the one seen: a refill has made it rise. The same
-- step as `indexRemove` in protocol's decide-tag.ts.
-- KEYS index 1..1
-- ARGV 1 member stride 2  up to 500 of them
-- ARGV 2 score stride 2   the one seen
-- REPLY time              of this Redis, in microseconds
-- REPLY count             of those removed
-- EFFECTS ZREM per member.
-- @include lib/version.lua lib/tag-life.lua lib/index.lua lib/arguments.lua

if #KEYS ~= 1 or #ARGV > 1000 or #ARGV % 2 == 1 then
  return refused("index-remove has 1 key and 2 arguments for each member, up to 500 of them")
end
local time = call("TIME")
return { whole(time[1] * 1000000 + time[2]), whole(removeSeen(KEYS[1], 1)) }
