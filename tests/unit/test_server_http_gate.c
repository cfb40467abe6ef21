/*
 * The gate lets plain requests through and nothing that two HTTP readers could frame differently.
 *
 * Each case is a head as it goes over the wire. It is taken apart here in the loose way of the
 * library (in place, NUL over the delimiters, folded lines joined, a bare LF as a line end),
 * because what the gate has to notice is what that way loses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "http.h"
#include "http_gate.h"

enum { ARENA_BYTES_MAX = 1 << 20 };

struct parsed {
    struct arena arena;
    char *raw;
    struct http_field fields[HTTP_HEADERS_MAX + 10];
    struct http_gate_head head;
};

/* Ends a line at LF, or CR LF, like the library: returns the line, moves *next behind it. */
static char *cut_line(char **next, const char *end)
{
    char *line = *next;
    for (char *at = line; at < end; at++) {
        if (at[0] == '\r' && at + 1 < end && at[1] == '\n') {
            at[0] = at[1] = '\0';
            *next = at + 2;
            return line;
        }
        if (at[0] == '\n') {
            at[0] = '\0';
            *next = at + 1;
            return line;
        }
    }
    fail_msg("a case without the end of a line");
    return NULL;
}

static void cut_request_line(struct parsed *parsed, char *line, size_t line_len)
{
    struct http_gate_head *head = &parsed->head;
    char *blank = memchr(line, ' ', line_len);
    assert_non_null(blank);
    *blank = '\0';
    head->method = str_from(line);
    char *target = blank + 1;
    while (*target == ' ')
        target++;
    char *last = line + line_len - 1;
    while (*last != ' ' && last > target)
        last--;
    *last = '\0';
    head->version = str_from(last + 1);
    head->target = arena_str(&parsed->arena, str_from(target)); /* NUL cuts it here */
    head->target_begin = target;
    head->target_end = target + strlen(target);
    char *query = memchr(target, '?', (size_t)(last - target));
    if (query != NULL)
        *query = '\0';
}

static void parse(struct parsed *parsed, const char *text, size_t len)
{
    memset(parsed, 0, sizeof *parsed);
    arena_init(&parsed->arena, ARENA_BYTES_MAX);
    parsed->raw = arena_alloc(&parsed->arena, len + 1);
    memcpy(parsed->raw, text, len);
    const char *end = parsed->raw + len;
    char *next = parsed->raw;
    char *line = cut_line(&next, end);
    size_t line_len = (size_t)(next - line);
    while (line_len > 0 && line[line_len - 1] == '\0')
        line_len--;
    cut_request_line(parsed, line, line_len);
    for (;;) {
        line = cut_line(&next, end);
        if (*line == '\0')
            break;
        if (*line == ' ' || *line == '\t') { /* glued onto the name, of all things */
            assert_true(parsed->head.field_count > 0);
            struct http_field *last = &parsed->fields[parsed->head.field_count - 1];
            while (*line == ' ' || *line == '\t')
                line++;
            last->name = str_from(arena_printf(&parsed->arena, "%s%s", last->name.data, line));
            continue;
        }
        char *colon = strchr(line, ':');
        assert_non_null(colon);
        *colon++ = '\0';
        while (*colon == ' ' || *colon == '\t')
            colon++;
        assert_true(parsed->head.field_count < ARRAY_LEN(parsed->fields));
        parsed->fields[parsed->head.field_count++] =
            (struct http_field){.name = str_from(line), .value = str_from(colon)};
    }
    assert_ptr_equal(next, end);
    parsed->head.fields = parsed->fields;
    parsed->head.raw = str_slice(parsed->raw, len);
}

static struct http_gate_verdict check(struct parsed *parsed, const char *text, size_t len)
{
    parse(parsed, text, len);
    return http_gate_check(&parsed->head);
}

static void expect_status(unsigned status, const char *text, size_t len)
{
    struct parsed parsed;
    struct http_gate_verdict verdict = check(&parsed, text, len);
    if (verdict.status != status)
        fail_msg("%u (%s) instead of %u for:\n%s", verdict.status,
                 verdict.detail != NULL ? verdict.detail : "", status, text);
    assert_int_equal(verdict.status == 0, verdict.detail == NULL);
    arena_done(&parsed.arena);
}

#define PASSES(text)          expect_status(0, text, sizeof(text) - 1)
#define REFUSES(status, text) expect_status(status, text, sizeof(text) - 1)

static void passes_plain_requests(void **state)
{
    (void)state;
    PASSES("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    PASSES("GET /v1/leads?stage=lead&limit=50 HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
    PASSES("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
    PASSES("GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n");
    PASSES("GET / HTTP/1.1\r\nhost:a\r\naccept:\t*/*  \r\nX-Empty:\r\nX-Blank:   \r\n\r\n");
    PASSES("GET / HTTP/1.0\r\n\r\n");
    PASSES("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    PASSES("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    PASSES("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    PASSES("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    PASSES("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n");
    PASSES("POST /a HTTP/1.1\r\nHost: a\r\n\r\n");
    PASSES("DELETE /v1/keys/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    PASSES("PROPFIND /a HTTP/1.1\r\nHost: a\r\n\r\n");
    PASSES("GET /a%20b/c%C3%A9/%2Fd/..e/f../... HTTP/1.1\r\nHost: a\r\n\r\n");
    PASSES("GET /a?q=[x]{y}|z&w=%0A HTTP/1.1\r\nHost: a\r\n\r\n");
    PASSES("GET /a? HTTP/1.1\r\nHost: a\r\n\r\n");
    PASSES("GET //a//b HTTP/1.1\r\nHost: a\r\n\r\n");
    PASSES("GET / HTTP/1.1\r\nHost: a\r\nAccept: a/b\r\nAccept: c/d\r\nX: caf\xC3\xA9\r\n\r\n");
    PASSES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n");
}

static void refuses_what_can_be_framed_twice(void **state)
{
    (void)state;
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked \r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
                 "chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 5\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Lengthy: 5\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    REFUSES(400, "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
}

static void refuses_what_the_library_repairs(void **state)
{
    (void)state;
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\nY: c\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\nHost: a\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\n\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n");
    REFUSES(400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n");
    REFUSES(400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n");
    REFUSES(400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n");
    REFUSES(400, "GET /\0x HTTP/1.1\r\nHost: a\r\n\r\n");
    REFUSES(400, "GET /\0HTTP/1.1\0 HTTP/1.1\r\nHost: a\r\n\r\n");
    REFUSES(400, "GET\0X / HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void refuses_bad_hosts(void **state)
{
    (void)state;
    REFUSES(400, "GET / HTTP/1.1\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost:\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nHosts: b\r\n\r\n");
}

static void refuses_bad_targets(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "a",       "*",           "http://a/b",   "a:443",   "/%",      "/%2",      "/%zz",
        "/a%00",   "/%0d%0a",     "/%7f",         "/.",      "/..",     "/a/./b",   "/a/../b",
        "/a/..",   "/%2e",        "/%2e%2E/a",    "/.%2e/a", "/a/%2e.", "/a%2f..",  "/..%2fa",
        "/..%5ca", "/a\\b",       "/a#b",         "/a\"b",   "/a<b>",   "/a^b",     "/a`b",
        "/a{b}",   "/a|b",        "/caf\xC3\xA9", "/a?%",    "/a?b=%0", "/a?b=%00", "/a?b#c",
        "/a?\x7f", "/a?\xC3\xA9", "/a\tb",
    };
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        char text[128];
        int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
        expect_status(400, text, (size_t)len);
    }
}

static void refuses_bad_names_methods_and_versions(void **state)
{
    (void)state;
    REFUSES(400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n");
    REFUSES(400, "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDD / HTTP/1.1\r\nHost: a\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX\xC3: b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\n\"X\": b\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n");
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n");
    REFUSES(505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n");
    REFUSES(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
    REFUSES(505, "GET / http/1.1\r\nHost: a\r\n\r\n");
    REFUSES(417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n");
    PASSES("POST / HTTP/1.0\r\nHost: a\r\nExpect: magic\r\n\r\n");
}

static void refuses_repeated_singletons(void **state)
{
    (void)state;
    REFUSES(400, "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nAuthorization: c\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: b\r\ncontent-type: b\r\n\r\n");
    REFUSES(400, "POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: b\r\nIdempotency-Key: b\r\n\r\n");
}

static void limits_headers(void **state)
{
    (void)state;
    char text[HTTP_HEAD_BYTES_MAX + 200];
    for (unsigned extra = 0; extra < 2; extra++) {
        int len = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (unsigned i = 1; i < HTTP_HEADERS_MAX + extra; i++)
            len += snprintf(text + len, sizeof text - (size_t)len, "X-%u: y\r\n", i);
        len += snprintf(text + len, sizeof text - (size_t)len, "\r\n");
        expect_status(extra == 0 ? 0 : 431, text, (size_t)len);
    }
    for (int extra = 0; extra < 2; extra++) {
        int len = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
        while (len < HTTP_HEAD_BYTES_MAX - 4 + extra)
            text[len++] = 'x';
        memcpy(text + len, "\r\n\r\n", 4);
        expect_status(extra == 0 ? 0 : 431, text, (size_t)len + 4);
    }
}

static void tells_what_it_saw(void **state)
{
    (void)state;
    struct parsed parsed;
    static const char chunked[] = "POST /a/b?c=d?e HTTP/1.1\r\nHost: a\r\n"
                                  "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    struct http_gate_verdict verdict = check(&parsed, chunked, sizeof chunked - 1);
    assert_int_equal(verdict.status, 0);
    assert_int_equal(verdict.body, HTTP_GATE_BODY_CHUNKED);
    assert_int_equal(verdict.content_length, 0);
    assert_true(verdict.expects_continue);
    assert_true(str_is(verdict.path, "/a/b"));
    assert_true(str_is(verdict.query, "c=d?e"));
    arena_done(&parsed.arena);

    static const char sized[] = "PUT / HTTP/1.1\r\nContent-Length: 0012\r\nHost: a\r\n\r\n";
    verdict = check(&parsed, sized, sizeof sized - 1);
    assert_int_equal(verdict.status, 0);
    assert_int_equal(verdict.body, HTTP_GATE_BODY_LENGTH);
    assert_int_equal(verdict.content_length, 12);
    assert_false(verdict.expects_continue);
    assert_null(verdict.query.data);
    arena_done(&parsed.arena);

    static const char empty[] = "POST /? HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    verdict = check(&parsed, empty, sizeof empty - 1);
    assert_int_equal(verdict.body, HTTP_GATE_BODY_NONE);
    assert_non_null(verdict.query.data);
    assert_int_equal(verdict.query.len, 0);
    arena_done(&parsed.arena);
}

static void checks_traceparent(void **state)
{
    (void)state;
    static const char valid[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert_true(http_traceparent_is_valid(str_from(valid)));
    static const char *const invalid[] = {
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
    };
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
        assert_false(http_traceparent_is_valid(str_from(invalid[i])));
    /* Truncations of a valid one never pass (and are not read past their end). */
    for (size_t len = 0; len < sizeof valid - 1; len++)
        assert_false(http_traceparent_is_valid(str_slice(valid, len)));
}

static void checks_request_ids(void **state)
{
    (void)state;
    char longest[HTTP_CLIENT_REQUEST_ID_BYTES_MAX + 2];
    memset(longest, 'a', sizeof longest);
    assert_true(http_request_id_is_valid(str_from("a-1_/~!")));
    assert_true(http_request_id_is_valid(str_slice(longest, sizeof longest - 2)));
    assert_false(http_request_id_is_valid(str_slice(longest, sizeof longest - 1)));
    assert_false(http_request_id_is_valid(str_from("")));
    assert_false(http_request_id_is_valid((struct str){.data = NULL}));
    assert_false(http_request_id_is_valid(str_from("a b")));
    assert_false(http_request_id_is_valid(str_from("caf\xC3\xA9")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_plain_requests),
        cmocka_unit_test(refuses_what_can_be_framed_twice),
        cmocka_unit_test(refuses_what_the_library_repairs),
        cmocka_unit_test(refuses_bad_hosts),
        cmocka_unit_test(refuses_bad_targets),
        cmocka_unit_test(refuses_bad_names_methods_and_versions),
        cmocka_unit_test(refuses_repeated_singletons),
        cmocka_unit_test(limits_headers),
        cmocka_unit_test(tells_what_it_saw),
        cmocka_unit_test(checks_traceparent),
        cmocka_unit_test(checks_request_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
