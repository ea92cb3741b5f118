#!lua flags=allow-oom
-- Makes a provisional entry visible, if it is still the one with this token and in time: `promote` of protocol's decide-fill.ts.
-- KEYS entry 1..1
-- ARGV 1 token            of the fill
-- REPLY time              of this Redis, in microseconds
-- REPLY outcome           promoted | gone
-- EFFECTS HDEL of the field p.
-- @include lib/version.lua

local time = call("TIME")
local now = time[1] * 1000000 + time[2]
local held = pcall("HGET", KEYS[1], "p")
local token, deadline = match(type(held) == "string" and held or "", "^([^\n\t]+)\t(%d+)$")
local isOurs = token == ARGV[1] and #deadline <= 16 and tonumber(deadline) > now
if isOurs then
  call("HDEL", KEYS[1], "p")
end
return { string.format("%.0f", now), isOurs and "promoted" or "gone" }
