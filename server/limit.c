#include "limit.h"

#include <inttypes.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/sha256.h"

/*
 * Why nobody gains by being pushed out: times in a place only grow, so the smallest of a set only
 * grows. Who is pushed out had the smallest; who comes back takes over the smallest of then, which
 * is not smaller. (tests/unit/test_server_limit.c compares with unlimited memory.)
 */

enum {
    LIMIT_WAYS = 8, /* places that a party may take */
    LIMIT_LOCKS = 64,
    LIMIT_SECRET_BYTES = 32,
    NS_PER_US = 1000,
};

struct limit_place {
    uint64_t party; /* its hash */
    int64_t full_at_ns;
};

struct limit_set {
    struct limit_place places[LIMIT_WAYS];
};

struct limit {
    struct limit_rate rate;
    int64_t token_ns; /* in which one flows in, rounded up */
    uint8_t secret[LIMIT_SECRET_BYTES];
    pthread_mutex_t locks[LIMIT_LOCKS]; /* of the sets, by their number */
    size_t set_count;                   /* a power of two */
    struct limit_set *sets;
};

static const struct {
    char name;
    int64_t seconds;
} units[] = {
    {'d', 86400},
    {'h', 3600 },
    {'m', 60   },
    {'s', 1    },
};

/* "10m": in seconds. */
static bool parse_window(struct str text, int64_t *ret_seconds)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        int64_t count;
        if (text.len > 1 && text.data[text.len - 1] == units[i].name &&
            str_to_int64(str_slice(text.data, text.len - 1), &count) && count > 0 &&
            count <= LIMIT_FILL_SECONDS_MAX) {
            *ret_seconds = count * units[i].seconds;
            return true;
        }
    }
    return false;
}

static bool parse_count(struct str text, int64_t *ret_count)
{
    return str_to_int64(text, ret_count) && *ret_count > 0 && *ret_count <= LIMIT_REQUESTS_MAX;
}

bool limit_rate_parse(struct str text, struct limit_rate *ret_rate)
{
    struct limit_rate rate = {0};
    struct str rest = str_trim(text);
    struct str window = str_cut(&rest, ' ');
    const struct str count = str_cut(&window, '/');
    int64_t window_seconds;
    if (!parse_count(count, &rate.requests) || window.data == NULL ||
        !parse_window(window, &window_seconds)) {
        return false;
    }
    rate.burst = rate.requests;
    if (rest.data != NULL) {
        rest = str_trim(rest);
        const struct str word = str_cut(&rest, ' ');
        if (!str_is(word, "burst") || rest.data == NULL ||
            !parse_count(str_trim(rest), &rate.burst)) {
            return false;
        }
    }
    rate.window_us = window_seconds * US_PER_SECOND;
    *ret_rate = rate;
    return rate.burst * window_seconds <= LIMIT_FILL_SECONDS_MAX * rate.requests;
}

void limit_rate_write(struct buf *out, const struct limit_rate *rate)
{
    if (rate->requests == 0) {
        return;
    }
    const int64_t seconds = rate->window_us / US_PER_SECOND;
    size_t unit = 0;
    while (seconds % units[unit].seconds != 0) {
        unit++;
    }
    buf_printf(out, "%" PRId64 "/%" PRId64 "%c", rate->requests, seconds / units[unit].seconds,
               units[unit].name);
    if (rate->burst != rate->requests) {
        buf_printf(out, " burst %" PRId64, rate->burst);
    }
}

struct limit *limit_new(const struct limit_rate *rate, size_t parties)
{
    struct limit *limit = mem_alloc(sizeof *limit);
    if (limit == NULL) {
        return NULL;
    }
    limit->rate = *rate;
    limit->token_ns = (rate->window_us * NS_PER_US + rate->requests - 1) / rate->requests;
    limit->set_count = 1;
    while (limit->set_count * LIMIT_WAYS < parties) {
        limit->set_count *= 2;
    }
    limit->sets = mem_alloc(limit->set_count * sizeof *limit->sets);
    if (limit->sets == NULL) {
        mem_free(limit);
        return NULL;
    }
    random_bytes(limit->secret, sizeof limit->secret);
    for (size_t i = 0; i < LIMIT_LOCKS; i++) {
        pthread_mutex_init(&limit->locks[i], NULL);
    }
    return limit;
}

void limit_free(struct limit *limit)
{
    if (limit == NULL) {
        return;
    }
    for (size_t i = 0; i < LIMIT_LOCKS; i++) {
        pthread_mutex_destroy(&limit->locks[i]);
    }
    mem_free(limit->sets);
    mem_free(limit);
}

const struct limit_rate *limit_rate_of(const struct limit *limit)
{
    return &limit->rate;
}

/* Its own, or the one that will be full first. */
static struct limit_place *find_place(struct limit_set *set, uint64_t party)
{
    struct limit_place *best = &set->places[0];
    for (size_t i = 0; i < LIMIT_WAYS; i++) {
        struct limit_place *place = &set->places[i];
        if (place->party == party && place->full_at_ns != 0) {
            return place;
        }
        if (place->full_at_ns < best->full_at_ns) {
            best = place;
        }
    }
    return best;
}

static struct limit_verdict take_from(const struct limit *limit, struct limit_place *place,
                                      uint64_t party, int64_t now_ns)
{
    const int64_t capacity_ns = limit->rate.burst * limit->token_ns;
    const int64_t full_at_ns = place->full_at_ns > now_ns ? place->full_at_ns : now_ns;
    const int64_t room_ns = capacity_ns -
                            (full_at_ns - now_ns); /* what is in the bucket, as time */
    struct limit_verdict verdict = {.is_allowed = room_ns >= limit->token_ns};
    int64_t left_ns = room_ns;
    if (verdict.is_allowed) {
        left_ns = room_ns - limit->token_ns;
        *place = (struct limit_place){.party = party, .full_at_ns = full_at_ns + limit->token_ns};
    }
    verdict.left = left_ns / limit->token_ns;
    if (verdict.left == 0) {
        verdict.wait_us = (limit->token_ns - left_ns + NS_PER_US - 1) / NS_PER_US;
    }
    return verdict;
}

struct limit_verdict limit_take(struct limit *limit, struct str party, int64_t now_us)
{
    const struct str parts[] = {
        {.data = (const char *)limit->secret, .len = sizeof limit->secret},
        party,
    };
    const struct sha256 hash = sha256_of_parts(parts, ARRAY_LEN(parts));
    uint64_t numbers[2];
    memcpy(numbers, hash.bytes, sizeof numbers);
    const size_t number = (size_t)numbers[0] & (limit->set_count - 1);
    struct limit_set *set = &limit->sets[number];
    pthread_mutex_t *lock = &limit->locks[number % LIMIT_LOCKS];
    pthread_mutex_lock(lock);
    struct limit_place *place = find_place(set, numbers[1]);
    const struct limit_verdict verdict = take_from(limit, place, numbers[1], now_us * NS_PER_US);
    pthread_mutex_unlock(lock);
    return verdict;
}
