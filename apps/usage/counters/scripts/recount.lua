-- Set some quota counters to what they must be: the snapshot, the unread stream, and the calls in flight.
--
-- KEYS: state. ARGV: run id, offset, generation and stream id of the snapshot, what was trimmed before it,
--       then for each quota counter: name, units in the snapshot.
-- Answers {"rebuild"} | {"retry"}: read Postgres again | {"recounted"}.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
local sums = sums_of_quotas(gen, 6, ARGV[3], ARGV[4], ARGV[5])
if not sums then
  return {'retry'}
end
local real = real_ms()
for counter, units in pairs(sums) do
  put_counter(counter, units, real, tonumber(ARGV[2]))
end
return {'recounted'}
