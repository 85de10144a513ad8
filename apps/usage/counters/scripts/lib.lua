-- Put in front of every script.
--
-- KEYS[1] is the state hash of a shard, `af:{uNN}:state`; the shard's other fixed keys are named from it, so all
-- lie in one slot. ARGV[1] is the run id of the server as the caller's own connection learned it.
--
-- The state hash: gen (the generation, "<run id>:<nonce>"), base (reading starts behind this stream id in this
-- generation), mark ("<generation> <stream id>" that Postgres has), trimmed (nothing above this id was ever cut
-- off), floor (no call is ever given an earlier time), hold (real time before which nothing is called complete),
-- swept (when abandonments were last looked for).

local SHARD = string.sub(KEYS[1], 1, -6)
local STATE = KEYS[1]
-- How long a quota counter outlives its period, and a set of calls in flight its newest call: the longest stream
-- that may still be settled.
local COUNTER_GRACE_MS = 24 * 3600 * 1000

local function key(name)
  return SHARD .. name
end

-- Whether a generation is of this server's life. Where it is not, nothing in the shard may be believed or changed
-- before a rebuild.
local function is_current(gen)
  return gen and string.sub(gen, 1, #ARGV[1] + 1) == ARGV[1] .. ':'
end

-- The generation of the shard, or nil where it is not current.
local function current_generation()
  local gen = redis.call('HGET', STATE, 'gen')
  return is_current(gen) and gen or nil
end

local function real_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The time of the installation: real time, moved by the sandbox, and never before what was called complete.
local function installation_ms(real, offset, floor)
  return math.max(real + offset, tonumber(floor or 0))
end

local function whole(number)
  return string.format('%.0f', number)
end

local function is_after(left, right)
  local left_ms, left_seq = string.match(left, '^(%d+)%-(%d+)$')
  local right_ms, right_seq = string.match(right, '^(%d+)%-(%d+)$')
  if left_ms == right_ms then
    return tonumber(left_seq) > tonumber(right_seq)
  end
  return tonumber(left_ms) > tonumber(right_ms)
end

local function later(left, right)
  if is_after(left, right) then
    return left
  end
  return right
end

-- The highest id that the stream ever gave out, "0-0" where there is no stream.
local function last_stream_id()
  if redis.call('EXISTS', key('stream')) == 0 then
    return '0-0'
  end
  local info = redis.call('XINFO', 'STREAM', key('stream'))
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then
      return info[index + 1]
    end
  end
end

-- A quota counter is named "…:<start>-<end>" in milliseconds of the installation's time.
local function counter_expiry(counter, offset)
  return tonumber(string.match(counter, '%-(%d+)$')) - offset + COUNTER_GRACE_MS
end

-- Add units to a quota counter, which is made when it is not there; one whose time is over stays away.
local function charge(counter, units, real, offset)
  local expiry = counter_expiry(counter, offset)
  if expiry <= real then
    return
  end
  if redis.call('INCRBY', counter, units) == tonumber(units) then
    redis.call('PEXPIREAT', counter, whole(expiry))
  end
end

-- Correct a quota counter that was charged; one that has expired stays away.
local function correct(counter, units)
  if tonumber(units) ~= 0 and redis.call('EXISTS', counter) == 1 then
    redis.call('INCRBY', counter, units)
  end
end

-- Take a place among the calls in flight of a subscription. The set goes away with the last of them.
local function take_slot(slots, id)
  redis.call('SADD', slots, id)
  redis.call('PEXPIRE', slots, COUNTER_GRACE_MS)
end

-- End a lease; whether there was one. `slots` is the set of calls in flight that it is in, if any.
local function end_lease(id, slots)
  if redis.call('HDEL', key('lease'), id) == 0 then
    return false
  end
  redis.call('ZREM', key('leases'), id)
  redis.call('ZREM', key('inflight'), id)
  redis.call('HDEL', key('progress'), id)
  if slots then
    redis.call('SREM', slots, id)
  end
  return true
end

-- Append to the usage stream. `counters` are the names of the charged quota counters, separated by blanks.
local function append(kind, id, occurred, units, counters, data)
  return redis.call('XADD', key('stream'), '*',
    'k', kind, 'i', id, 't', occurred, 'u', units, 'c', counters, 'd', data)
end
