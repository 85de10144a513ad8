-- Take a place in every rate limit and the units from every quota, and a lease; or nothing at all.
--
-- KEYS: state, a counter for each quota, a window for each rate limit.
-- ARGV: run id, offset, event id, units, lease (JSON), lease ms, stream bound, number of quotas,
--       for each quota: start, end, ceiling; for each rate limit: max calls, window ms.
-- Answers {"rebuild"} | {"overload"} | {"stale_period", now} |
--         {"reserved" or "refused", generation, now, used of each quota…, calls and reset ms of each window…};
--         the numbers are those after the decision.

local state = redis.call('HMGET', STATE, 'gen', 'floor')
local gen = state[1]
if not is_current(gen) then
  return {'rebuild'}
end
if redis.call('XLEN', key('stream')) >= tonumber(ARGV[7]) then
  return {'overload'}
end

local offset, id, units = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local real = real_ms()
local now = installation_ms(real, offset, state[2])
local quotas = tonumber(ARGV[8])
local used, windows = {}, {}
local passes = true

for index = 1, quotas do
  local at = 6 + index * 3
  if now < tonumber(ARGV[at]) or now >= tonumber(ARGV[at + 1]) then
    return {'stale_period', whole(now)}
  end
  used[index] = tonumber(redis.call('GET', KEYS[1 + index]) or 0)
  if used[index] + units > tonumber(ARGV[at + 2]) then
    passes = false
  end
end

for index = 1, #KEYS - 1 - quotas do
  local at = 7 + quotas * 3 + index * 2
  local window = open_window(KEYS[1 + quotas + index], tonumber(ARGV[at]), tonumber(ARGV[at + 1]), now)
  windows[index] = window
  passes = passes and admits(window)
end

if passes then
  for index = 1, quotas do
    charge(KEYS[1 + index], ARGV[4], real, offset)
    used[index] = used[index] + units
  end
  for _, window in ipairs(windows) do
    enter(window)
  end
  redis.call('HSET', key('lease'), id, ARGV[5])
  redis.call('ZADD', key('leases'), whole(real + ARGV[6]), id)
  redis.call('ZADD', key('inflight'), whole(now), id)
end

local reply = {passes and 'reserved' or 'refused', gen, whole(now)}
for index = 1, quotas do
  reply[#reply + 1] = whole(used[index])
end
for _, window in ipairs(windows) do
  reply[#reply + 1] = whole(window.total)
  reply[#reply + 1] = whole(resets_in(window))
end
return reply
