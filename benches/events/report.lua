-- What is reported: `wrk -s report.lua URL -- KEY EVENTS`. Each event has a random id, as UUIDs are, so that each is
-- stored, and so that the index of the ids is written all over.

local head, parts, key
local random = math.random

local first = '{"metric_key":"clicks","context_type":"user","context_key":"user-%07d","value":1,"event_id":"'

function init(arguments)
  key = arguments[1]
  math.randomseed(os.time())
  parts = {}
  for event = 1, tonumber(arguments[2]) do
    parts[event] = string.format(first, event)
  end
  head = { ["Content-Type"] = "application/json", ["x-sdk-key"] = key }
end

function request()
  local events = {}
  for event, part in ipairs(parts) do
    local id = string.format("%08x-%08x-%08x", random(0, 2147483647), random(0, 2147483647), random(0, 2147483647))
    events[event] = part .. id .. '"}'
  end
  local body = '{"events":[' .. table.concat(events, ",") .. "]}"
  return wrk.format("POST", "/v1/environments/prod/events", head, body)
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)
  ))
end
