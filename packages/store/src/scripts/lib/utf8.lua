-- Whether a text is UTF-8: clients read keys as text, and would look for another key otherwise. Lead bytes and those that follow are
-- different ones, so each well-formed character can give way to a plain one; what is left then is none.
local function isUtf8(text)
  if not find(text, "[\128-\255]") then
    return true
  end
  local rest = text
  local next = "[\128-\191]"
  for _, form in ipairs({ "[\194-\223]", "\224[\160-\191]", "[\225-\236\238\239]" .. next, "\237[\128-\159]" }) do
    rest = string.gsub(rest, form .. next, "x")
  end
  for _, form in ipairs({ "\240[\144-\191]", "[\241-\243]" .. next, "\244[\128-\143]" }) do
    rest = string.gsub(rest, form .. next .. next, "x")
  end
  return not find(rest, "[\128-\255]")
end
