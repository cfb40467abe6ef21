/* Proves: whatever a name holds, a mail's head gets one field from it, in lines that mail systems
 * take. */
#include "testing.h"

#include "base/clock.h"
#include "delivery/mail_header.h"

enum { OUT_BYTES_MAX = 65536, LINE_CHARS_MAX = 78, RANDOM_RUNS = 2000 };

static void expect_text(struct str text, const char *expected)
{
    struct buf out;
    buf_init(&out, OUT_BYTES_MAX);
    mail_header_text(&out, "Subject", text);
    assert_false(out.failed);
    assert_str_is(buf_str(&out), expected);
    buf_done(&out);
}

static void test_plain_text_stays(void **state)
{
    (void)state;
    expect_text(STR_LITERAL("New MQL: Acme"), "Subject: New MQL: Acme");
    expect_text(STR_LITERAL(""), "Subject: ");
}

static void test_the_rest_is_encoded_words(void **state)
{
    (void)state;
    expect_text(STR_LITERAL("Été"), "Subject: =?UTF-8?B?w4l0w6k=?=");
    expect_text(STR_LITERAL("a\r\nBcc: x@y.z"), "Subject: =?UTF-8?B?YSAgQmNjOiB4QHkueg==?=");
    expect_text(STR_LITERAL("=?UTF-8?B?QQ==?="), "Subject: =?UTF-8?B?PT9VVEYtOD9CP1FRPT0/PQ==?=");
}

static void test_an_address_has_its_name_in_front(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, OUT_BYTES_MAX);
    mail_header_address(&out, "To", STR_LITERAL("Sami Rep"), STR_LITERAL("a@b.fr"));
    assert_str_is(buf_str(&out), "To: Sami Rep <a@b.fr>");
    buf_clear(&out);
    mail_header_address(&out, "To", (struct str){.data = NULL}, STR_LITERAL("a@b.fr"));
    assert_str_is(buf_str(&out), "To: a@b.fr");
    buf_clear(&out);
    mail_header_address(&out, "To", STR_LITERAL("A, <x@y.z>"), STR_LITERAL("a@b.fr"));
    assert_str_is(buf_str(&out), "To: =?UTF-8?B?QSwgPHhAeS56Pg==?= <a@b.fr>");
    buf_done(&out);
}

static void test_a_date_is_in_utc(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, OUT_BYTES_MAX);
    int64_t at_us;
    assert_true(time_parse(STR_LITERAL("2026-11-21T17:36:00.123Z"), &at_us));
    mail_header_date(&out, at_us);
    assert_str_is(buf_str(&out), "Date: Sat, 21 Nov 2026 17:36:00 +0000");
    buf_done(&out);
}

static void test_addresses_that_could_add_something_are_refused(void **state)
{
    (void)state;
    assert_true(mail_address_is_plain(STR_LITERAL("a.b+c@xn--exmple-cua.fr")));
    static const char *const wrong[] = {"",      "a",      "a@b\r\nRCPT TO:<c@d>", "a@b>", "<a@b",
                                        "a b@c", "a@b\x7f"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(mail_address_is_plain(str_from(wrong[i])));
}

/* Each line short, each but the first begins with a space, nothing outside printable ASCII. */
static void check_lines(struct str head)
{
    size_t column = 0;
    for (size_t i = 0; i < head.len; i++) {
        if (head.data[i] == '\r') {
            assert_true(i + 2 < head.len && head.data[i + 1] == '\n' && head.data[i + 2] == ' ');
            column = 0;
            i++;
            continue;
        }
        assert_true(head.data[i] >= ' ' && (unsigned char)head.data[i] < 0x7f);
        assert_true(++column <= LINE_CHARS_MAX);
    }
}

static void test_any_bytes_make_one_field(void **state)
{
    (void)state;
    struct random random = testing_random();
    struct buf out;
    buf_init(&out, OUT_BYTES_MAX);
    for (int run = 0; run < RANDOM_RUNS; run++) {
        char text[200];
        const size_t len = 1 + random_below(&random, sizeof text - 1);
        text[0] = '\n'; /* never plain: so the lines are folded */
        for (size_t i = 1; i < len; i++)
            text[i] = (char)random_below(&random, 256);
        buf_clear(&out);
        mail_header_text(&out, "Subject", str_slice(text, len));
        check_lines(buf_str(&out));
        buf_clear(&out);
        mail_header_address(&out, "To", str_slice(text, len), STR_LITERAL("a@b.fr"));
        check_lines(buf_str(&out));
    }
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_the_rest_is_encoded_words),
        cmocka_unit_test(test_an_address_has_its_name_in_front),
        cmocka_unit_test(test_a_date_is_in_utc),
        cmocka_unit_test(test_addresses_that_could_add_something_are_refused),
        cmocka_unit_test(test_any_bytes_make_one_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
