-- Take a place in every rate limit, the units from every quota, a place among the calls in flight, and a lease; or
-- nothing at all.
--
-- KEYS: state, a counter for each quota, a window for each rate limit, the set of calls in flight where limited.
-- ARGV: run id, offset, event id, units, lease (JSON), lease ms, stream bound, number of quotas,
--       calls in flight at most ("": any number), for each quota: start, end, ceiling; for each rate limit:
--       max calls, window ms; at last the generation that the caller knows ("": none).
-- Answers {"rebuild"} | {"changed", generation} | {"overload"} | {"stale_period", now} |
--         {"reserved" or "refused", generation, now, used of each quota…, calls and reset ms of each window…,
--         calls in flight where these are limited};
--         the numbers are those after the decision.

local state = redis.call('HMGET', STATE, 'gen', 'floor')
local gen = state[1]
if not is_current(gen) then
  return {'rebuild'}
end
if ARGV[#ARGV] ~= '' and ARGV[#ARGV] ~= gen then
  -- The caller has calls in flight that this generation has not: it brings them before anything is decided for it.
  return {'changed', gen}
end
if redis.call('XLEN', key('stream')) >= tonumber(ARGV[7]) then
  return {'overload'}
end

local offset, id, units = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local real = real_ms()
local now = installation_ms(real, offset, state[2])
local quotas, most = tonumber(ARGV[8]), tonumber(ARGV[9])
local slots = most and KEYS[#KEYS]
local used, windows = {}, {}
local passes = true

for index = 1, quotas do
  local at = 7 + index * 3
  if now < tonumber(ARGV[at]) or now >= tonumber(ARGV[at + 1]) then
    return {'stale_period', whole(now)}
  end
  used[index] = tonumber(redis.call('GET', KEYS[1 + index]) or 0)
  if used[index] + units > tonumber(ARGV[at + 2]) then
    passes = false
  end
end

for index = 1, #KEYS - 1 - quotas - (slots and 1 or 0) do
  local at = 8 + quotas * 3 + index * 2
  local window = open_window(KEYS[1 + quotas + index], tonumber(ARGV[at]), tonumber(ARGV[at + 1]), now)
  windows[index] = window
  passes = passes and admits(window)
end

local in_flight = slots and redis.call('SCARD', slots)
if slots and in_flight >= most then
  passes = false
end

if passes then
  for index = 1, quotas do
    charge(KEYS[1 + index], ARGV[4], real, offset)
    used[index] = used[index] + units
  end
  for _, window in ipairs(windows) do
    enter(window)
  end
  if slots then
    take_slot(slots, id)
    in_flight = in_flight + 1
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
if slots then
  reply[#reply + 1] = whole(in_flight)
end
return reply
