-- Replay an event whose answer has left, after its lease or its place in the stream was lost with data.
--
-- It asks nothing: the event is appended and Postgres removes doubles. Only what is known to stand in the stream
-- (`present`: seen by the last rebuild, or appended here) is not appended twice. The quotas are charged, so that
-- they hold from now on; where Postgres turns out to have the event, the meter counts them anew.
--
-- KEYS: state, the quota counters of the event.
-- ARGV: run id, offset, event id, occurred ms, units reserved, units billed, event (JSON), the set of calls in
--       flight that it is in (left out where there is none).
-- Answers {"rebuild"} | {"appended", generation, stream id}.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
local id = ARGV[3]
local present = redis.call('HGET', key('present'), id)
if present then
  return {'appended', gen, present}
end
if end_lease(id, ARGV[8]) then
  for index = 2, #KEYS do
    correct(KEYS[index], whole(ARGV[6] - ARGV[5]))
  end
else
  local real = real_ms()
  for index = 2, #KEYS do
    charge(KEYS[index], ARGV[6], real, tonumber(ARGV[2]))
  end
end
local stream_id = append('replay', id, ARGV[4], ARGV[6], table.concat(KEYS, ' ', 2), ARGV[7])
redis.call('HSET', key('present'), id, stream_id, 'last', stream_id)
return {'appended', gen, stream_id}
