#!lua flags=allow-oom
-- Puts tags on the list of those to be swept, before and after their busts are pending; a score only rises, so that who saw an older
-- one does not take the tag off.
-- KEYS registry 1..1
-- ARGV 1 tag stride 1     up to 500 of them
-- REPLY time              of this Redis, in microseconds
-- EFFECTS ZADD per tag.
-- @include lib/version.lua lib/tag-life.lua lib/arguments.lua

if #KEYS ~= 1 or #ARGV < 1 or #ARGV > 500 then
  return refused("registry-add has 1 key and 1 to 500 tags")
end
for i = 1, #ARGV do
  if ARGV[i] == "" or #ARGV[i] > KEY_BYTES_MAX then
    return refused("a tag has 1 to 512 bytes")
  end
end
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
for i = 1, #ARGV do
  local old = call("ZSCORE", KEYS[1], ARGV[i])
  call("ZADD", KEYS[1], whole(math.max(now, old and tonumber(old) + 1 or 0)), ARGV[i])
end
return { whole(now) }
