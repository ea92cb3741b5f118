#!lua flags=allow-oom
-- Makes a provisional entry visible, if it is still the one with this token and in time: `promote` of protocol's decide-fill.ts.
-- KEYS entry 1..1
-- ARGV 1 token            of the fill
-- REPLY time              of this Redis, in microseconds
-- REPLY outcome           promoted | gone
-- EFFECTS HDEL of the field p.
-- @include lib/version.lua lib/foreign.lua lib/provisional.lua lib/arguments.lua

if #ARGV ~= 1 or not isText(ARGV[1], 1) then
  return refused("a promote has 1 argument, a token of 1 to 64 bytes without control characters")
end
local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local token, deadline = provisionalAt(KEYS[1])
local isOurs = token == ARGV[1] and #deadline <= 16 and tonumber(deadline) > now
if isOurs then
  call("HDEL", KEYS[1], "p")
end
return { string.format("%.0f", now), isOurs and "promoted" or "gone" }
