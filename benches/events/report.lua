-- What is reported: `wrk -s report.lua URL -- KEY EVENTS RUN`. Each event has an id of its own, so that each is stored.

local head, parts, key, run
local count = 0

local first = '{"metric_key":"clicks","context_type":"user","context_key":"user-%07d","value":1,"event_id":"'

function init(arguments)
  key, run = arguments[1], arguments[3]
  parts = {}
  for event = 1, tonumber(arguments[2]) do
    parts[event] = string.format(first, event)
  end
  head = { ["Content-Type"] = "application/json", ["x-sdk-key"] = key }
end

function request()
  count = count + 1
  local events = {}
  for event, part in ipairs(parts) do
    events[event] = part .. run .. "-" .. count .. "-" .. event .. '"}'
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
