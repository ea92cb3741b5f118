#!lua flags=no-writes
-- What a reader needs of one managed entry; the reader judges it with `readable` of protocol's decide-fill.ts.
-- KEYS entry 1..1
-- REPLY time              of this Redis, in microseconds
-- REPLY value             nil when there is none
-- REPLY deps              field d
-- REPLY softened          field o
-- REPLY provisional       field p
-- REPLY epochs            field e
-- REPLY tags              field t
-- EFFECTS none.
-- @include lib/version.lua lib/foreign.lua

local time = call("TIME")
local got = pcall("HMGET", KEYS[1], "v", "d", "o", "p", "e", "t")
if isForeign(got) then
  got = { false, false, false, false, false, false }
end
return { string.format("%.0f", time[1] * 1000000 + time[2]), got[1], got[2], got[3], got[4], got[5], got[6] }
