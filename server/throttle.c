#include "throttle.h"

#include <assert.h>
#include <inttypes.h>

#include "auth.h"
#include "handlers/handlers.h"
#include "problem.h"

/* Parties remembered while their buckets are not full: 1 MiB of addresses, 64 KiB of keys. */
static const size_t parties_max[THROTTLE_PARTY_COUNT_] = {
    [THROTTLE_KEY] = 4096,
    [THROTTLE_IP] = 65536,
};

enum { V6_SITE_BYTES = 8 }; /* a /64 */

enum err_code throttle_init(struct throttle *throttle, const struct config *config,
                            struct err *reterr)
{
    const struct limit_rate *rates[THROTTLE_PARTY_COUNT_] = {
        [THROTTLE_KEY] = &config->rate_limit_key,
        [THROTTLE_IP] = &config->rate_limit_ip,
    };
    for (size_t i = 0; i < THROTTLE_PARTY_COUNT_; i++) {
        if (rates[i]->requests == 0) {
            continue;
        }
        throttle->limits[i] = limit_new(rates[i], parties_max[i]);
        if (throttle->limits[i] == NULL) {
            return err_set(reterr, ERR_NOMEM, "Out of memory for rate limits.");
        }
    }
    return OK;
}

void throttle_done(struct throttle *throttle)
{
    for (size_t i = 0; i < THROTTLE_PARTY_COUNT_; i++) {
        limit_free(TAKE(throttle->limits[i]));
    }
}

const char *throttle_party_name(enum throttle_party party)
{
    static const char *const names[] = {[THROTTLE_KEY] = "key", [THROTTLE_IP] = "ip"};
    static_assert(ARRAY_LEN(names) == THROTTLE_PARTY_COUNT_, "a name for each party");
    assert(party < THROTTLE_PARTY_COUNT_);
    return names[party];
}

/* ---- counting ---- */

static bool is_exempt(const struct request *request)
{
    return request->route != NULL &&
           (request->route->start == health_start || request->route->start == ready_start);
}

struct str throttle_visitor(const struct address *address)
{
    const size_t len = address_is_v4(address) ? ADDRESS_BYTES : V6_SITE_BYTES;
    return str_slice((const char *)address->bytes, len);
}

static struct str bytes_of_key(const struct uuid *id)
{
    return str_slice((const char *)id->bytes, sizeof id->bytes);
}

void throttle_count(struct request *request)
{
    struct throttle *throttle = &request->app->throttle;
    if ((throttle->limits[THROTTLE_KEY] == NULL && throttle->limits[THROTTLE_IP] == NULL) ||
        is_exempt(request)) {
        return;
    }
    assert(!request->throttled.is_counted);
    const bool has_secret_key = auth_identify(request) && request->principal.is_authenticated &&
                                !request->principal.is_publishable;
    const enum throttle_party party = has_secret_key ? THROTTLE_KEY : THROTTLE_IP;
    struct limit *limit = throttle->limits[party];
    if (limit == NULL) {
        return;
    }
    const struct str bytes = has_secret_key ? bytes_of_key(&request->principal.key_id)
                                            : throttle_visitor(&request->client);
    request->throttled = (struct throttled){
        .is_counted = true,
        .party = party,
        .verdict = limit_take(limit, bytes, clock_monotonic_us()),
    };
}

bool throttle_is_over(const struct request *request, enum throttle_party party)
{
    const struct throttled *throttled = &request->throttled;
    return throttled->is_counted && throttled->party == party && !throttled->verdict.is_allowed;
}

/* ---- telling ---- */

static int64_t whole_seconds(int64_t us)
{
    const int64_t seconds = (us + US_PER_SECOND - 1) / US_PER_SECOND;
    return seconds > 1 ? seconds : 1;
}

/* The draft's effective window: how long what is left has to last. Who takes it evenly over this
 * time never runs out, because as much flows in. With nothing left: until there is something. */
static int64_t window_seconds(const struct limit_rate *rate, const struct limit_verdict *verdict)
{
    return whole_seconds(verdict->left > 0 ? verdict->left * rate->window_us / rate->requests
                                           : verdict->wait_us);
}

void throttle_refuse(struct request *request)
{
    const enum throttle_party party = request->throttled.party;
    struct throttle *throttle = &request->app->throttle;
    const struct limit_rate *rate = limit_rate_of(throttle->limits[party]);
    const int64_t seconds = window_seconds(rate, &request->throttled.verdict);
    atomic_fetch_add_explicit(&throttle->refused[party], 1, memory_order_relaxed);
    const char *detail = arena_printf(request->arena,
                                      "Too many requests %s: %" PRId64 " in %" PRId64
                                      " s is the limit. Try again in %" PRId64 " s.",
                                      party == THROTTLE_KEY ? "with this key" : "from this address",
                                      rate->requests, rate->window_us / US_PER_SECOND, seconds);
    (void)problem_limited(request, detail, seconds);
}

void throttle_tell(struct request *request)
{
    const struct throttled *throttled = &request->throttled;
    if (!throttled->is_counted) {
        return;
    }
    const struct limit_rate *rate = limit_rate_of(request->app->throttle.limits[throttled->party]);
    const char *name = throttle_party_name(throttled->party);
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, HTTP_REPLY_HEADER_BYTES_MAX);
    buf_printf(&text, "\"%s\";q=%" PRId64 ";w=%" PRId64, name, rate->requests,
               rate->window_us / US_PER_SECOND);
    if (rate->burst != rate->requests) {
        buf_printf(&text, ";relais-burst=%" PRId64, rate->burst);
    }
    http_reply_header(request->message, "RateLimit-Policy", buf_str(&text));
    buf_clear(&text);
    buf_printf(&text, "\"%s\";r=%" PRId64 ";t=%" PRId64, name, throttled->verdict.left,
               window_seconds(rate, &throttled->verdict));
    http_reply_header(request->message, "RateLimit", buf_str(&text));
}
