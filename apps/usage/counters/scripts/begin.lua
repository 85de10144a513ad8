-- Ask for the right to rebuild a shard. Asking again with the same token prolongs it.
--
-- KEYS: state. ARGV: run id, token, lock ms.
-- Answers {"current", generation}: nothing to do | {"busy"} |
--         {"locked", real time, highest id trimmed away, floor, {ids of the calls in flight}}.

local gen = current_generation()
if gen then
  return {'current', gen}
end
if redis.call('GET', key('lock')) ~= ARGV[2] and not redis.call('SET', key('lock'), ARGV[2], 'NX', 'PX', ARGV[3]) then
  return {'busy'}
end
redis.call('PEXPIRE', key('lock'), ARGV[3])
local state = redis.call('HMGET', STATE, 'trimmed', 'floor')
return {'locked', whole(real_ms()), state[1] or '0-0', state[2] or '0', redis.call('HKEYS', key('lease'))}
