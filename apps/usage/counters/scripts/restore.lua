-- Give a call that is still in flight its lease back, after the lease was lost with data.
--
-- KEYS: state, the quota counters that were charged.
-- ARGV: run id, offset, event id, occurred ms, units, lease (JSON), lease ms, the set of calls in flight that it is
--       in (left out where there is none).
-- Answers {"rebuild"} | {"restored", generation} | {"abandoned"}.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
local id = ARGV[3]
if redis.call('ZSCORE', key('abandoned'), id) then
  return {'abandoned'}
end
if redis.call('HSETNX', key('lease'), id, ARGV[6]) == 1 then
  local real = real_ms()
  for index = 2, #KEYS do
    charge(KEYS[index], ARGV[5], real, tonumber(ARGV[2]))
  end
  redis.call('ZADD', key('leases'), whole(real + ARGV[7]), id)
  redis.call('ZADD', key('inflight'), ARGV[4], id)
  if ARGV[8] then
    take_slot(ARGV[8], id)
  end
end
return {'restored', gen}
