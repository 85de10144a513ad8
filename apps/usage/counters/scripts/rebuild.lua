-- Begin a generation: counters are what Postgres had in the snapshot, the unread stream, and the calls in flight.
--
-- KEYS: state. ARGV: run id, offset, token, new generation, generation and stream id of the snapshot, what was
--       trimmed before it, floor, lease ms, hold ms, number of calls in flight that the snapshot has as stored,
--       their ids, then for each quota counter: name, units in the snapshot.
-- Answers {"lost"}: the lock is another's | {"retry"}: read Postgres again | {"rebuilt"}.

if redis.call('GET', key('lock')) ~= ARGV[3] then
  return {'lost'}
end
local offset, snapshot_gen, snapshot_id = tonumber(ARGV[2]), ARGV[5], ARGV[6]
local start = unread_start(redis.call('HGET', STATE, 'gen'), snapshot_gen, snapshot_id, ARGV[7])
if not start then
  return {'retry'}
end

-- A call that is stored is not in flight: its end was lost with the data.
local stored = tonumber(ARGV[11])
for index = 12, 11 + stored do
  local lease = redis.call('HGET', key('lease'), ARGV[index])
  end_lease(ARGV[index], lease and cjson.decode(lease).f)
end

local sums = {}
for index = 12 + stored, #ARGV, 2 do
  sums[ARGV[index]] = tonumber(ARGV[index + 1])
end
local function add(counter, units)
  sums[counter] = (sums[counter] or 0) + units
end

redis.call('UNLINK', key('present'))
each_unread(start, function(stream_id, id, units, counters)
  for counter in string.gmatch(counters, '%S+') do
    add(counter, units)
  end
  redis.call('HSET', key('present'), id, stream_id, 'last', stream_id)
end)
local real = real_ms()
each_lease(function(id, lease)
  for _, counter in ipairs(lease.c) do
    add(counter, lease.u)
  end
  -- Nobody is given up because Redis was away.
  redis.call('ZADD', key('leases'), whole(real + ARGV[9]), id)
  if lease.f then
    take_slot(lease.f, id)
  end
end)
for counter, units in pairs(sums) do
  put_counter(counter, units, real, offset)
end

-- Ids of this generation lie behind every id that Postgres has stored.
if is_after(snapshot_id, last_stream_id()) then
  local ms, seq = string.match(snapshot_id, '^(%d+)%-(%d+)$')
  redis.call('XADD', key('stream'), ms .. '-' .. whole(seq + 1),
    'k', 'marker', 'i', '', 't', '0', 'u', '0', 'c', '', 'd', '')
end
local floor = math.max(tonumber(ARGV[8]), tonumber(redis.call('HGET', STATE, 'floor') or 0))
redis.call('HSET', STATE, 'gen', ARGV[4], 'base', start, 'mark', snapshot_gen .. ' ' .. snapshot_id,
  'floor', whole(floor), 'hold', whole(real + ARGV[10]))
redis.call('DEL', key('lock'))
return {'rebuilt'}
