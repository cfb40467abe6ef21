-- wrk's side of the load. Arguments: the publishable key, stored contacts, share of new addresses in percent, a name
-- that no other run on this database has (it makes new addresses new), and a seed.
--
-- The addresses and claims of stored contacts are those of load.sql.

local first = 'POST /v1/forms/paper/submissions HTTP/1.1\r\nHost: %s:%s\r\nAuthorization: Bearer %s\r\n'
    .. 'Content-Type: application/json\r\nContent-Length: '
local body = '{"email":"%.0f.%s@example.com","attributes":{"first_name":"Camille","last_name":"Durand %s",'
    .. '"company":"Atelier %d","company_size":%d,"job_title":"Chargée de projet","country":"FR"},'
    .. '"context":{"page_url":"https://www.example.com/livre-blanc","referrer":"https://www.google.com/",'
    .. '"utm_source":"newsletter","utm_medium":"email","utm_campaign":"autumn"}}'
local format, random = string.format, math.random
local head, stored, new_share, run
local made = 0
answers = {} -- how many of each status

function setup(thread)
    the_thread = thread -- wrk runs with one
end

function init(arguments)
    local key
    key, stored, new_share, run = arguments[1], tonumber(arguments[2]), tonumber(arguments[3]) / 100, arguments[4]
    head = format(first, wrk.host, wrk.port, key)
    math.randomseed(tonumber(arguments[5]))
end

function request()
    local text
    if random() < new_share then
        made = made + 1
        local n = run .. '-' .. made
        text = format(body, random(0, 4294967295), n, n, made % 5000, 10 + made % 200)
    else
        local n = random(0, stored - 1)
        -- Exact: less than 2^53.
        text = format(body, n * 2654435761 % 4294967296, n, n, n % 5000, 10 + n % 200)
    end
    return head .. #text .. '\r\n\r\n' .. text
end

function response(status)
    answers[status] = (answers[status] or 0) + 1
end

function done(summary, latency)
    local statuses = {}
    for status, count in pairs(the_thread:get('answers')) do
        statuses[#statuses + 1] = format('"%s": %d', status, count)
    end
    local errors = summary.errors
    io.write(format('{"requests": %d, "seconds": %.6f, "statuses": {%s}, "socket_errors": %d, "timeouts": %d, '
        .. '"mean_ms": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f}\n',
        summary.requests, summary.duration / 1e6, table.concat(statuses, ', '),
        errors.connect + errors.read + errors.write, errors.timeout,
        latency.mean / 1e3, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
