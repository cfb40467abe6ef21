/*
 * Proves: forms as browsers, curl and old pages post them come out exactly, in order, in UTF-8;
 * what is malformed or above a limit is refused with a sentence; every naughty string survives both
 * encodings; a failing allocation is ERR_NOMEM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/memory.h"
#include "schema/form_body.h"

enum { ARENA_BYTES = 8 * FORM_BODY_BYTES_MAX, BODY_BYTES_MAX = 2 * FORM_BODY_BYTES_MAX };

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART  "multipart/form-data; boundary=b"
#define PART(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"

/* A literal with NULs in it. */
#define BYTES(literal) str_slice((literal), sizeof(literal) - 1)

static enum err_code decode(const char *content_type, struct str body, struct arena *arena,
                            struct form_body *ret_form, struct err *reterr)
{
    struct media_type type;
    assert_int_equal(media_type_parse(str_from(content_type), arena, &type, reterr), OK);
    return form_body_decode(&type, body, arena, ret_form, reterr);
}

/* The form as text: "name=value|name=value", with "+N files" behind it if there are some. */
static void assert_form_of(const char *content_type, struct str body, const char *expected)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct form_body form;
    struct err err = {.code = OK};
    if (decode(content_type, body, &arena, &form, &err) != OK) {
        fail_msg("%.*s: %s", STR_ARGS(body), err.detail);
    }
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, BODY_BYTES_MAX);
    for (size_t i = 0; i < form.count; i++) {
        buf_append_text(&text, i > 0 ? "|" : "");
        buf_append_str(&text, form.fields[i].name);
        buf_append_char(&text, '=');
        buf_append_str(&text, form.fields[i].value);
        assert_int_equal(form.fields[i].name.data[form.fields[i].name.len], '\0');
        assert_int_equal(form.fields[i].value.data[form.fields[i].value.len], '\0');
    }
    if (form.file_count > 0) {
        buf_printf(&text, "+%zu files", form.file_count);
    }
    struct str got = buf_str(&text);
    if (!str_is(got, expected)) {
        fail_msg("%.*s, not %s", STR_ARGS(got), expected);
    }
    arena_done(&arena);
}

static void assert_form(const char *content_type, const char *body, const char *expected)
{
    assert_form_of(content_type, str_from(body), expected);
}

static void assert_refused_of(const char *content_type, struct str body, enum err_code code,
                              const char *reason)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct form_body form;
    struct err err = {.code = OK};
    if (decode(content_type, body, &arena, &form, &err) != code) {
        fail_msg("%.*s: %s", STR_ARGS(body), err_name(err.code));
    }
    if (strstr(err.detail, reason) == NULL) {
        fail_msg("%.*s: %s, not: %s", STR_ARGS(body), err.detail, reason);
    }
    arena_done(&arena);
}

static void assert_malformed(const char *content_type, const char *body, const char *reason)
{
    assert_refused_of(content_type, str_from(body), ERR_MALFORMED, reason);
}

static void test_urlencoded(void **state)
{
    (void)state;
    assert_form(URLENCODED, "", "");
    assert_form_of(URLENCODED, (struct str){.data = NULL}, "");
    assert_form(URLENCODED, "a=1&b=2", "a=1|b=2");
    assert_form(URLENCODED, "a+b=c+d%2B%26%3d%20", "a b=c d+&= ");
    assert_form(URLENCODED, "a=1=2&b", "a=1=2|b=");
    assert_form(URLENCODED, "&&a=1&&", "a=1");
    assert_form(URLENCODED, "a=1&a=2&b=&a=1", "a=1|a=2|b=|a=1");
    assert_form(URLENCODED, "=x&a", "=x|a=");
    assert_form(URLENCODED, "a=1;b=2", "a=1;b=2");
    assert_form(URLENCODED, "a=%0D%0A%09%01", "a=\r\n\t\x01");
    assert_form(URLENCODED, "%C3%A9=\xc3\xa9", "é=é");
    assert_form(URLENCODED,
                "pr%C3%A9nom=Zo%C3%A9&mail=zoe%2Bx%40example.org&note=5+%25+%26+plus&hp=",
                "prénom=Zoé|mail=zoe+x@example.org|note=5 % & plus|hp=");
}

/* What a plain HTML form really sent. */
static void test_collected_form(void **state)
{
    (void)state;
    static const char path[] = SOURCE_DIR "/../shared/data/form-payloads/html_form_urlencoded.txt";
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("../shared/data/form-payloads is not there\n");
        skip();
    }
    char body[1024];
    size_t len = fread(body, 1, sizeof body, file);
    (void)fclose(file);
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct form_body form;
    struct err err = {.code = OK};
    assert_int_equal(decode(URLENCODED, str_trim(str_slice(body, len)), &arena, &form, &err), OK);
    assert_int_equal(form.count, 8);
    assert_string_equal(form.fields[1].name.data, "email");
    assert_string_equal(form.fields[1].value.data, "elodie+web@example.fr");
    assert_string_equal(form.fields[7].name.data, "website");
    assert_string_equal(form.fields[7].value.data, "");
    arena_done(&arena);
}

static void test_urlencoded_refusals(void **state)
{
    (void)state;
    assert_malformed(URLENCODED, "a=100%", "hexadecimal");
    assert_malformed(URLENCODED, "a=%4", "hexadecimal");
    assert_malformed(URLENCODED, "a=%&b=41", "hexadecimal");
    assert_malformed(URLENCODED, "%zz=1", "hexadecimal");
    assert_malformed(URLENCODED, "a=%u00e9", "hexadecimal");
    assert_malformed(URLENCODED, "a=%00", "NUL");
    assert_malformed(URLENCODED, "a%00=1", "NUL");
    assert_refused_of(URLENCODED, BYTES("a=\0"), ERR_MALFORMED, "NUL");
    assert_malformed(URLENCODED, "a=%E9", "UTF-8");
    assert_malformed(URLENCODED, "a=%C3&b=%A9", "UTF-8");
    assert_malformed(URLENCODED, "a=%ED%A0%80", "UTF-8"); /* a surrogate */
    assert_malformed(URLENCODED, "a=%C0%80", "UTF-8");    /* an overlong NUL */
}

static void test_charsets(void **state)
{
    (void)state;
    assert_form(URLENCODED "; charset=UTF-8", "a=%C3%A9", "a=é");
    assert_form(URLENCODED "; charset=ISO-8859-1", "a=%E9t%E9&%E9=+", "a=été|é= ");
    assert_form(URLENCODED ";charset=\"windows-1252\"", "a=%80%9C%8D", "a=€œ\xc2\x8d");
    /* Browsers mean windows-1252 when they say iso-8859-1. */
    assert_form(URLENCODED "; charset=latin1", "a=%80%92", "a=€’");
    assert_form(URLENCODED "; charset=iso-8859-15", "a=%A4%A6%A8%B4%B8%BC%BD%BE%E9%80",
                "a=€ŠšŽžŒœŸé\xc2\x80");
    assert_form(URLENCODED "; charset=us-ascii", "a=b", "a=b");
    assert_refused_of(URLENCODED "; charset=utf-16", str_from("a=b"), ERR_UNSUPPORTED, "charset");
    assert_refused_of(URLENCODED "; charset=x", str_from("a=b"), ERR_UNSUPPORTED, "charset");

    /* The field that tells, wherever it stands; it is not one of the form's. */
    assert_form(URLENCODED, "a=%E9&_charset_=windows-1252", "a=é");
    assert_form(URLENCODED, "_charset_=ISO-8859-1&a=%E9", "a=é");
    assert_form(URLENCODED, "_charset_=utf-8&a=%C3%A9", "a=é");
    assert_form(URLENCODED "; charset=utf-8", "_charset_=ISO-8859-1&a=%E9", "a=é");
    assert_form(URLENCODED, "_charset_=&a=%C3%A9", "a=é");
    assert_refused_of(URLENCODED, str_from("_charset_=koi8-r&a=b"), ERR_UNSUPPORTED, "charset");
    assert_malformed(URLENCODED "; charset=iso-8859-1", "a=%00", "NUL");

    assert_form(MULTIPART,
                "--b\r\n" PART("_charset_") "iso-8859-1\r\n--b\r\n" PART("\xe9") "\xe9\r\n--b--",
                "é=é");
    assert_form(MULTIPART,
                "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n" PART(
                    "é") "\xe9\r\n"
                         "--b\r\n" PART("b") "é\r\n--b--\r\n",
                "é=é|b=é");
    assert_refused_of(
        MULTIPART,
        str_from("--b\r\nContent-Type: text/plain; charset=big5\r\n" PART("a") "x\r\n--b--"),
        ERR_UNSUPPORTED, "charset");
    assert_malformed(MULTIPART, "--b\r\n" PART("a") "\xe9\r\n--b--", "UTF-8");
    assert_malformed(MULTIPART, "--b\r\n" PART("\xe9") "a\r\n--b--", "UTF-8");
    assert_refused_of(MULTIPART, BYTES("--b\r\n" PART("a") "\0\r\n--b--"), ERR_MALFORMED, "NUL");
}

static void test_multipart(void **state)
{
    (void)state;
    assert_form(MULTIPART, "", "");
    assert_form(MULTIPART, "--b--", "");
    assert_form(MULTIPART, "--b--\r\n", "");
    assert_form(MULTIPART, "--b\r\n" PART("a") "1\r\n--b\r\n" PART("b") "\r\n--b--\r\n", "a=1|b=");
    assert_form(MULTIPART, "--b\r\n" PART("a") "1\r\n--b\r\n" PART("a") "2\r\n--b--", "a=1|a=2");
    /* Values are taken as they are: nothing is decoded, and lines that only resemble a boundary,
     * or stand after a bare line feed, belong to them. */
    assert_form(MULTIPART, "--b\r\n" PART("a") "1+%41\r\n\r\n-b\r\n--c\n--b\r\n--b--",
                "a=1+%41\r\n\r\n-b\r\n--c\n--b");
    assert_form(MULTIPART, "--b\r\n" PART("a") "\r\n\r\n--b--", "a=\r\n");
    /* Preamble, padding, epilogue. */
    assert_form(MULTIPART, "hello\r\n--b \t\r\n" PART("a") "1\r\n--b-- \r\nbye --b\r\n", "a=1");
    assert_form(MULTIPART, "\r\n--b\r\n" PART("a") "1\r\n--b--", "a=1");
    /* Header names and the type in any case, a token as name, other headers and parameters. */
    assert_form(MULTIPART,
                "--b\r\nCONTENT-disposition:Form-Data;NAME=a;x=y\r\nContent-Type: text/plain\r\n"
                "X-Other: a: b\r\nContent-Transfer-Encoding: 8BIT\r\n\r\n1\r\n--b--",
                "a=1");
    assert_form(MULTIPART,
                "--b\r\nContent-Disposition: form-data; name=\"a\\\"b;c\\d\"\r\n\r\n1\r\n--b--",
                "a\"b;c\\d=1");
    /* A browser's, with its boundary. */
    assert_form("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
                "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n" PART(
                    "prénom") "Élodie\r\n"
                              "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n" PART(
                                  "message") "a\r\nb\r\n"
                                             "------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n",
                "prénom=Élodie|message=a\r\nb");
    assert_form("multipart/form-data; boundary=\"a b\"", "--a b\r\n" PART("a") "1\r\n--a b--",
                "a=1");
}

static void test_files_are_counted_and_left_out(void **state)
{
    (void)state;
    assert_form_of(MULTIPART,
                   BYTES("--b\r\nContent-Disposition: form-data; name=\"cv\"; "
                         "filename=\"C:\\x\\cv.pdf\"\r\nContent-Type: application/pdf\r\n\r\n"
                         "\0\xff\r\n--b\r\n" PART("a") "1\r\n--b--"),
                   "a=1+1 files");
    /* No file chosen. */
    assert_form(MULTIPART,
                "--b\r\nContent-Disposition: form-data; name=cv; filename=\"\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\n\r\n--b--",
                "+1 files");
    assert_form(MULTIPART,
                "--b\r\nContent-Disposition: form-data; name=a; filename*=utf-8''x\r\n\r\n"
                "1\r\n--b--",
                "a=1");
}

static void test_multipart_refusals(void **state)
{
    (void)state;
    static const char boundary[] = "boundary of 1 to 70";
    assert_malformed("multipart/form-data", "--b--", boundary);
    assert_malformed("multipart/form-data; boundary=\"\"", "----", boundary);
    assert_malformed("multipart/form-data; boundary=\"b \"", "--b --", boundary);
    assert_malformed("multipart/form-data; boundary=\"b*\"", "--b*--", boundary);
    assert_malformed("multipart/form-data; boundary=0123456789012345678901234567890123456789"
                     "0123456789012345678901234567891",
                     "", boundary);
    assert_malformed(MULTIPART, "a=1", "does not occur");
    assert_malformed(MULTIPART, "x--b--", "does not occur");
    assert_malformed(MULTIPART, "\n--b--", "does not occur");
    assert_malformed(MULTIPART, "--b", "does not end after the boundary");
    assert_malformed(MULTIPART, "--bc\r\n" PART("a") "1\r\n--b--", "does not end after");
    assert_malformed(MULTIPART, "--b\n" PART("a") "1\r\n--b--", "does not end after");
    assert_malformed(MULTIPART, "--b\r\n" PART("a") "1\r\n--b--x", "does not end after");
    assert_malformed(MULTIPART, "--b\r\n" PART("a") "1\r\n--b-", "does not end after");
    assert_malformed(MULTIPART, "--b\r\n" PART("a") "1\r\n--b", "does not end after");
    assert_malformed(MULTIPART, "--b\r\n", "closing boundary is missing");
    assert_malformed(MULTIPART, "--b\r\n" PART("a") "1", "closing boundary is missing");
    assert_malformed(MULTIPART, "--b\r\n" PART("a") "1\n--b--", "closing boundary is missing");
    assert_malformed(MULTIPART, "--b\r\n" PART("a") "1\r\n--c--", "closing boundary is missing");
    assert_malformed(MULTIPART, "--b\r\n\r\n1\r\n--b--", "no name");
    assert_malformed(MULTIPART, "--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--", "no name");
    assert_malformed(MULTIPART, "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",
                     "no name");
    assert_malformed(MULTIPART, "--b\r\nContent-Disposition: file; name=a\r\n\r\n1\r\n--b--",
                     "form-data");
    assert_malformed(MULTIPART,
                     "--b\r\nContent-Disposition: form-data; name=b\r\n" PART("a") "1\r\n--b--",
                     "one Content-Disposition");
    assert_malformed(MULTIPART,
                     "--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--b--",
                     "twice");
    assert_malformed(MULTIPART, "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--",
                     "closing quotation mark");
    assert_malformed(MULTIPART, "--b\r\nContent-Disposition: form-data; name=a\r\n--b--",
                     "no empty line");
    assert_malformed(MULTIPART,
                     "--b\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--b--",
                     "without ':'");
    assert_malformed(MULTIPART,
                     "--b\r\nContent-Disposition: form-data;\r\n name=\"a:\"\r\n\r\n1\r\n--b--",
                     "forbidden character");
    assert_malformed(MULTIPART, "--b\r\nX : y\r\n" PART("a") "1\r\n--b--", "forbidden character");
    assert_malformed(MULTIPART, "--b\r\nX: y\nZ: z\r\n" PART("a") "1\r\n--b--",
                     "forbidden character");
    assert_malformed(MULTIPART, "--b\r\n: y\r\n" PART("a") "1\r\n--b--", "without ':'");
    assert_refused_of(
        MULTIPART,
        str_from("--b\r\nContent-Transfer-Encoding: base64\r\n" PART("a") "MQ==\r\n--b--"),
        ERR_UNSUPPORTED, "Content-Transfer-Encoding");
}

/* `count` times `piece`. */
static void repeat(struct buf *buf, size_t count, const char *piece)
{
    for (size_t i = 0; i < count; i++) {
        buf_append_text(buf, piece);
    }
    assert_false(buf->failed);
}

static void test_limits(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, BODY_BYTES_MAX);

    repeat(&body, FORM_FIELD_NAME_BYTES_MAX, "n");
    char expected[FORM_FIELD_NAME_BYTES_MAX + 2];
    (void)snprintf(expected, sizeof expected, "%s=", body.data);
    assert_form(URLENCODED, body.data, expected);
    buf_clear(&body);
    repeat(&body, FORM_FIELD_NAME_BYTES_MAX + 1, "n");
    assert_refused_of(URLENCODED, buf_str(&body), ERR_TOO_LARGE, "name");
    /* Bytes in UTF-8, whatever was sent. */
    buf_clear(&body);
    repeat(&body, FORM_FIELD_NAME_BYTES_MAX / 2 + 1, "%E9");
    assert_refused_of(URLENCODED "; charset=latin1", buf_str(&body), ERR_TOO_LARGE, "name");

    buf_clear(&body);
    repeat(&body, FORM_FIELDS_MAX + 1, "a&");
    assert_refused_of(URLENCODED, buf_str(&body), ERR_TOO_LARGE, "200 fields");
    buf_clear(&body);
    repeat(&body, FORM_FIELDS_MAX,
           "--b\r\nContent-Disposition:form-data;name=f;filename=f\r\n\r\n\r\n");
    buf_append_text(&body, "--b\r\n" PART("a") "\r\n--b--");
    assert_refused_of(MULTIPART, buf_str(&body), ERR_TOO_LARGE, "200 fields");

    buf_clear(&body);
    buf_append_text(&body, "a=");
    repeat(&body, FORM_BODY_BYTES_MAX - 1, "x");
    assert_refused_of(URLENCODED, buf_str(&body), ERR_TOO_LARGE, "524288 bytes");

    buf_clear(&body);
    buf_append_text(&body, "--b\r\n");
    repeat(&body, FORM_PART_HEADERS_MAX, "X: y\r\n");
    buf_append_text(&body, PART("a") "1\r\n--b--");
    assert_refused_of(MULTIPART, buf_str(&body), ERR_MALFORMED, "too many headers");
    buf_clear(&body);
    buf_append_text(&body, "--b\r\nX: ");
    repeat(&body, FORM_PART_HEADER_BYTES_MAX, "y");
    buf_append_text(&body, "\r\n" PART("a") "1\r\n--b--");
    assert_refused_of(MULTIPART, buf_str(&body), ERR_MALFORMED, "too long");
}

/* The largest forms the limits let through need no more than the header says. */
static void test_memory_is_bounded(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, BODY_BYTES_MAX);
    static const char *const heads[] = {"", "a=", "--b\r\n" PART("a")};
    static const char *const tails[] = {"", "&_charset_=latin1", "\r\n--b--"};
    static const char *const pieces[] = {"&", "\x80", "\xc3\xa9"};
    static const char *const types[] = {URLENCODED, URLENCODED, MULTIPART};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        buf_clear(&body);
        buf_append_text(&body, heads[i]);
        size_t room = FORM_BODY_BYTES_MAX - body.len - strlen(tails[i]);
        repeat(&body, room / strlen(pieces[i]), pieces[i]);
        buf_append_text(&body, tails[i]);
        struct arena arena;
        arena_init(&arena, 5 * FORM_BODY_BYTES_MAX + 16 * 1024);
        struct form_body form;
        struct err err = {.code = OK};
        assert_int_equal(decode(types[i], buf_str(&body), &arena, &form, &err), OK);
        arena_done(&arena);
    }
}

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const types[] = {URLENCODED "; charset=latin1", MULTIPART};
    static const char *const bodies[] = {
        "a=%E9&b=2", "--b\r\nContent-Type: text/plain; charset=latin1\r\n" PART("a") "1\r\n--b--"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        enum err_code code = ERR_NOMEM;
        for (int64_t n = 0; code != OK; n++) {
            assert_true(n < 100);
            struct arena arena;
            arena_init(&arena, ARENA_BYTES);
            struct media_type type;
            struct form_body form;
            assert_int_equal(media_type_parse(str_from(types[i]), &arena, &type, NULL), OK);
            mem_fail_after(n);
            code = form_body_decode(&type, str_from(bodies[i]), &arena, &form,
                                    /* reterr= */ NULL);
            mem_fail_after(-1);
            assert_true(code == OK || code == ERR_NOMEM);
            arena_done(&arena);
        }
    }
}

/* What a browser does to a value. */
static void urlencode(const char *text, struct buf *out)
{
    for (; *text != '\0'; text++) {
        if (*text == ' ') {
            buf_append_char(out, '+');
        } else {
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
}

static void assert_only_value(const char *content_type, const struct buf *body, const char *value)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct form_body form;
    struct err err = {.code = OK};
    if (decode(content_type, buf_str(body), &arena, &form, &err) != OK) {
        fail_msg("%s: %s", value, err.detail);
    }
    assert_int_equal(form.count, 1);
    assert_true(str_is(form.fields[0].value, value));
    arena_done(&arena);
}

static void test_naughty_strings(void **state)
{
    (void)state;
    json_t *strings = json_load_file(SOURCE_DIR "/../shared/data/blns/blns.json", 0, NULL);
    if (strings == NULL) {
        print_message("../shared/data/blns/blns.json is not there\n");
        skip();
    }
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, BODY_BYTES_MAX);
    assert_true(json_array_size(strings) > 500);
    size_t i;
    json_t *string;
    json_array_foreach(strings, i, string)
    {
        const char *value = json_string_value(string);
        buf_clear(&body);
        buf_append_text(&body, "a=");
        urlencode(value, &body);
        assert_only_value(URLENCODED, &body, value);

        buf_clear(&body);
        buf_append_text(&body, "--b\r\n" PART("a"));
        buf_append_text(&body, value);
        buf_append_text(&body, "\r\n--b--\r\n");
        assert_only_value(MULTIPART, &body, value);

        /* Unescaped, as broken clients would: never a crash, whatever the verdict. */
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        struct form_body form;
        struct err err;
        (void)!decode(URLENCODED, str_from(value), &arena, &form, &err);
        (void)!decode(MULTIPART, str_from(value), &arena, &form, &err);
        arena_done(&arena);
    }
    json_decref(strings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urlencoded),
        cmocka_unit_test(test_collected_form),
        cmocka_unit_test(test_urlencoded_refusals),
        cmocka_unit_test(test_charsets),
        cmocka_unit_test(test_multipart),
        cmocka_unit_test(test_files_are_counted_and_left_out),
        cmocka_unit_test(test_multipart_refusals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_each_allocation_may_fail),
        cmocka_unit_test(test_naughty_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
