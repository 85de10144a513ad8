-- End a lease, correct the quotas, and append the event: once.
--
-- KEYS: state, the quota counters that were charged.
-- ARGV: run id, generation of the reservation, event id, occurred ms, units reserved, units billed, event (JSON),
--       the set of calls in flight that it is in (left out where there is none).
-- Without an event (""), the reservation is only given back.
-- Answers {"rebuild"} | {"settled", generation, stream id} | {"already", generation, highest stream id} |
--         {"abandoned"} | {"unknown"}.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
local id = ARGV[3]
if end_lease(id, ARGV[8]) then
  for index = 2, #KEYS do
    correct(KEYS[index], whole(ARGV[6] - ARGV[5]))
  end
  if ARGV[7] == '' then
    return {'settled', gen, '0-0'}
  end
  return {'settled', gen, append('event', id, ARGV[4], ARGV[6], table.concat(KEYS, ' ', 2), ARGV[7])}
end
if redis.call('ZSCORE', key('abandoned'), id) then
  return {'abandoned'}
end
if gen == ARGV[2] then
  -- It was in the stream by now, so at or before its highest id.
  return {'already', gen, last_stream_id()}
end
return {'unknown'}
