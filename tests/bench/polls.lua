-- Somebody who polls one path. Arguments: the path, a key that may read, and `etag` to ask only for what is new.
local text, path, key, etag

function setup(thread)
    the_thread = thread -- wrk runs with one
end

local function make()
    local headers = {Authorization = 'Bearer ' .. key}
    if etag ~= '' then
        headers['If-None-Match'] = etag
    end
    text = wrk.format('GET', path, headers)
end

function init(arguments)
    path, key, etag = arguments[1], arguments[2], ''
    answers = {}
    if arguments[3] == 'etag' then
        -- Looking at every answer takes the generator's time: only where it is needed.
        function response(status, headers)
            answers[status] = (answers[status] or 0) + 1
            if status == 200 then
                etag = headers['ETag']
                make()
            end
        end
    end
    make()
end

function request()
    return text
end

function done(summary, latency)
    local statuses = {}
    for status, count in pairs(the_thread:get('answers')) do
        statuses[#statuses + 1] = string.format('"%s": %d', status, count)
    end
    local errors = summary.errors
    io.write(string.format('{"requests": %d, "seconds": %.6f, "bytes": %d, "statuses": {%s}, "refused": %d, '
        .. '"socket_errors": %d, "timeouts": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
        summary.requests, summary.duration / 1e6, summary.bytes, table.concat(statuses, ', '), errors.status,
        errors.connect + errors.read + errors.write, errors.timeout,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
