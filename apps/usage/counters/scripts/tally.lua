-- Counting a shard's quotas anew: what Postgres had in one snapshot, and what stands in Redis beyond it.

-- Behind which stream id lies what the snapshot does not have; nil when something there was trimmed away since
-- (then a new snapshot has it). `gen` is the generation of the data, `trimmed_before` what had been trimmed when
-- the snapshot was not yet taken: all of that was committed, so the snapshot has it.
local function unread_start(gen, snapshot_gen, snapshot_id, trimmed_before)
  local state = redis.call('HMGET', STATE, 'base', 'trimmed')
  local trimmed = state[2] or '0-0'
  local start = state[1] or '0-0'
  local committed = trimmed_before
  if gen and gen == snapshot_gen then
    start = snapshot_id
    committed = later(snapshot_id, trimmed_before)
  end
  if is_after(trimmed, committed) then
    return nil
  end
  return later(start, trimmed)
end

-- Calls `visit(stream id, event id, units, counters)` for every unread usage event.
local function each_unread(start, visit)
  while true do
    local entries = redis.call('XRANGE', key('stream'), '(' .. start, '+', 'COUNT', 1000)
    for _, entry in ipairs(entries) do
      local field = entry[2]
      if field[2] == 'event' or field[2] == 'replay' then
        visit(entry[1], field[4], tonumber(field[8]), field[10])
      end
    end
    if #entries < 1000 then
      return
    end
    start = entries[#entries][1]
  end
end

-- Calls `visit(event id, lease)` for every call in flight.
local function each_lease(visit)
  local leases = redis.call('HGETALL', key('lease'))
  for index = 1, #leases, 2 do
    visit(leases[index], cjson.decode(leases[index + 1]))
  end
end

-- Set a counter to exactly this.
local function put_counter(counter, units, real, offset)
  local expiry = counter_expiry(counter, offset)
  if units == 0 or expiry <= real then
    redis.call('UNLINK', counter)
  else
    redis.call('SET', counter, whole(units), 'PXAT', whole(expiry))
  end
end

-- What the quota counters that the arguments name from `first` on, each with its units in the snapshot, must be; nil
-- when a new snapshot is needed.
local function sums_of_quotas(gen, first, snapshot_gen, snapshot_id, trimmed_before)
  local start = unread_start(gen, snapshot_gen, snapshot_id, trimmed_before)
  if not start then
    return nil
  end
  local sums = {}
  for index = first, #ARGV, 2 do
    sums[ARGV[index]] = tonumber(ARGV[index + 1])
  end
  local function add(counter, units)
    if sums[counter] then
      sums[counter] = sums[counter] + units
    end
  end
  each_unread(start, function(_, _, units, counters)
    for counter in string.gmatch(counters, '%S+') do
      add(counter, units)
    end
  end)
  each_lease(function(_, lease)
    for _, counter in ipairs(lease.c) do
      add(counter, lease.u)
    end
  end)
  return sums
end
