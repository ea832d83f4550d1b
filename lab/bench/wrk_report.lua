-- For wrk: the method is the first argument after "--"; the last line printed is JSON.
function init(args)
    wrk.method = args[1] or "GET"
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"microseconds":%d,"errors":%d,"p50":%d,"p99":%d}\n',
        summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
