-- Say up to which stream id Postgres has committed, and trim what lies well behind it.
--
-- KEYS: state. ARGV: run id, generation, stream id, how long entries are kept ms.
-- Answers {"rebuild"} | {"stale"} | {"marked"}.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
if gen ~= ARGV[2] then
  return {'stale'}
end
local id = ARGV[3]
local state = redis.call('HMGET', STATE, 'mark', 'trimmed')
local mark_gen, mark_id = string.match(state[1] or '', '^(%S*) (%S+)$')
if mark_gen == gen and not is_after(id, mark_id) then
  return {'marked'}
end
redis.call('HSET', STATE, 'mark', gen .. ' ' .. id)
local last_present = redis.call('HGET', key('present'), 'last')
if last_present and not is_after(last_present, id) then
  redis.call('UNLINK', key('present'))
end
local behind = whole(string.match(id, '^%d+') - ARGV[4]) .. '-0'
if string.sub(behind, 1, 1) ~= '-' and is_after(behind, state[2] or '0-0') then
  redis.call('XTRIM', key('stream'), 'MINID', behind)
  redis.call('HSET', STATE, 'trimmed', behind)
end
return {'marked'}
