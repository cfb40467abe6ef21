-- Somebody who pages through the leads, page after page by the cursor of the one before. Arguments: a key that may read.
local key, path
local first = '/v1/leads?limit=50'
answers = {}

function setup(thread)
    the_thread = thread -- wrk runs with one
end

function init(arguments)
    key, path = arguments[1], first
end

function request()
    return wrk.format('GET', path, {Authorization = 'Bearer ' .. key})
end

function response(status, headers, body)
    answers[status] = (answers[status] or 0) + 1
    local cursor = body:match('"next_cursor":"([^"]+)"')
    path = cursor and first .. '&cursor=' .. cursor or first
end

function done(summary, latency)
    local wrong = 0
    for status, count in pairs(the_thread:get('answers')) do
        if status ~= 200 then
            wrong = wrong + count
        end
    end
    io.write(string.format('{"requests": %d, "seconds": %.6f, "wrong": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
        summary.requests, summary.duration / 1e6, wrong, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
