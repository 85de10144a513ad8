-- The load of `bench.gateway.load`, for wrk: requests in rotation, at a fixed rate or as fast as answers come.
-- Environment: BENCH_REQUESTS (a file, a key and a path on each line, a tab between them), BENCH_BODY (bytes of the body;
-- 0: GET instead of POST), BENCH_RATE (requests per second; 0: no pause).
-- At the end one line of JSON after "RESULT ".
local ffi = require "ffi"
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } bench_time;
  int clock_gettime(int clock, bench_time *time);
]]
local MONOTONIC = 1
local time = ffi.new("bench_time")

local function now()
  ffi.C.clock_gettime(MONOTONIC, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

local requests, sent = {}, 0

function init(args)
  local size = tonumber(os.getenv("BENCH_BODY"))
  local method = size > 0 and "POST" or "GET"
  local body = size > 0 and string.rep("x", size) or nil
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local key, path = line:match("^(.-)\t(.*)$")
    requests[#requests + 1] = wrk.format(method, path, {
      ["Host"] = wrk.headers["Host"], ["X-API-Key"] = key, ["Accept"] = "application/json", ["User-Agent"] = "wrk/4",
    }, body)
  end
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end

-- Each free connection takes the next place in one schedule, whatever the answers before it took.
local rate = tonumber(os.getenv("BENCH_RATE"))
if rate > 0 then
  local first, taken = nil, 0
  function delay()
    local at = now()
    first = first or at
    local due = first + taken / rate
    taken = taken + 1
    return math.max(0, math.floor((due - at) * 1000 + 0.5))
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"answers": %d, "refused": %d, "broken": %d, "seconds": %.6f, "p50_us": %.1f, "p95_us": %.1f, "p99_us": %.1f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
