/*
 * Proves: the CSV reader takes what RFC 4180 and real files have, rejects what breaks the rules
 * with its line and goes on at the right place, keeps its limits to the byte, whatever pieces the
 * source delivers; the writer's files read back as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "schema/csv.h"

/* A file in memory, delivered in pieces of at most `piece` bytes. */
struct text_source {
    struct str text;
    size_t at;
    size_t piece;
    size_t repeats_left; /* the whole text again, so many times */
    bool fails_at_end;
};

static enum err_code text_read(void *context, char *out, size_t size, size_t *ret_len,
                               struct err *reterr)
{
    struct text_source *source = context;
    if (source->at == source->text.len && source->repeats_left > 0) {
        source->repeats_left--;
        source->at = 0;
    }
    size_t left = source->text.len - source->at;
    if (left == 0 && source->fails_at_end)
        return err_set(reterr, ERR_STORE, "the disk is gone");
    size_t len = left < size ? left : size;
    len = len < source->piece ? len : source->piece;
    if (len > 0)
        memcpy(out, source->text.data + source->at, len);
    source->at += len;
    *ret_len = len;
    return OK;
}

static struct csv_source csv_source_of(struct text_source *source)
{
    return (struct csv_source){.read = text_read, .context = source};
}

/* The whole file as text: the header as "a|b", a row as "LINE a|b", a rejected one as
 * "LINE! reason <text>". */
static void transcribe(struct str text, size_t piece, struct buf *out)
{
    struct text_source source = {.text = text, .piece = piece};
    CLEANUP(csv_reader_done) struct csv_reader reader;
    struct err err;
    buf_clear(out);
    if (csv_reader_open(&reader, csv_source_of(&source), 0, &err) != OK) {
        buf_printf(out, "%s\n", err.detail);
        return;
    }
    for (size_t i = 0; i < reader.column_count; i++)
        buf_printf(out, "%s%.*s", i > 0 ? "|" : "", STR_ARGS(reader.columns[i]));
    buf_append_char(out, '\n');
    uint64_t number = 0;
    struct csv_row row;
    enum csv_result result;
    while ((result = csv_reader_next(&reader, &row, &err)) != CSV_END) {
        assert_int_not_equal(result, CSV_FAILED);
        assert_int_equal(row.number, ++number);
        if (result == CSV_REJECTED) {
            assert_null(row.fields);
            buf_printf(out, "%d! %s <%.*s>\n", (int)row.line, row.reason, STR_ARGS(row.text));
            continue;
        }
        assert_null(row.text.data);
        assert_null(row.reason);
        buf_printf(out, "%d ", (int)row.line);
        for (size_t i = 0; i < row.count; i++)
            buf_printf(out, "%s%.*s", i > 0 ? "|" : "", STR_ARGS(row.fields[i]));
        buf_append_char(out, '\n');
    }
    assert_int_equal(csv_reader_bytes(&reader), text.len);
}

/* The same transcript however the bytes arrive. */
static void expect_bytes(struct str text, const char *expected)
{
    static const size_t pieces[] = {1, 2, 3, 7, CSV_READ_BYTES};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1024 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        transcribe(text, pieces[i], &out);
        assert_false(out.failed);
        assert_string_equal(out.data, expected);
    }
}

static void expect(const char *text, const char *expected)
{
    expect_bytes(str_from(text), expected);
}

static void test_reads_rows(void **state)
{
    (void)state;
    expect("a,b\n1,2\n3,4\n", "a|b\n2 1|2\n3 3|4\n");
    expect("a,b\r\n1,2\r\n3,4", "a|b\n2 1|2\n3 3|4\n");
    expect("a,b\r1,2\r3,4\r", "a|b\n2 1|2\n3 3|4\n");
    expect("\xEF\xBB\xBF"
           "a,b\n,\n",
           "a|b\n2 |\n");
    expect("only\nx\n\"\"\n\ny", "only\n2 x\n3 \n5 y\n");
    expect(" a , b \n 1 , 2 \n", "a|b\n2  1 | 2 \n");
    expect("a,b,c\n1,,\n,,3", "a|b|c\n2 1||\n3 ||3\n");
    expect("a,b\n", "a|b\n");
    expect("a,b", "a|b\n");
}

static void test_reads_quoted_fields(void **state)
{
    (void)state;
    expect("a,b\n\"1,5\",\"say \"\"hi\"\"\"\n", "a|b\n2 1,5|say \"hi\"\n");
    expect("a,b\n\"two\nlines\",\"and\r\nmore\"\nx,y\n", "a|b\n2 two\nlines|and\r\nmore\n5 x|y\n");
    expect("\"a\",\"b \"\"c\"\"\"\n\"\"\"\",\"\"\"\"\"\"\n", "a|b \"c\"\n2 \"|\"\"\n");
    expect("\"a\nb\",c\n1,\"2\"", "a\nb|c\n3 1|2\n");
    expect("a,b\n\"\",\"\"\n", "a|b\n2 |\n");
    expect("a\n\"1\"\r\"2\"\r\n\"3\"", "a\n2 1\n3 2\n4 3\n");
}

static void test_skips_blank_lines(void **state)
{
    (void)state;
    expect("\n\r\na,b\n\n1,2\n\r\n\r3,4\n\n\n", "a|b\n5 1|2\n8 3|4\n");
    expect("\xEF\xBB\xBF\n\na;b\n1;2\n", "a|b\n4 1|2\n");
}

static void test_detects_the_delimiter(void **state)
{
    (void)state;
    expect("a;b;c\n1;2,5;3\n", "a|b|c\n2 1|2,5|3\n");
    expect("a\tb\n1;2\t3\n", "a|b\n2 1;2|3\n");
    expect("\"x;y;z;\",b\n1,2\n", "x;y;z;|b\n2 1|2\n");
    expect("a;b,c\n1;2,3\n", "a;b|c\n2 1;2|3\n");
    struct text_source source = {.text = STR_LITERAL("a,b;c\n1,2;3\n"), .piece = 100};
    CLEANUP(csv_reader_done) struct csv_reader reader;
    assert_int_equal(csv_reader_open(&reader, csv_source_of(&source), ';', NULL), OK);
    assert_int_equal(reader.column_count, 2);
    assert_true(str_is(reader.columns[0], "a,b"));
}

static void test_rejects_bad_quotes_and_goes_on_at_the_next_line(void **state)
{
    (void)state;
    expect("a,b\nx\"y,1\n2,3\n",
           "a|b\n2! Line 2: a quote inside a field that does not begin with one; quote the field "
           "and write the quote twice. <x\"y,1>\n3 2|3\n");
    expect("a,b\n\"x\"y,1\r\n2,3\n",
           "a|b\n2! Line 2: text behind a closing quote; inside a field a quote is written twice. "
           "<\"x\"y,1>\n3 2|3\n");
    /* An unclosed quote runs into the next one. It costs its own line only. */
    expect("a,b\n1,\"open\n2,ok\n3,\"fine\"\n4,end\n",
           "a|b\n2! Line 2 (up to line 4): text behind a closing quote; inside a field a quote is "
           "written twice. <1,\"open>\n3 2|ok\n4 3|fine\n5 4|end\n");
    /* Or to the end of the file. */
    expect("a,b\n1,\"open\n2,ok\n",
           "a|b\n2! Line 2: a quote that is never closed. <1,\"open>\n3 2|ok\n");
    expect("a,b\n1,\"", "a|b\n2! Line 2: a quote that is never closed. <1,\">\n");
    expect("a,b\n1,2\"", "a|b\n2! Line 2: a quote inside a field that does not begin with one; "
                         "quote the field and write the quote twice. <1,2\">\n");
}

static void test_rejects_a_wrong_number_of_fields(void **state)
{
    (void)state;
    expect("a,b\n1\n1,2,3\n4,5\n", "a|b\n2! Line 2: 1 field where the header has 2. <1>\n"
                                   "3! Line 3: 3 fields where the header has 2. <1,2,3>\n4 4|5\n");
    /* The row is whole: what stands inside its quotes is not taken for rows. */
    expect("a,b\n\"1\n2,3\n4\"\n5,6\n",
           "a|b\n2! Line 2 (up to line 4): 1 field where the header has 2. <\"1\n2,3\n4\">\n"
           "5 5|6\n");
}

static void test_rejects_what_is_not_text(void **state)
{
    (void)state;
    expect("a,b\ncaf\xE9,2\ncaf\xC3\xA9,3\n",
           "a|b\n2! Line 2: not UTF-8 text; save the file as CSV UTF-8. <caf\xE9,2>\n"
           "3 caf\xC3\xA9|3\n");
    static const char nul[] = "a,b\n1\0,2\n3,4\n";
    struct text_source source = {.text = STR_LITERAL(nul), .piece = 4};
    CLEANUP(csv_reader_done) struct csv_reader reader;
    struct csv_row row;
    assert_int_equal(csv_reader_open(&reader, csv_source_of(&source), 0, NULL), OK);
    assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_REJECTED);
    assert_string_equal(row.reason, "Line 2: a NUL character.");
    assert_int_equal(row.text.len, 4);
    assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_ROW);
    assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_END);
    assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_END);
}

static void test_refuses_a_bad_header(void **state)
{
    (void)state;
    expect("", "The file is empty: it has no header row.\n");
    expect("\xEF\xBB\xBF", "The file is empty: it has no header row.\n");
    expect("\n\r\n\n", "The file is empty: it has no header row.\n");
    expect("a,\"b\n1,2\n", "Line 1: a quote that is never closed.\n");
    expect("\na,b\"\n", "Line 2: a quote inside a field that does not begin with one; quote the "
                        "field and write the quote twice.\n");
    /* UTF-16, as some spreadsheets write it */
    static const char utf16[] = "\xFF\xFE"
                                "a\0,\0b\0\n\0";
    expect_bytes(STR_LITERAL(utf16), "Line 1: not UTF-8 text; save the file as CSV UTF-8.\n");
}

/* `count` columns, and one row of that many fields of the given lengths. */
static void append_wide(struct buf *buf, size_t count, const char *field)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(buf, "%s%s", i > 0 ? "," : "", field);
    buf_append_char(buf, '\n');
}

static void append_repeated(struct buf *buf, char byte, size_t count)
{
    char *room = buf_extend(buf, count);
    assert_non_null(room);
    memset(room, byte, count);
}

static void test_limits_columns(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text;
    CLEANUP(buf_done) struct buf out;
    buf_init(&text, 100000);
    buf_init(&out, 100000);
    append_wide(&text, CSV_COLUMNS_MAX, "c");
    append_wide(&text, CSV_COLUMNS_MAX, "1");
    append_wide(&text, CSV_COLUMNS_MAX + 1, "2");
    append_wide(&text, CSV_COLUMNS_MAX, "3");
    transcribe(buf_str(&text), CSV_READ_BYTES, &out);
    assert_non_null(strstr(out.data, "\n2 1|1|"));
    assert_non_null(strstr(out.data, "\n3! Line 3: more than 500 fields. <2,2,"));
    assert_non_null(strstr(out.data, "\n4 3|3|"));
    buf_clear(&text);
    append_wide(&text, CSV_COLUMNS_MAX + 1, "c");
    expect(text.data, "Line 1: more than 500 fields.\n");
}

/* Opens `text`, whose header has been written to it, and checks the results one by one. */
static void expect_results(const struct buf *text, const enum csv_result *results, size_t count)
{
    struct text_source source = {.text = buf_str(text), .piece = CSV_READ_BYTES};
    CLEANUP(csv_reader_done) struct csv_reader reader;
    struct csv_row row;
    assert_int_equal(csv_reader_open(&reader, csv_source_of(&source), 0, NULL), OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(csv_reader_next(&reader, &row, NULL), results[i]);
    assert_int_equal(csv_reader_bytes(&reader), text->len);
}

static void test_limits_fields(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 4 * CSV_ROW_BYTES_MAX);
    buf_append_text(&text, "a,b\n");
    append_repeated(&text, 'x', CSV_FIELD_BYTES_MAX);
    buf_append_text(&text, ",1\n");
    append_repeated(&text, 'x', CSV_FIELD_BYTES_MAX + 1);
    buf_append_text(&text, ",2\n\"");
    append_repeated(&text, 'x', CSV_FIELD_BYTES_MAX - 2);
    buf_append_text(&text, "\"\"\"\"\",3\n\""); /* two quotes written as four */
    append_repeated(&text, 'x', CSV_FIELD_BYTES_MAX - 1);
    buf_append_text(&text, "\"\"\"\"\",4\n5,6\n");
    static const enum csv_result results[] = {CSV_ROW,      CSV_REJECTED, CSV_ROW,
                                              CSV_REJECTED, CSV_ROW,      CSV_END};
    expect_results(&text, results, ARRAY_LEN(results));
}

/* A row of 32 fields that has exactly `bytes` bytes without its line end. */
static void append_long_row(struct buf *buf, size_t bytes)
{
    size_t before = buf->len;
    for (size_t i = 0; i < 31; i++) {
        append_repeated(buf, 'x', bytes / 32 - 1);
        buf_append_char(buf, ',');
    }
    append_repeated(buf, 'x', bytes - (buf->len - before));
}

static void test_limits_rows(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 16 * CSV_ROW_BYTES_MAX);
    append_wide(&text, 32, "c");
    append_long_row(&text, CSV_ROW_BYTES_MAX - 1);
    buf_append_text(&text, "\n");
    append_long_row(&text, CSV_ROW_BYTES_MAX - 2);
    buf_append_text(&text, "\r\n");
    append_long_row(&text, CSV_ROW_BYTES_MAX);
    buf_append_text(&text, "\n");
    append_long_row(&text, CSV_ROW_BYTES_MAX - 1);
    buf_append_text(&text, "\r\n");
    append_long_row(&text, 3 * CSV_ROW_BYTES_MAX / 2);
    buf_append_text(&text, "\r\n");
    append_wide(&text, 32, "short");
    append_long_row(&text, 2 * CSV_ROW_BYTES_MAX);
    static const enum csv_result results[] = {CSV_ROW,      CSV_ROW, CSV_REJECTED, CSV_REJECTED,
                                              CSV_REJECTED, CSV_ROW, CSV_REJECTED, CSV_END};
    expect_results(&text, results, ARRAY_LEN(results));
}

/* Lines of a megabyte are passed over whole, and line numbers stay right behind them. */
static void test_counts_lines_behind_a_long_one(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 8 * CSV_ROW_BYTES_MAX);
    buf_append_text(&text, "a,b\n");
    for (size_t extra = 0; extra < 3; extra++) {
        append_repeated(&text, 'x', CSV_ROW_BYTES_MAX + CSV_READ_BYTES - 2 + extra);
        buf_append_text(&text, "\r\n1,2\n");
    }
    struct text_source source = {.text = buf_str(&text), .piece = CSV_READ_BYTES};
    CLEANUP(csv_reader_done) struct csv_reader reader;
    struct csv_row row;
    assert_int_equal(csv_reader_open(&reader, csv_source_of(&source), 0, NULL), OK);
    for (uint64_t line = 2; line < 8; line += 2) {
        assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_REJECTED);
        assert_int_equal(row.line, line);
        assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_ROW);
        assert_int_equal(row.line, line + 1);
        assert_true(str_is(row.fields[1], "2"));
    }
    assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_END);
}

static void test_hands_on_what_the_source_fails_with(void **state)
{
    (void)state;
    struct text_source source = {.text = STR_LITERAL("a,b\n1,"), .piece = 3, .fails_at_end = true};
    CLEANUP(csv_reader_done) struct csv_reader reader;
    struct err err;
    assert_int_equal(csv_reader_open(&reader, csv_source_of(&source), 0, &err), ERR_STORE);
    assert_string_equal(err.detail, "the disk is gone");
    csv_reader_done(&reader);

    source = (struct text_source){.text = STR_LITERAL("a,b\n1,2\n"),
                                  .piece = CSV_READ_BYTES,
                                  .repeats_left = 20000,
                                  .fails_at_end = true};
    struct csv_row row;
    enum csv_result result;
    assert_int_equal(csv_reader_open(&reader, csv_source_of(&source), 0, &err), OK);
    while ((result = csv_reader_next(&reader, &row, &err)) == CSV_ROW)
        assert_int_equal(row.count, 2);
    assert_int_equal(result, CSV_FAILED);
    assert_int_equal(err.code, ERR_STORE);
}

/* Memory does not grow with the file. */
static void test_streams(void **state)
{
    (void)state;
    struct text_source source = {.text = STR_LITERAL("id,text\n1,\"one \"\"two\"\"\nthree\"\n"),
                                 .piece = CSV_READ_BYTES,
                                 .repeats_left = 100000};
    CLEANUP(csv_reader_done) struct csv_reader reader;
    struct csv_row row;
    uint64_t rows = 0;
    assert_int_equal(csv_reader_open(&reader, csv_source_of(&source), 0, NULL), OK);
    while (csv_reader_next(&reader, &row, NULL) == CSV_ROW)
        rows++;
    assert_int_equal(rows, 200001);
    assert_true(reader.window.cap <= 4 * CSV_READ_BYTES);
    assert_int_equal(csv_reader_bytes(&reader), source.text.len * 100001);
}

static void test_survives_failing_allocations(void **state)
{
    (void)state;
    bool is_done = false;
    for (int64_t n = 0; n < 50 && !is_done; n++) {
        struct text_source source = {.text = STR_LITERAL("a,b\n1,2\n"), .piece = 100};
        CLEANUP(csv_reader_done) struct csv_reader reader;
        struct err err;
        mem_fail_after(n);
        enum err_code code = csv_reader_open(&reader, csv_source_of(&source), 0, &err);
        mem_fail_after(-1);
        is_done = code == OK;
        if (!is_done)
            assert_int_equal(code, ERR_NOMEM);
    }
    assert_true(is_done);
}

static void test_writes(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 10000);
    struct csv_writer csv;
    csv_writer_init(&csv, &buf, ',');
    static const char *const fields[] = {"plain", "a,b", "say \"hi\"", "two\nlines", "\r",
                                         "a;b",   "",    " padded",    "=1+2",       "-5"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        csv_write_field(&csv, str_from(fields[i]));
    csv_write_field(&csv, (struct str){.data = NULL});
    csv_write_row_end(&csv);
    assert_string_equal(buf.data, "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"\r\",\"a;b\",,"
                                  "\" padded\",=1+2,-5,\r\n");
    buf_clear(&buf);
    csv_writer_init(&csv, &buf, ';');
    csv_write_field(&csv, str_from(""));
    csv_write_row_end(&csv);
    csv_write_field(&csv, str_from("x"));
    csv_write_field(&csv, str_from(""));
    csv_write_row_end(&csv);
    assert_string_equal(buf.data, "\"\"\r\nx;\r\n");
}

/* Random tests print their seed and take it back from the environment. */
static uint64_t test_seed(void)
{
    const char *text = getenv("TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)clock_wall_us();
    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed | 1;
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct str random_field(uint64_t *state, struct arena *arena)
{
    static const char *const pieces[] = {"a",    ",", ";",        "\t",           "\"", "\n",  "\r",
                                         "\r\n", " ", "\xC3\xA9", "\xEF\xBB\xBF", "=",  "long"};
    size_t count = random_next(state) % 8;
    struct buf buf;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < count; i++)
        buf_append_text(&buf, pieces[random_next(state) % ARRAY_LEN(pieces)]);
    struct str field = arena_str(arena, buf_str(&buf));
    buf_done(&buf);
    return field;
}

static void test_reads_back_what_was_written(void **state)
{
    (void)state;
    enum { ROWS = 3000, COLUMNS = 5 };
    uint64_t seed = test_seed();
    static struct str fields[ROWS][COLUMNS];
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf text;
    arena_init(&arena, 10000000);
    buf_init(&text, 10000000);
    struct csv_writer csv;
    csv_writer_init(&csv, &text, ',');
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++) {
            fields[i][j] = i == 0 ? STR_LITERAL("c") : random_field(&seed, &arena);
            csv_write_field(&csv, fields[i][j]);
        }
        csv_write_row_end(&csv);
    }
    struct text_source source = {.text = buf_str(&text), .piece = 1 + random_next(&seed) % 5000};
    CLEANUP(csv_reader_done) struct csv_reader reader;
    struct csv_row row;
    assert_int_equal(csv_reader_open(&reader, csv_source_of(&source), 0, NULL), OK);
    for (size_t i = 1; i < ROWS; i++) {
        assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_ROW);
        for (size_t j = 0; j < COLUMNS; j++)
            assert_true(str_eq(row.fields[j], fields[i][j]));
    }
    assert_int_equal(csv_reader_next(&reader, &row, NULL), CSV_END);
}

/* Real files, where they are at hand. */
static enum err_code file_read(void *context, char *out, size_t size, size_t *ret_len,
                               struct err *reterr)
{
    FILE *file = context;
    *ret_len = fread(out, 1, size, file);
    return ferror(file) ? err_set(reterr, ERR_STORE, "read failed") : OK;
}

static void expect_real_file(const char *path, size_t columns, uint64_t rows)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("skipped: %s is not here\n", path);
        skip();
    }
    struct csv_reader reader;
    struct csv_row row;
    uint64_t count = 0;
    struct csv_source source = {.read = file_read, .context = file};
    assert_int_equal(csv_reader_open(&reader, source, 0, NULL), OK);
    assert_int_equal(reader.column_count, columns);
    while (csv_reader_next(&reader, &row, NULL) == CSV_ROW)
        count++;
    assert_int_equal(count, rows);
    csv_reader_done(&reader);
    assert_int_equal(fclose(file), 0);
}

static void test_reads_real_leads(void **state)
{
    (void)state;
    expect_real_file(SOURCE_DIR "/../shared/data/olist/olist_marketing_qualified_leads_dataset.csv",
                     4, 8000);
}

static void test_reads_real_deals(void **state)
{
    (void)state;
    expect_real_file(SOURCE_DIR "/../shared/data/olist/olist_closed_deals_dataset.csv", 14, 842);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_rows),
        cmocka_unit_test(test_reads_quoted_fields),
        cmocka_unit_test(test_skips_blank_lines),
        cmocka_unit_test(test_detects_the_delimiter),
        cmocka_unit_test(test_rejects_bad_quotes_and_goes_on_at_the_next_line),
        cmocka_unit_test(test_rejects_a_wrong_number_of_fields),
        cmocka_unit_test(test_rejects_what_is_not_text),
        cmocka_unit_test(test_refuses_a_bad_header),
        cmocka_unit_test(test_limits_columns),
        cmocka_unit_test(test_limits_fields),
        cmocka_unit_test(test_limits_rows),
        cmocka_unit_test(test_counts_lines_behind_a_long_one),
        cmocka_unit_test(test_hands_on_what_the_source_fails_with),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_survives_failing_allocations),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_reads_back_what_was_written),
        cmocka_unit_test(test_reads_real_leads),
        cmocka_unit_test(test_reads_real_deals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
