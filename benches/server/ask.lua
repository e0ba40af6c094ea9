-- What is asked: `wrk -s ask.lua URL -- eval|ofrep|batch ATTRIBUTES`, those as a JSON object. The 256 users of the benches
-- in turn; all requests are written before the first is sent, so that the other core spends its time on sending them.

local requests = {}
local index = 0

local attributes
local json = { ["Content-Type"] = "application/json" }
local ask = {
  eval = function(user)
    return wrk.format("GET", "/api/flags/eval?key=dependent&user=" .. user .. "&tier=staff&env=prod")
  end,
  ofrep = function(user)
    local body = '{"context":{"targetingKey":"' .. user .. '","tier":"staff","env":"prod",' .. attributes .. "}}"
    return wrk.format("POST", "/ofrep/v1/evaluate/flags/dependent", json, body)
  end,
  batch = function(user)
    local flags = { '"plain"', '"one-rule"', '"staged"', '"ten-rules"', '"dependent"' }
    for number = #flags, 99 do
      flags[number + 1] = string.format('"team-%d.feature-%d"', number % 17, number)
    end
    local context = '{"user_id":"' .. user .. '","tier":"staff","env":"prod"}' -- as for one by `eval`
    local body = '{"context":' .. context .. ',"flags":[' .. table.concat(flags, ",") .. "]}"
    return wrk.format("POST", "/api/flags/eval/batch", json, body)
  end,
}

function init(arguments)
  attributes = arguments[2]:sub(2, -2) -- to stand beside the context's own fields
  for user = 0, 255 do
    requests[user] = ask[arguments[1]](string.format("user-%07d", user))
  end
end

function request()
  index = (index + 1) % 256
  return requests[index]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)
  ))
end
