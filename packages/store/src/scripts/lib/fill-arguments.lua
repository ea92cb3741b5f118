-- What is wrong with the arguments of a fill, by the positions of its header; nil when nothing is.
local function fillFault()
  if #ARGV ~= 13 then
    return "a fill has 13 arguments"
  elseif not isText(ARGV[1], 1) or not isText(ARGV[3], 0) then
    return "a token has 1 to 64 bytes without control characters, an encoding at most 64"
  elseif (ARGV[5] == "") ~= (ARGV[6] == "") then
    return "epochs are without their age, or an age without epochs"
  elseif ARGV[6] ~= "" and not (#ARGV[6] <= 16 and find(ARGV[6], "^%d+$")) then
    return "the age of epochs is microseconds in digits"
  elseif ARGV[7] ~= "" and ARGV[9] == "" then
    return "with tags to sweep an entry is provisional first: P is empty"
  elseif (ARGV[9] ~= "" and not durationOf(ARGV[9], 1)) or (ARGV[10] ~= "" and not durationOf(ARGV[10], 1)) or not durationOf(ARGV[11], 1) then
    return "P, fresh and keep are microseconds in digits"
  end
  return keysFault(1) or depsFault(ARGV[4]) or epochsFault(ARGV[5]) or sweptTagsFault(ARGV[7]) or loadFault(ARGV[8], ARGV[12], ARGV[13])
end
