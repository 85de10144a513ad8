-- Set some quota counters to what they must be: the snapshot, the unread stream, and the calls in flight.
--
-- KEYS: state. ARGV: run id, offset, generation and stream id of the snapshot, what was trimmed before it,
--       then for each quota counter: name, units in the snapshot.
-- Answers {"rebuild"} | {"retry"}: read Postgres again | {"recounted"}.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
local start = unread_start(gen, ARGV[3], ARGV[4], ARGV[5])
if not start then
  return {'retry'}
end
local sums = {}
for index = 6, #ARGV, 2 do
  sums[ARGV[index]] = tonumber(ARGV[index + 1])
end
local function add(counter, units)
  if sums[counter] then
    sums[counter] = sums[counter] + units
  end
end
each_unread(start, function(_, _, units, counters)
  for counter in string.gmatch(counters, '%S+') do
    add(counter, units)
  end
end)
each_lease(function(_, lease)
  for _, counter in ipairs(lease.c) do
    add(counter, lease.u)
  end
end)
local real = real_ms()
for counter, units in pairs(sums) do
  put_counter(counter, units, real, tonumber(ARGV[2]))
end
return {'recounted'}
