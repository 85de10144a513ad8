-- Renew the leases of a gateway process, and keep how far its long streams have come.
--
-- KEYS: state. ARGV: run id, lease ms, then for each lease: event id, event so far (JSON, "" for none).
-- Answers {"rebuild"} | {"renewed", generation, {ids that were abandoned}, {ids without a lease}}.

local gen = current_generation()
if not gen then
  return {'rebuild'}
end
local deadline = whole(real_ms() + ARGV[2])
local abandoned, missing = {}, {}
for index = 3, #ARGV, 2 do
  local id, progress = ARGV[index], ARGV[index + 1]
  if redis.call('HEXISTS', key('lease'), id) == 1 then
    redis.call('ZADD', key('leases'), deadline, id)
    if progress ~= '' then
      redis.call('HSET', key('progress'), id, progress)
    end
  elseif redis.call('ZSCORE', key('abandoned'), id) then
    abandoned[#abandoned + 1] = id
  else
    missing[#missing + 1] = id
  end
end
return {'renewed', gen, abandoned, missing}
