-- Record refused calls, sampled: of each minute and subscription (or product) the first 100 each, then every
-- 100th, beyond 10,000 every 10,000th, each with the number of calls that it stands for.
--
-- KEYS: state. ARGV: run id, offset, stream bound, then for each: event id, whose, rejection (JSON).
-- Answers {"rebuild"} | {"recorded", how many were written}.

if not current_generation() then
  return {'rebuild'}
end
local now = installation_ms(real_ms(), tonumber(ARGV[2]), redis.call('HGET', STATE, 'floor'))
local minute = whole(math.floor(now / 60000))
-- Usage comes first: a stream that is half full takes no more rejections.
local room = tonumber(ARGV[3]) / 2 - redis.call('XLEN', key('stream'))
local written = 0
for index = 4, #ARGV, 3 do
  local counter = key('x:' .. ARGV[index + 1] .. ':' .. minute)
  local seen = redis.call('INCR', counter)
  if seen == 1 then
    redis.call('PEXPIRE', counter, 120000)
  end
  local weight = (seen <= 100 and 1) or (seen <= 10000 and 100) or 10000
  if seen % weight == 0 and written < room then
    append('rejection', ARGV[index], whole(now), whole(weight), '', ARGV[index + 2])
    written = written + 1
  end
end
return {'recorded', written}
