/*
 * The CSV reader on any bytes: it ends, counts rows and bytes rightly, hands out only text, and
 * what the writer makes of its rows reads back the same. The first byte picks the delimiter and how
 * the file is delivered; the rest is the file.
 */
#include <assert.h>

#include "base/utf8.h"
#include "schema/csv.h"

enum { COPY_BYTES_MAX = 16 * 1024 * 1024 };

struct bytes_source {
    struct str rest;
    size_t piece;
};

static enum err_code bytes_read(void *context, char *out, size_t size, size_t *ret_len,
                                struct err *reterr)
{
    struct bytes_source *source = context;
    (void)reterr;
    size_t len = source->rest.len < size ? source->rest.len : size;
    len = len < source->piece ? len : source->piece;
    if (len > 0)
        memcpy(out, source->rest.data, len);
    source->rest = str_slice(source->rest.data + len, source->rest.len - len);
    *ret_len = len;
    return OK;
}

static void write_row(struct csv_writer *csv, const struct str *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        csv_write_field(csv, fields[i]);
    csv_write_row_end(csv);
}

/* Reads the whole file; its header and good rows go to `copy`. False when it has no header. */
static bool read_file(struct bytes_source *source, char delimiter, struct buf *copy,
                      uint64_t *ret_rejected)
{
    CLEANUP(csv_reader_done) struct csv_reader reader;
    struct csv_row row;
    struct csv_writer csv;
    size_t size = source->rest.len;
    enum csv_result result;
    *ret_rejected = 0;
    struct csv_source reading = {.read = bytes_read, .context = source};
    if (csv_reader_open(&reader, reading, delimiter, NULL) != OK)
        return false;
    csv_writer_init(&csv, copy, reader.delimiter);
    write_row(&csv, reader.columns, reader.column_count);
    uint64_t number = 0;
    uint64_t line = 0;
    uint64_t bytes = csv_reader_bytes(&reader);
    while ((result = csv_reader_next(&reader, &row, NULL)) != CSV_END) {
        assert(result != CSV_FAILED);
        assert(row.number == ++number && row.line > line);
        assert(csv_reader_bytes(&reader) > bytes && csv_reader_bytes(&reader) <= size);
        line = row.line;
        bytes = csv_reader_bytes(&reader);
        if (result == CSV_REJECTED) {
            assert(row.reason != NULL && row.text.data != NULL);
            ++*ret_rejected;
            continue;
        }
        assert(row.count == reader.column_count);
        for (size_t i = 0; i < row.count; i++)
            assert(utf8_is_valid(row.fields[i]) && row.fields[i].len <= CSV_FIELD_BYTES_MAX);
        write_row(&csv, row.fields, row.count);
    }
    assert(csv_reader_bytes(&reader) == size);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = {'\0', ',', ';', '\t'};
    if (size == 0)
        return 0;
    struct bytes_source source = {
        .rest = str_slice((const char *)data + 1, size - 1),
        .piece = 1 + (data[0] >> 2),
    };
    char delimiter = delimiters[data[0] & 3];
    CLEANUP(buf_done) struct buf copy;
    CLEANUP(buf_done) struct buf twin;
    buf_init(&copy, COPY_BYTES_MAX);
    buf_init(&twin, COPY_BYTES_MAX);
    uint64_t rejected;
    if (!read_file(&source, delimiter, &copy, &rejected))
        return 0;
    /* The writer quotes every candidate, so that the copy's delimiter is found again. */
    struct bytes_source again = {.rest = buf_str(&copy), .piece = COPY_BYTES_MAX};
    bool is_read = read_file(&again, delimiter, &twin, &rejected);
    assert(is_read && rejected == 0);
    assert(str_eq(buf_str(&copy), buf_str(&twin)));
    return 0;
}
