-- What the meter has not stored yet, and up to when the shard would be complete with it.
--
-- KEYS: state. ARGV: run id, offset, generation and stream id as Postgres has them, how many entries,
--       1 to ask for completeness, how many ms a call in flight may hold that up.
-- Answers {"rebuild"} | {"read", generation, mark, behind which id was read, complete until ms or "", entries}.
--
-- Everything reserved before `complete until` is stored once these entries are: the stream is drained here, and no
-- call in flight is older, but for those that have been open for so long that nobody should wait for them (a socket,
-- a slow upload): one of them would else hold up the invoices of everybody in the shard. What they come to is charged
-- late. `floor` sees to it that no later call is given an earlier time.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
local state = redis.call('HMGET', STATE, 'base', 'mark', 'hold', 'floor')
local start = ARGV[3] == gen and ARGV[4] or state[1]
local entries = redis.call('XRANGE', key('stream'), '(' .. start, '+', 'COUNT', ARGV[5])
local complete = ''
if ARGV[6] == '1' and #entries < tonumber(ARGV[5]) then
  local real = real_ms()
  if real >= tonumber(state[3]) then
    local until_ms = installation_ms(real, tonumber(ARGV[2]), state[4])
    local oldest = redis.call('ZRANGE', key('inflight'), 0, 0, 'WITHSCORES')
    if oldest[2] then
      until_ms = math.min(until_ms, math.max(tonumber(oldest[2]), until_ms - tonumber(ARGV[7])))
    end
    complete = whole(until_ms)
    if until_ms > tonumber(state[4]) then
      redis.call('HSET', STATE, 'floor', complete)
    end
  end
end
return {'read', gen, state[2], start, complete, entries}
