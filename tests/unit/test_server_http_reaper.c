/*
 * The reaper on a clock of the test's own: who is shut down, in which order, and who never is.
 */
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http_reaper.h"

static const int64_t timeouts_us[HTTP_STAGE_COUNT_] = {
    [HTTP_STAGE_HEADER] = 50,
    [HTTP_STAGE_BODY] = 100,
    [HTTP_STAGE_REPLY] = 200,
    [HTTP_STAGE_IDLE] = 600,
};

/* A connection over loopback: TCP, because the reaper asks the kernel what came in. */
struct pair {
    struct http_reaper_entry entry;
    int client;
    int server;
};

static void pair_open(struct pair *pair)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_bytes = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, address_bytes), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &address_bytes), 0);
    pair->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(pair->client, (struct sockaddr *)&address, address_bytes), 0);
    pair->server = accept(listener, NULL, NULL);
    assert_true(pair->server >= 0);
    close(listener);
}

static void pair_speak(struct pair *pair)
{
    assert_int_equal(send(pair->client, "x", 1, MSG_NOSIGNAL), 1);
    struct pollfd item = {.fd = pair->server, .events = POLLIN};
    assert_int_equal(poll(&item, 1, 10000), 1);
}

static void pair_close(struct pair *pair)
{
    close(pair->client);
    close(pair->server);
}

static bool is_shut(const struct pair *pair)
{
    struct pollfd item = {.fd = pair->server, .events = POLLRDHUP};
    return poll(&item, 1, 0) == 1 && (item.revents & POLLRDHUP) != 0;
}

static void shuts_who_takes_too_long(void **state)
{
    (void)state;
    struct http_reaper reaper;
    struct pair pair;
    http_reaper_init(&reaper, timeouts_us);
    assert_int_equal(http_reaper_run(&reaper, 0), INT64_MAX);
    for (enum http_stage stage = HTTP_STAGE_HEADER; stage < HTTP_STAGE_WORK; stage++) {
        pair_open(&pair);
        http_reaper_add(&reaper, &pair.entry, pair.server, 1000);
        http_reaper_enter(&reaper, &pair.entry, stage, 2000);
        assert_int_equal(http_reaper_run(&reaper, 2000), 2000 + timeouts_us[stage]);
        assert_int_equal(http_reaper_run(&reaper, 2000 + timeouts_us[stage] - 1),
                         2000 + timeouts_us[stage]);
        assert_false(is_shut(&pair));
        assert_int_equal(http_reaper_run(&reaper, 2000 + timeouts_us[stage]), INT64_MAX);
        assert_true(is_shut(&pair));
        assert_int_equal(reaper.reaped_count, stage + 1);
        /* once, though it is still there */
        assert_int_equal(http_reaper_run(&reaper, 1000000), INT64_MAX);
        assert_int_equal(reaper.reaped_count, stage + 1);
        http_reaper_remove(&reaper, &pair.entry);
        pair_close(&pair);
    }
}

static void leaves_who_works_or_moves_on(void **state)
{
    (void)state;
    struct http_reaper reaper;
    struct pair pair;
    http_reaper_init(&reaper, timeouts_us);
    pair_open(&pair);
    http_reaper_add(&reaper, &pair.entry, pair.server, 0);
    http_reaper_enter(&reaper, &pair.entry, HTTP_STAGE_WORK, 10);
    assert_int_equal(http_reaper_run(&reaper, INT64_MAX - 1), INT64_MAX);
    http_reaper_enter(&reaper, &pair.entry, HTTP_STAGE_HEADER, 1000);
    http_reaper_enter(&reaper, &pair.entry, HTTP_STAGE_BODY, 1049);
    assert_int_equal(http_reaper_run(&reaper, 1148), 1149);
    http_reaper_enter(&reaper, &pair.entry, HTTP_STAGE_BODY, 1148); /* again: a new term */
    assert_int_equal(http_reaper_run(&reaper, 1149), 1248);
    assert_false(is_shut(&pair));
    http_reaper_remove(&reaper, &pair.entry);
    assert_int_equal(http_reaper_run(&reaper, 10000), INT64_MAX);
    assert_false(is_shut(&pair));
    pair_close(&pair);
}

static void tells_silent_from_slow(void **state)
{
    (void)state;
    struct http_reaper reaper;
    struct pair silent;
    struct pair slow;
    http_reaper_init(&reaper, timeouts_us);
    pair_open(&silent);
    pair_open(&slow);
    http_reaper_add(&reaper, &silent.entry, silent.server, 0);
    http_reaper_add(&reaper, &slow.entry, slow.server, 0);
    pair_speak(&slow);
    assert_int_equal(http_reaper_run(&reaper, 50), 650);
    assert_true(is_shut(&slow));
    assert_false(is_shut(&silent));
    assert_int_equal(http_reaper_run(&reaper, 650), INT64_MAX);
    assert_true(is_shut(&silent));
    pair_close(&silent);
    pair_close(&slow);
}

/* Entries removed from the front, the middle and the end, and one that changes its stage. */
static void keeps_the_others_in_order(void **state)
{
    (void)state;
    enum { PAIRS = 6 };
    struct http_reaper reaper;
    struct pair pairs[PAIRS];
    http_reaper_init(&reaper, timeouts_us);
    for (int i = 0; i < PAIRS; i++) {
        pair_open(&pairs[i]);
        http_reaper_add(&reaper, &pairs[i].entry, pairs[i].server, 0);
        http_reaper_enter(&reaper, &pairs[i].entry, HTTP_STAGE_BODY, i * 10);
    }
    http_reaper_remove(&reaper, &pairs[0].entry);
    http_reaper_remove(&reaper, &pairs[2].entry);
    http_reaper_remove(&reaper, &pairs[5].entry);
    http_reaper_enter(&reaper, &pairs[3].entry, HTTP_STAGE_IDLE, 60);
    assert_int_equal(http_reaper_run(&reaper, 60), 110);
    assert_int_equal(http_reaper_run(&reaper, 110), 140);
    assert_true(is_shut(&pairs[1]));
    assert_int_equal(http_reaper_run(&reaper, 140), 660);
    assert_true(is_shut(&pairs[4]));
    assert_int_equal(http_reaper_run(&reaper, 660), INT64_MAX);
    assert_true(is_shut(&pairs[3]));
    assert_false(is_shut(&pairs[0]) || is_shut(&pairs[2]) || is_shut(&pairs[5]));
    for (int i = 0; i < PAIRS; i++)
        pair_close(&pairs[i]);
}

/* Two of each stage, all there for long enough: idle ones go first, then heads, bodies, replies; in
 * each stage the longest first; who works never. */
static void sheds_in_order(void **state)
{
    (void)state;
    static const enum http_stage order[] = {HTTP_STAGE_IDLE, HTTP_STAGE_HEADER, HTTP_STAGE_BODY,
                                            HTTP_STAGE_REPLY, HTTP_STAGE_WORK};
    static const int64_t late_us = 100 * US_PER_SECOND;
    struct http_reaper reaper;
    struct pair pairs[ARRAY_LEN(order)][2];
    http_reaper_init(&reaper, timeouts_us);
    for (size_t i = ARRAY_LEN(order); i-- > 0;) {
        for (size_t k = 0; k < 2; k++) {
            pair_open(&pairs[i][k]);
            http_reaper_add(&reaper, &pairs[i][k].entry, pairs[i][k].server, 0);
            http_reaper_enter(&reaper, &pairs[i][k].entry, order[i], (int64_t)k);
        }
    }
    for (unsigned count = 0; count < 2 * (ARRAY_LEN(order) - 1); count++) {
        assert_false(is_shut(&pairs[count / 2][count % 2]));
        (void)http_reaper_shed(&reaper, 1, late_us);
        assert_true(is_shut(&pairs[count / 2][count % 2]));
        assert_int_equal(reaper.shed_count, count + 1);
    }
    assert_int_equal(http_reaper_shed(&reaper, 100, late_us), INT64_MAX);
    assert_int_equal(reaper.shed_count, 8);
    assert_int_equal(reaper.reaped_count, 0);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        for (size_t k = 0; k < 2; k++) {
            http_reaper_remove(&reaper, &pairs[i][k].entry);
            pair_close(&pairs[i][k]);
        }
    }
}

static void sheds_nobody_before_it_is_fair(void **state)
{
    (void)state;
    struct http_reaper reaper;
    struct pair idle;
    struct pair body;
    http_reaper_init(&reaper, timeouts_us);
    assert_int_equal(http_reaper_shed(&reaper, 1, 0), INT64_MAX);
    pair_open(&idle);
    pair_open(&body);
    http_reaper_add(&reaper, &body.entry, body.server, 0);
    http_reaper_enter(&reaper, &body.entry, HTTP_STAGE_BODY, 5000);
    http_reaper_add(&reaper, &idle.entry, idle.server, 0);
    http_reaper_enter(&reaper, &idle.entry, HTTP_STAGE_IDLE, 7000);
    const int64_t idle_at_us = 7000 + HTTP_FAIR_IDLE_MS * US_PER_MS;
    const int64_t body_at_us = 5000 + HTTP_FAIR_BODY_MS * US_PER_MS;
    assert_int_equal(http_reaper_shed(&reaper, 1, 8000), idle_at_us);
    assert_int_equal(http_reaper_shed(&reaper, 1, idle_at_us - 1), idle_at_us);
    assert_false(is_shut(&idle) || is_shut(&body));
    assert_int_equal(http_reaper_shed(&reaper, 1, idle_at_us), body_at_us);
    assert_true(is_shut(&idle));
    assert_false(is_shut(&body));
    assert_int_equal(http_reaper_shed(&reaper, 1, body_at_us), INT64_MAX);
    assert_true(is_shut(&body));
    http_reaper_remove(&reaper, &idle.entry);
    http_reaper_remove(&reaper, &body.entry);
    pair_close(&idle);
    pair_close(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuts_who_takes_too_long),
        cmocka_unit_test(leaves_who_works_or_moves_on),
        cmocka_unit_test(tells_silent_from_slow),
        cmocka_unit_test(keeps_the_others_in_order),
        cmocka_unit_test(sheds_in_order),
        cmocka_unit_test(sheds_nobody_before_it_is_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
