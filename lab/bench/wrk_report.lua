-- For wrk: the method is the first argument after "--"; the last line printed is JSON.
-- With a number N as the second argument, the path has a place for numbers from 0 to N - 1.
function init(args)
    wrk.method = args[1] or "GET"
    local numbers, path = tonumber(args[2]), args[3]
    if numbers then
        request = function()
            return wrk.format(nil, string.format(path, math.random(numbers) - 1))
        end
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"microseconds":%d,"errors":%d,"p50":%d,"p99":%d}\n',
        summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
