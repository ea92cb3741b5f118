#!lua flags=allow-oom
-- Takes a tag off the list of those to be swept, unless somebody put it there again since it was seen.
-- KEYS registry 1..1
-- ARGV 1 tag
-- ARGV 2 seen             its score then
-- REPLY time              of this Redis, in microseconds
-- REPLY count             of tags removed
-- EFFECTS ZREM.
-- @include lib/version.lua lib/tag-life.lua lib/index.lua lib/arguments.lua

if #KEYS ~= 1 or #ARGV ~= 2 then
  return refused("registry-forget has 1 key and 2 arguments")
end
local time = call("TIME")
return { whole(time[1] * 1000000 + time[2]), whole(removeSeen(KEYS[1], 1)) }
