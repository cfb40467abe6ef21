/*
 * Rate limits on a clock of the test's own: what a bucket gives, what a rate's text means, and that
 * a table too small for all never gives anybody more than one that is large enough.
 */
#include "testing.h"

#include <inttypes.h>
#include <pthread.h>

#include "base/clock.h"
#include "limit.h"

static const int64_t start_us = 1000 * US_PER_SECOND;

static struct limit *make(const char *rate_text, size_t parties)
{
    struct limit_rate rate;
    assert_true(limit_rate_parse(str_from(rate_text), &rate));
    struct limit *limit = limit_new(&rate, parties);
    assert_non_null(limit);
    return limit;
}

static void test_a_bucket_gives_its_burst_then_its_rate(void **state)
{
    (void)state;
    struct limit *limit = make("10/1s burst 3", 100);
    const struct str party = STR_LITERAL("a");
    for (int64_t left = 2; left >= 0; left--) {
        const struct limit_verdict verdict = limit_take(limit, party, start_us);
        assert_true(verdict.is_allowed);
        assert_int_equal(verdict.left, left);
        assert_int_equal(verdict.wait_us, left > 0 ? 0 : 100000);
    }
    struct limit_verdict verdict = limit_take(limit, party, start_us);
    assert_false(verdict.is_allowed);
    assert_int_equal(verdict.left, 0);
    assert_int_equal(verdict.wait_us, 100000);
    assert_false(limit_take(limit, party, start_us + 99999).is_allowed);
    assert_true(limit_take(limit, party, start_us + 100000).is_allowed);
    assert_false(limit_take(limit, party, start_us + 100000).is_allowed);
    assert_true(limit_take(limit, STR_LITERAL("b"), start_us).is_allowed); /* somebody else */
    /* full again after 3 tokens' time, and no fuller however long it rests */
    verdict = limit_take(limit, party, start_us + US_PER_DAY);
    assert_true(verdict.is_allowed);
    assert_int_equal(verdict.left, 2);
    limit_free(limit);
}

static void test_a_rate_over_a_long_time(void **state)
{
    (void)state;
    struct limit *limit = make("7/3s", 100);
    int64_t allowed = 0;
    for (int64_t ms = 0; ms < 300000; ms++) {
        allowed += limit_take(limit, STR_LITERAL("a"), start_us + ms * US_PER_MS).is_allowed;
    }
    assert_in_range(allowed, 700, 707); /* 7 at once, then 7 in each 3 s; never more */
    limit_free(limit);
}

static void test_rates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t requests;
        int64_t window_seconds;
        int64_t burst;
        const char *again;
    } good[] = {
        {"100/1s",             100,     1,     100, "100/1s"            },
        {" 600/1m ",           600,     60,    600, "600/1m"            },
        {"600/60s",            600,     60,    600, "600/1m"            },
        {"10/90s burst 30",    10,      90,    30,  "10/90s burst 30"   },
        {"10/1m  burst  30",   10,      60,    30,  "10/1m burst 30"    },
        {"5/2h",               5,       7200,  5,   "5/2h"              },
        {"1/1d",               1,       86400, 1,   "1/1d"              },
        {"1000000/1s burst 5", 1000000, 1,     5,   "1000000/1s burst 5"},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct limit_rate rate;
        assert_true(limit_rate_parse(str_from(good[i].text), &rate));
        assert_int_equal(rate.requests, good[i].requests);
        assert_int_equal(rate.window_us, good[i].window_seconds * US_PER_SECOND);
        assert_int_equal(rate.burst, good[i].burst);
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, LIMIT_TEXT_BYTES);
        limit_rate_write(&out, &rate);
        assert_string_equal(out.data, good[i].again);
    }
    static const char *const bad[] = {
        "",
        "100",
        "/1s",
        "100/",
        "100/1",
        "100/s",
        "100/0s",
        "0/1s",
        "-1/1s",
        "1000001/1s",
        "100/1w",
        "100/1s 5",
        "1/2d",
        "100/1sx",
        "100 / 1s",
        "100/1s burst",
        "100/1s burst 0",
        "100/1s burst x",
        "1/1d burst 2",
        "100/1s burst 1000001",
        "100/1s bust 5",
        "1/99999999999999999999s",
        "100/1s burst 5 x",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct limit_rate rate;
        if (limit_rate_parse(str_from(bad[i]), &rate)) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
    struct buf out;
    buf_init(&out, LIMIT_TEXT_BYTES);
    limit_rate_write(&out, &(struct limit_rate){0});
    assert_int_equal(out.len, 0);
    buf_done(&out);
}

/* 200 parties want places in a table of 8. With unlimited memory (a table for each) each gets what
 * it gets; in the small table nobody may ever get more. */
static void test_being_forgotten_gives_nobody_anything(void **state)
{
    (void)state;
    enum { PARTIES = 200, STEPS = 200000 };
    struct random random = testing_random();
    struct limit *small = make("2/1s burst 5", 8);
    struct limit *large[PARTIES];
    int64_t granted_small[PARTIES] = {0};
    int64_t granted_large[PARTIES] = {0};
    for (size_t i = 0; i < PARTIES; i++) {
        large[i] = make("2/1s burst 5", 8);
    }
    int64_t now_us = start_us;
    int64_t refused = 0;
    for (size_t step = 0; step < STEPS; step++) {
        /* Some are greedy; now and then all rest, so that places become free. */
        const uint64_t bound = random_below(&random, 2) == 0 ? 5 : PARTIES;
        const uint64_t party = random_below(&random, bound);
        const struct str bytes = str_slice((const char *)&party, sizeof party);
        now_us += (int64_t)random_below(&random, 20000);
        if (random_below(&random, 10000) == 0) {
            now_us += 3 * US_PER_SECOND;
        }
        /* Whoever is let in by the small one is let in by the large one: it takes a token there
         * too, and there has to be one. */
        if (limit_take(small, bytes, now_us).is_allowed) {
            granted_small[party]++;
            assert_true(limit_take(large[party], bytes, now_us).is_allowed);
            granted_large[party]++;
        } else {
            refused++;
        }
    }
    assert_memory_equal(granted_small, granted_large, sizeof granted_small);
    assert_true(refused > 0 && refused < STEPS);
    limit_free(small);
    for (size_t i = 0; i < PARTIES; i++) {
        limit_free(large[i]);
    }
}

/* An emptied bucket is not refilled by crowding its owner out with others. */
static void test_a_crowd_does_not_refill_a_bucket(void **state)
{
    (void)state;
    struct limit *limit = make("1/1h burst 10", 64);
    const struct str victim = STR_LITERAL("victim");
    while (limit_take(limit, victim, start_us).is_allowed) {
    }
    for (uint64_t i = 0; i < 100000; i++) {
        (void)limit_take(limit, str_slice((const char *)&i, sizeof i), start_us);
    }
    assert_false(limit_take(limit, victim, start_us).is_allowed);
    limit_free(limit);
}

enum { THREADS = 4, TAKES = 20000 };

struct taker {
    pthread_t thread;
    struct limit *limit;
    int64_t allowed;
};

static void *take_many(void *argument)
{
    struct taker *taker = argument;
    for (int i = 0; i < TAKES; i++) {
        taker->allowed += limit_take(taker->limit, STR_LITERAL("a"), start_us).is_allowed;
    }
    return NULL;
}

static void test_threads_share_a_bucket(void **state)
{
    (void)state;
    struct limit *limit = make("1000/1s", 8);
    struct taker takers[THREADS];
    int64_t allowed = 0;
    for (size_t i = 0; i < THREADS; i++) {
        takers[i] = (struct taker){.limit = limit};
        assert_int_equal(pthread_create(&takers[i].thread, NULL, take_many, &takers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(takers[i].thread, NULL);
        allowed += takers[i].allowed;
    }
    assert_int_equal(allowed, 1000);
    limit_free(limit);
}

static bool make_once(void *context)
{
    struct limit *limit = limit_new(context, 1000);
    limit_free(limit);
    return limit != NULL;
}

static void test_every_failing_allocation(void **state)
{
    (void)state;
    struct limit_rate rate = {.requests = 1, .window_us = US_PER_SECOND, .burst = 1};
    assert_int_equal(testing_fail_each_allocation(make_once, &rate), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bucket_gives_its_burst_then_its_rate),
        cmocka_unit_test(test_a_rate_over_a_long_time),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_being_forgotten_gives_nobody_anything),
        cmocka_unit_test(test_a_crowd_does_not_refill_a_bucket),
        cmocka_unit_test(test_threads_share_a_bucket),
        cmocka_unit_test(test_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
