-- Give up the right to rebuild. KEYS: state. ARGV: run id, token. Answers {"unlocked"}.

if redis.call('GET', key('lock')) == ARGV[2] then
  redis.call('DEL', key('lock'))
end
return {'unlocked'}
