/*
 * Proves: lines of JSON objects become rows of named fields, whatever pieces the source delivers;
 * what is no object or breaks a limit is rejected with its line, and the reading goes on.
 */
#include "testing.h"

#include "schema/ndjson.h"

struct text_source {
    struct str text;
    size_t at;
    size_t piece;
    bool fails_at_end;
};

static enum err_code text_read(void *context, char *out, size_t size, size_t *ret_len,
                               struct err *reterr)
{
    struct text_source *source = context;
    size_t len = source->text.len - source->at;
    if (len == 0 && source->fails_at_end)
        return err_set(reterr, ERR_STORE, "the disk is gone");
    len = len < size ? len : size;
    len = len < source->piece ? len : source->piece;
    if (len > 0)
        memcpy(out, source->text.data + source->at, len);
    source->at += len;
    *ret_len = len;
    return OK;
}

struct given {
    struct arena arena;
    struct ndjson_columns columns;
};

static struct given *given_new(void)
{
    static struct given given;
    arena_init(&given.arena, 1 << 20);
    ndjson_columns_init(&given.columns, &given.arena);
    return &given;
}

/* A row as "LINE name=value …" ("#" behind a number, "?" behind a boolean, "*" behind a list), a
 * rejected one as "LINE! reason". */
static enum csv_result transcribe(struct given *given, struct text_source source, bool is_learning,
                                  struct buf *out, struct err *err)
{
    static const char *const marks[] = {"", "#", "?", "*"};
    CLEANUP(ndjson_reader_done) struct ndjson_reader reader;
    ndjson_reader_init(&reader, (struct csv_source){text_read, &source}, &given->columns,
                       is_learning);
    buf_clear(out);
    struct ndjson_row row;
    enum csv_result result;
    uint64_t number = 0;
    while ((result = ndjson_reader_next(&reader, &row, err)) == CSV_ROW || result == CSV_REJECTED) {
        assert_int_equal(row.number, ++number);
        buf_printf(out, "%d", (int)row.line);
        assert_int_equal(row.fields == NULL, result == CSV_REJECTED);
        if (row.fields == NULL)
            buf_printf(out, "! %s", row.reason);
        for (size_t i = 0; row.fields != NULL && i < given->columns.count; i++)
            if (row.fields[i].len > 0)
                buf_printf(out, " %.*s=%.*s%s", STR_ARGS(given->columns.names[i]),
                           STR_ARGS(row.fields[i]), marks[row.kinds[i]]);
        buf_append_char(out, '\n');
    }
    if (result == CSV_END)
        assert_int_equal(ndjson_reader_bytes(&reader), source.text.len);
    return result;
}

static void assert_reads(const char *text, const char *expected)
{
    static const size_t pieces[] = {1, 2, 7, 1 << 20};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct given *given = given_new();
        const struct text_source source = {.text = str_from(text), .piece = pieces[i]};
        struct err err;
        for (int learnt = 0; learnt < 2; learnt++) {
            assert_int_equal(transcribe(given, source, learnt == 0, &out, &err), CSV_END);
            assert_str_is(buf_str(&out), expected);
        }
        arena_done(&given->arena);
    }
}

static void test_objects(void **state)
{
    (void)state;
    assert_reads("", "");
    assert_reads("\n \n\r\n", "");
    assert_reads("{\"a\":\"x\"}", "1 a=x\n");
    assert_reads("\xEF\xBB\xBF{\"a\":\"x\"}\r\n\n{\"b\":\"\",\"a\":\"é\"}\n", "1 a=x\n3 a=é\n");
    assert_reads("{\"n\":12.50,\"i\":-3,\"t\":true,\"f\":false,\"z\":null,\"l\":[1, {\"a\":2}]}",
                 "1 n=12.5# i=-3# t=true? f=false? l=[1,{\"a\":2}]*\n");
    assert_reads("{\"a\":{\"b\":{\"c\":\"1\"},\"d\":\"2\"},\"e\":\"3\"}\n{\"e\":\"4\"}",
                 "1 a.b.c=1 a.d=2 e=3\n2 e=4\n");
    assert_reads("{\"_reason\":\"r\",\"_text\":\"t\",\"_line\":3,\"a\":{\"_text\":\"kept\"}}",
                 "1 a._text=kept\n");
}

static void test_consents(void **state)
{
    (void)state;
    assert_reads("{\"consents\":[{\"purpose\":\"p\",\"granted\":true},"
                 "{\"granted\":false,\"purpose\":\"q\"}]}",
                 "1 consents.p=true? consents.q=false?\n");
    assert_reads("{\"consents\":[]}\n{\"consents\":{\"p\":\"yes\"}}", "1\n2 consents.p=yes\n");
    static const char *const wrong[] = {
        "{\"consents\":[\"p\"]}", "{\"consents\":[{\"purpose\":\"p\"}]}",
        "{\"consents\":[{\"purpose\":\"p\",\"granted\":\"yes\"}]}",
        "{\"consents\":[{\"purpose\":\"p\",\"granted\":true,\"at\":\"now\"}]}"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_reads(wrong[i], "1! Line 1: a consent that is not {\"purpose\", \"granted\"}\n");
    assert_reads("{\"a\":{\"consents\":[\"p\"]}}", "1 a.consents=[\"p\"]*\n");
}

static void test_what_is_no_object(void **state)
{
    (void)state;
    assert_reads("[]\n{\"a\":\"x\"}\n\"text\"", "1! Line 1: this is not a JSON object\n2 a=x\n"
                                                "3! Line 3: this is not a JSON object\n");
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    static const char *const wrong[] = {
        "{",    "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"a\":1} {\"a\":2}",
        "\xFF", "{\"a\":\"\xC3\"}"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct given *given = given_new();
        const struct text_source source = {.text = str_from(wrong[i]), .piece = 3};
        struct err err;
        assert_int_equal(transcribe(given, source, true, &out, &err), CSV_END);
        assert_true(str_starts_with(buf_str(&out), "1! Line 1: "));
        arena_done(&given->arena);
    }
}

/* A line of `len` bytes: {"a":"xxx…"}. */
static void append_line(struct buf *text, size_t len)
{
    buf_append_text(text, "{\"a\":");
    for (size_t i = 0; i < len - 7; i++)
        buf_append_char(text, i == 0 ? '"' : ' ');
    buf_append_text(text, "\"}\n");
}

static void test_limits(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text;
    CLEANUP(buf_done) struct buf out;
    buf_init(&text, 8 << 20);
    buf_init(&out, 8 << 20);
    append_line(&text, NDJSON_LINE_BYTES_MAX); /* without its line end: as long as it may be */
    append_line(&text, NDJSON_LINE_BYTES_MAX + 1);
    append_line(&text, 3 * NDJSON_LINE_BYTES_MAX);
    buf_append_text(&text, "{\"a\":\"b\"}\n");
    for (size_t i = 0; i < 5000; i++)
        buf_append_text(&text, "{\"a\":");
    struct given *given = given_new();
    const struct text_source source = {.text = buf_str(&text), .piece = 100000};
    struct err err;
    assert_int_equal(transcribe(given, source, true, &out, &err), CSV_END);
    const char *expected = "1! Line 1: a value of more than 65536 bytes\n"
                           "2! Line 2: it has more than 1048576 bytes\n"
                           "3! Line 3: it has more than 1048576 bytes\n"
                           "4 a=b\n"
                           "5! Line 5: ";
    assert_true(str_starts_with(buf_str(&out), expected));
    arena_done(&given->arena);
    assert_reads("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":\"deep\"}}}}}}}}",
                 "1 a.a.a.a.a.a.a.a=deep\n");
    assert_reads("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}",
                 "1! Line 1: objects nested more than 8 deep\n");
}

static void test_too_many_names(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text;
    CLEANUP(buf_done) struct buf out;
    buf_init(&text, 1 << 20);
    buf_init(&out, 1 << 20);
    for (int i = 0; i <= NDJSON_COLUMNS_MAX; i++) {
        const struct text_source whole = {.text = buf_str(&text), .piece = 4096};
        struct given *given = given_new();
        struct err err;
        assert_int_equal(transcribe(given, whole, true, &out, &err), CSV_END);
        assert_int_equal(given->columns.count, i);
        arena_done(&given->arena);
        buf_printf(&text, "{\"column %d\":1}\n", i);
    }
    struct given *given = given_new();
    struct err err;
    const struct text_source source = {.text = buf_str(&text), .piece = 4096};
    assert_int_equal(transcribe(given, source, true, &out, &err), CSV_FAILED);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    arena_done(&given->arena);
}

static void test_failures(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    struct given *given = given_new();
    struct err err;
    struct text_source source = {
        .text = STR_LITERAL("{\"a\":1}\n{\"b\""), .piece = 4, .fails_at_end = true};
    assert_int_equal(transcribe(given, source, true, &out, &err), CSV_FAILED);
    assert_int_equal(err.code, ERR_STORE);
    assert_str_is(buf_str(&out), "1 a=1#\n");
    source = (struct text_source){.text = STR_LITERAL("{\"a\":1}\n{\"new\":2}"), .piece = 4};
    assert_int_equal(transcribe(given, source, false, &out, &err), CSV_FAILED);
    assert_int_equal(err.code, ERR_INVALID);
    arena_done(&given->arena);
    ndjson_reader_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects),           cmocka_unit_test(test_consents),
        cmocka_unit_test(test_what_is_no_object), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_too_many_names),    cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
