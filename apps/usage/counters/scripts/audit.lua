-- Name the quota counters that are not what they must be: the snapshot, the unread stream, and the calls in flight.
--
-- KEYS: state. ARGV: run id, offset, generation and stream id of the snapshot, what was trimmed before it,
--       then for each quota counter: name, units in the snapshot.
-- Answers {"rebuild"} | {"retry"}: read Postgres again | {"audited", {name, expected, found, …}}.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
local sums = sums_of_quotas(gen, 6, ARGV[3], ARGV[4], ARGV[5])
if not sums then
  return {'retry'}
end
local real, wrong = real_ms(), {}
for counter, units in pairs(sums) do
  local found = tonumber(redis.call('GET', counter) or 0)
  if found ~= units and counter_expiry(counter, tonumber(ARGV[2])) > real then
    wrong[#wrong + 1] = counter
    wrong[#wrong + 1] = whole(units)
    wrong[#wrong + 1] = whole(found)
  end
end
return {'audited', wrong}
