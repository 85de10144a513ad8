-- Give up calls whose lease has run out: their process is gone.
--
-- What a long stream had delivered is settled with its last progress record; any other call is refunded and
-- recorded as abandoned, never billed. After a time without sweeps (the meter or Redis was away) every lease that
-- has run out first gets one more term, so that living processes can renew theirs.
--
-- KEYS: state. ARGV: run id, lease ms, longest pause between sweeps ms, how long ids are remembered ms, how many.
-- Answers {"rebuild"} | {"swept", how many}.

if not current_generation() then
  return {'rebuild'}
end
local now = real_ms()
local swept = tonumber(redis.call('HGET', STATE, 'swept') or 0)
redis.call('HSET', STATE, 'swept', whole(now))
local expired = redis.call('ZRANGEBYSCORE', key('leases'), '-inf', whole(now), 'LIMIT', 0, ARGV[5])
if now - swept > tonumber(ARGV[3]) then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('leases'), '-inf', whole(now))) do
    redis.call('ZADD', key('leases'), whole(now + ARGV[2]), id)
  end
  return {'swept', 0}
end
for _, id in ipairs(expired) do
  local data = redis.call('HGET', key('lease'), id)
  local progress = redis.call('HGET', key('progress'), id)
  local occurred = whole(redis.call('ZSCORE', key('inflight'), id))
  local lease = cjson.decode(data)
  local billed = progress and cjson.decode(progress).n or 0
  for _, counter in ipairs(lease.c) do
    correct(counter, whole(billed - lease.u))
  end
  if progress then
    append('event', id, occurred, whole(billed), table.concat(lease.c, ' '), progress)
  else
    append('abandoned', id, occurred, '0', '', data)
  end
  end_lease(id, lease.f)
  redis.call('ZADD', key('abandoned'), whole(now), id)
end
redis.call('ZREMRANGEBYSCORE', key('abandoned'), '-inf', whole(now - ARGV[4]))
return {'swept', #expired}
