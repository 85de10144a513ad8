-- A sliding window that never lets more than `max` calls into ANY interval of its length.
--
-- Calls are counted in buckets of a sixtieth of the window. A bucket leaves when it ENDS at or before the start of
-- the window, so a call is never forgotten early (and up to one bucket late). Time that steps back counts into the
-- newest bucket. The hash: t (calls in all), o and n (oldest and newest bucket that holds calls), for each of
-- these buckets its count, and under ">bucket" the next one that holds calls: every step below removes or adds a
-- bucket that holds calls, so the work is constant for each call, over time.

local BUCKETS = 60

local function open_window(name, max, length, now)
  local size = math.ceil(length / BUCKETS)
  local window = {name = name, max = max, length = length, size = size, now = now, total = 0}
  local fields = redis.call('HMGET', name, 't', 'o', 'n')
  if not fields[1] then
    return window
  end
  local total, oldest, newest = tonumber(fields[1]), tonumber(fields[2]), tonumber(fields[3])
  local start = now - length
  if (newest + 1) * size <= start then
    redis.call('DEL', name)
    return window
  end
  local changed = false
  while (oldest + 1) * size <= start do
    local bucket = redis.call('HMGET', name, whole(oldest), '>' .. whole(oldest))
    redis.call('HDEL', name, whole(oldest), '>' .. whole(oldest))
    total, oldest, changed = total - bucket[1], tonumber(bucket[2]), true
  end
  if changed then
    redis.call('HSET', name, 't', whole(total), 'o', whole(oldest))
  end
  window.total, window.oldest, window.newest = total, oldest, newest
  return window
end

local function admits(window)
  return window.total < window.max
end

local function enter(window)
  local bucket = math.floor(window.now / window.size)
  local name = window.name
  if not window.newest then
    window.oldest = bucket
    redis.call('HSET', name, 't', 1, 'o', whole(bucket), 'n', whole(bucket), whole(bucket), 1)
  elseif bucket <= window.newest then
    bucket = window.newest
    redis.call('HINCRBY', name, whole(bucket), 1)
    redis.call('HINCRBY', name, 't', 1)
  else
    redis.call('HSET', name, '>' .. whole(window.newest), whole(bucket),
      whole(bucket), 1, 'n', whole(bucket), 't', whole(window.total + 1))
  end
  if bucket ~= window.newest then
    redis.call('PEXPIRE', name, whole(2 * window.length))
  end
  window.newest, window.total = bucket, window.total + 1
end

-- Milliseconds until a bucket has left the window.
local function leaves_in(window, bucket)
  return (bucket + 1) * window.size + window.length - window.now
end

-- Milliseconds until one more call fits when none does now, else until the window is clean.
local function resets_in(window)
  if window.max <= 0 then
    return window.length
  end
  if window.total == 0 then
    return 0
  end
  if window.total < window.max then
    return leaves_in(window, window.newest)
  end
  local leaving, bucket = window.total - window.max + 1, window.oldest
  while true do
    local fields = redis.call('HMGET', window.name, whole(bucket), '>' .. whole(bucket))
    leaving = leaving - fields[1]
    if leaving <= 0 then
      return leaves_in(window, bucket)
    end
    bucket = tonumber(fields[2])
  end
end
