/* Proves that each log line is one JSON object on standard error, whatever its fields hold. */
#include "testing.h"

#include <jansson.h>
#include <unistd.h>

#include "base/log.h"

/* What `write` puts on standard error. */
static size_t captured(void (*write)(void), char *out, size_t size)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    write();
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(ends[1]);
    size_t len = 0;
    ssize_t got;
    while ((got = read(ends[0], out + len, size - 1 - len)) > 0)
        len += (size_t)got;
    close(ends[0]);
    out[len] = '\0';
    return len;
}

static void write_ready(void)
{
    log_write(LOG_INFO, "ready", LOG_TEXT("listen", "[::]:8080"), LOG_INT("port", 8080),
              LOG_REAL("load", 0.5), LOG_STR("cut", str_slice("abcdef", 3)),
              LOG_TEXT("none", NULL));
}

static void test_line(void **state)
{
    (void)state;
    char line[4096];
    size_t len = captured(write_ready, line, sizeof line);
    assert_int_equal(line[len - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
    json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(root, "event")), "ready");
    assert_string_equal(json_string_value(json_object_get(root, "listen")), "[::]:8080");
    assert_string_equal(json_string_value(json_object_get(root, "cut")), "abc");
    assert_int_equal(json_integer_value(json_object_get(root, "port")), 8080);
    assert_true(json_real_value(json_object_get(root, "load")) == 0.5);
    assert_true(json_is_null(json_object_get(root, "none")));
    assert_int_equal(json_string_length(json_object_get(root, "at")), 24);
    json_decref(root);
}

static void write_strange(void)
{
    char big[3000];
    memset(big, 'x', sizeof big);
    memcpy(big + 1022, "\xE2\x82\xAC", 3); /* lies across the cut */
    log_write(LOG_ERROR, "strange", LOG_TEXT("broken", "a\xFF"), LOG_TEXT("quoted", "\"\n"),
              LOG_STR("big", str_slice(big, sizeof big)));
}

static void test_strange_texts(void **state)
{
    (void)state;
    char line[8192];
    size_t len = captured(write_strange, line, sizeof line);
    json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "broken")), "(not UTF-8)");
    assert_string_equal(json_string_value(json_object_get(root, "quoted")), "\"\n");
    assert_int_equal(json_string_length(json_object_get(root, "big")), 1022);
    json_decref(root);
}

static void write_below_level(void)
{
    log_set_level(LOG_WARN);
    log_write(LOG_INFO, "quiet", LOG_INT("n", 1));
    log_set_level(LOG_INFO);
}

static void write_without_memory(void)
{
    mem_fail_after(0);
    log_write(LOG_WARN, "lost", LOG_INT("n", 1));
    mem_fail_after(-1);
}

static void test_dropped(void **state)
{
    (void)state;
    char line[256];
    assert_int_equal(captured(write_below_level, line, sizeof line), 0);
    size_t len = captured(write_without_memory, line, sizeof line);
    json_t *root = json_loadb(line, len, 0, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "event")), "log_line_lost");
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_strange_texts),
        cmocka_unit_test(test_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
