/*
 * The NDJSON reader on any bytes: it ends, counts rows, lines and bytes rightly, hands out only
 * text, and reads the same again when it knows the names. The first byte says how the file is
 * delivered; the rest is the file.
 */
#include <assert.h>

#include "base/utf8.h"
#include "schema/ndjson.h"

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

/* The rows and the rejected ones; 0 of both when there are too many names. */
static bool read_file(struct bytes_source source, struct ndjson_columns *columns, bool is_learning,
                      size_t counts[2])
{
    CLEANUP(ndjson_reader_done) struct ndjson_reader reader;
    const size_t size = source.rest.len;
    ndjson_reader_init(&reader, (struct csv_source){bytes_read, &source}, columns, is_learning);
    struct ndjson_row row;
    struct err err = {.code = OK};
    enum csv_result result;
    uint64_t line = 0;
    counts[0] = counts[1] = 0;
    while ((result = ndjson_reader_next(&reader, &row, &err)) == CSV_ROW ||
           result == CSV_REJECTED) {
        counts[result == CSV_REJECTED]++;
        assert(row.number == counts[0] + counts[1] && row.line > line);
        assert((row.fields == NULL) == (row.reason != NULL) && row.text.data != NULL);
        line = row.line;
        for (size_t i = 0; row.fields != NULL && i < columns->count; i++)
            assert(utf8_is_valid(row.fields[i]) && row.fields[i].len <= CSV_FIELD_BYTES_MAX);
    }
    assert(result == CSV_END || err.code == ERR_TOO_LARGE);
    assert(result != CSV_END || ndjson_reader_bytes(&reader) == size);
    return result == CSV_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct bytes_source source = {.rest = str_slice((const char *)data + 1, size - 1),
                                        .piece = 1 + (size_t)data[0]};
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, 1 << 20);
    struct ndjson_columns columns;
    ndjson_columns_init(&columns, &arena);
    size_t learnt[2];
    size_t again[2];
    if (read_file(source, &columns, /* is_learning= */ true, learnt)) {
        const bool is_read = read_file(source, &columns, /* is_learning= */ false, again);
        assert(is_read && learnt[0] == again[0] && learnt[1] == again[1]);
    }
    return 0;
}
