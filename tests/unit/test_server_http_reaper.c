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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuts_who_takes_too_long),
        cmocka_unit_test(leaves_who_works_or_moves_on),
        cmocka_unit_test(tells_silent_from_slow),
        cmocka_unit_test(keeps_the_others_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
