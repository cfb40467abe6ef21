/*
 * Proves: the bar's line says what is true and fits the terminal whatever its width; on a terminal
 * it is drawn at most ten times a second; on anything else only the summary is written.
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "progress.h"

static const struct progress_state halfway = {
    .label = "contacts",
    .rows = 12345,
    .bytes = 450,
    .bytes_total = 1000,
    .elapsed_us = 9 * US_PER_SECOND,
};

static void expect_line(const struct progress_state *state, unsigned width, const char *expected)
{
    char line[PROGRESS_LINE_BYTES];
    assert_string_equal(progress_format_line(state, width, line), expected);
}

static void test_line_uses_the_width(void **state)
{
    (void)state;
    expect_line(&halfway, 80,
                "contacts 12,345 rows   45 %  [##########-------------]  1,372 rows/s  0:11 left");
    expect_line(&halfway, 60, "contacts 12,345 rows   45 %  1,372 rows/s  0:11 left");
    expect_line(&halfway, 45, "contacts 12,345 rows   45 %  1,372 rows/s");
    expect_line(&halfway, 30, "contacts 12,345 rows   45 %");
    expect_line(&halfway, 25, "contacts 12,345 rows");
    expect_line(&halfway, 10, "contacts ");
    expect_line(&halfway, 1, "");
    expect_line(&halfway, 0, "");
}

static void test_line_never_wraps(void **state)
{
    (void)state;
    struct progress_state huge = {
        .label = "a label that is rather long for what it says about the rows it counts",
        .rows = UINT64_MAX,
        .rejected = UINT64_MAX,
        .bytes = UINT64_MAX - 1,
        .bytes_total = UINT64_MAX,
        .elapsed_us = INT64_MAX,
    };
    char line[PROGRESS_LINE_BYTES];
    for (unsigned width = 1; width < 2000; width++) {
        size_t len = strlen(progress_format_line(&huge, width, line));
        assert_true(len < width && len < PROGRESS_LINE_BYTES);
        len = strlen(progress_format_line(&halfway, width, line));
        assert_true(len < width && len < PROGRESS_LINE_BYTES);
    }
    assert_true(strlen(progress_format_summary(&huge, line)) < PROGRESS_LINE_BYTES);
}

static void test_line_says_only_what_is_known(void **state)
{
    (void)state;
    expect_line(&(struct progress_state){.label = "deals"}, 80, "deals 0 rows");
    expect_line(&(struct progress_state){.label = "deals", .bytes_total = 100}, 60,
                "deals 0 rows    0 %  [------------------------------------]");
    expect_line(&(struct progress_state){.label = "deals", .rows = 1, .elapsed_us = US_PER_SECOND},
                80, "deals 1 row  1 rows/s");
    struct progress_state late = halfway;
    late.rejected = 1000;
    late.bytes = 2000; /* the file grew */
    expect_line(&late, 70, "contacts 12,345 rows, 1,000 rejected  100 %  1,372 rows/s  0:00 left");
    struct progress_state slow = halfway;
    slow.bytes = 1;
    expect_line(&slow, 60, "contacts 12,345 rows    0 %  1,372 rows/s  2:29:51 left");
    slow.elapsed_us = 100000 * US_PER_SECOND;
    expect_line(&slow, 60, "contacts 12,345 rows    0 %  [------------------]  0 rows/s");
}

static void test_summary(void **state)
{
    (void)state;
    char line[PROGRESS_LINE_BYTES];
    assert_string_equal(progress_format_summary(&halfway, line),
                        "contacts: 12,345 rows in 9.0 s (1,372 rows/s), 0 rejected");
    struct progress_state one = {.label = "deals", .rows = 1, .rejected = 1};
    assert_string_equal(progress_format_summary(&one, line),
                        "deals: 1 row in 0.0 s (0 rows/s), 1 rejected");
}

/* What can be read from `fd` at once. */
static const char *read_all(int fd, char *out, size_t size)
{
    ssize_t len = read(fd, out, size - 1);
    out[len > 0 ? len : 0] = '\0';
    return out;
}

static void test_writes_only_the_summary_to_a_pipe(void **state)
{
    (void)state;
    int fds[2];
    char text[1000];
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    struct progress progress;
    progress_init(&progress, fds[1], "contacts", 1000, 0);
    for (int64_t i = 0; i < 100; i++)
        progress_update(&progress, (uint64_t)i, 0, (uint64_t)i, i * US_PER_SECOND);
    progress_clear(&progress);
    assert_string_equal(read_all(fds[0], text, sizeof text), "");
    progress_finish(&progress, 100, 2, 100 * US_PER_SECOND);
    assert_string_equal(read_all(fds[0], text, sizeof text),
                        "contacts: 100 rows in 100.0 s (1 rows/s), 2 rejected\n");
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(close(fds[1]), 0);
}

/* The next bytes on the screen. A terminal hands them over in its own time, so this waits for as
 * many as are expected; one too many shows in the next comparison. */
static void expect_screen(int screen, const char *expected)
{
    char text[1000];
    size_t len = 0;
    size_t wanted = strlen(expected);
    assert_true(wanted < sizeof text);
    while (len < wanted) {
        struct pollfd ready = {.fd = screen, .events = POLLIN};
        if (poll(&ready, 1, 10000) != 1)
            break;
        ssize_t got = read(screen, text + len, wanted - len);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    text[len] = '\0';
    assert_string_equal(text, expected);
}

static void test_redraws_on_a_terminal(void **state)
{
    (void)state;
    int terminal, screen;
    struct winsize size = {.ws_col = 40};
    if (openpty(&screen, &terminal, NULL, NULL, &size) != 0)
        skip();
    struct progress progress;
    progress_init(&progress, terminal, "deals", 1000, 0);
    progress_update(&progress, 5, 0, 500, 1);
    expect_screen(screen, "\rdeals 5 rows   50 %  [########--------]\033[K");
    progress_update(&progress, 6, 0, 600, PROGRESS_REDRAW_US); /* too soon */
    size.ws_col = 21;
    assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
    progress_update(&progress, 7, 0, 700, PROGRESS_REDRAW_US + 1);
    expect_screen(screen, "\rdeals 7 rows   70 %\033[K");
    progress_clear(&progress);
    progress_clear(&progress);
    expect_screen(screen, "\r\033[K");
    progress_update(&progress, 8, 1, 800, PROGRESS_REDRAW_US + 2);
    progress_finish(&progress, 10, 1, US_PER_SECOND);
    expect_screen(screen, "\rdeals 8 rows, 1 reje\033[K\r\033[K"
                          "deals: 10 rows in 1.0 s (10 rows/s), 1 rejected\r\n");
    assert_int_equal(close(screen), 0);
    progress_update(&progress, 9, 0, 900, 3 * US_PER_SECOND); /* nobody looks: not our problem */
    assert_int_equal(close(terminal), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_uses_the_width),
        cmocka_unit_test(test_line_never_wraps),
        cmocka_unit_test(test_line_says_only_what_is_known),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_writes_only_the_summary_to_a_pipe),
        cmocka_unit_test(test_redraws_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
