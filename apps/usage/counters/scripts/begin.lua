-- Ask for the right to rebuild a shard. Asking again with the same token prolongs it.
--
-- KEYS: state. ARGV: run id, token, lock ms.
-- Answers {"current", generation}: nothing to do | {"busy"} | {"locked", real time, highest id trimmed away}.

local gen = current_generation()
if gen then
  return {'current', gen}
end
if redis.call('GET', key('lock')) ~= ARGV[2] and not redis.call('SET', key('lock'), ARGV[2], 'NX', 'PX', ARGV[3]) then
  return {'busy'}
end
redis.call('PEXPIRE', key('lock'), ARGV[3])
return {'locked', whole(real_ms()), redis.call('HGET', STATE, 'trimmed') or '0-0'}
