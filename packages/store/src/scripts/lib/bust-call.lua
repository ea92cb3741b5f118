-- What a call of `bust` says once for all of its keys, by the positions of its header; what is no call of it is refused.
local keys, argv = KEYS, ARGV
local space, isSoft, leave, apply = argv[1], argv[2] == "soft", argv[6] == "leave", argv[7] == "apply"
-- Nothing is checked per key: subjects are of 1 to 512 bytes without control characters and versions canonical, or the floors that are
-- left cannot be read. And nothing by a function, which would be made anew in each call; both durations in one look, for they are digits.
if #keys < 1 or #keys > 200 or #argv ~= 7 + 2 * #keys or (space ~= "counter" and space ~= "timestamp" and space ~= "none")
  or not (isSoft or argv[2] == "hard") or (argv[3] ~= "bust" and argv[3] ~= "keep") or not (leave or argv[6] == "none")
  or not (apply or argv[7] == "preview") or #argv[4] > 16 or #argv[5] > 16 or not find(argv[4] .. " " .. argv[5], "^%d+ %d+$") then
  return redis.error_reply("ERR freshet: bust has 1 to 200 keys, 7 arguments and 2 for each key, with words and digits as its header says")
end
local ttlUs = tonumber(argv[4])
