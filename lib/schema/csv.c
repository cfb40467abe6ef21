#include "schema/csv.h"

#include <assert.h>
#include <stdio.h>

#include "base/utf8.h"

/*
 * The reader keeps a window of the file and the place in it where the next row starts. A row is
 * scanned where it stands; if it is not whole, more is read behind it and it is scanned again from
 * its start (at most sixteen times: a row is bounded). Only a row that is whole and right is
 * changed in place, when doubled quotes become single ones; so a rejected row can be shown as it
 * was written, and scanned again from its second line.
 */

enum {
    /* One byte more than a row may have tells a row that is too long from one that just fits. */
    SCAN_BYTES_MAX = CSV_ROW_BYTES_MAX + 1,
    WINDOW_BYTES_MAX = SCAN_BYTES_MAX + CSV_READ_BYTES,
    COLUMNS_BYTES_MAX = 2 * CSV_ROW_BYTES_MAX,
};

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

enum scan_result {
    SCAN_ROW,
    SCAN_BAD,  /* fault says why */
    SCAN_MORE, /* what there is does not tell yet */
    SCAN_END,
    SCAN_FAILED,
};

/* One pass over the bytes from a row's start. */
struct scan {
    const char *data;
    size_t len;
    bool is_last; /* the file ends behind data[len - 1] */
    size_t at;
    size_t text_len; /* of a whole row, without its line end */
    uint64_t lines;  /* line ends inside quoted fields so far */
    size_t count;    /* fields */
    const char *fault;
};

static enum scan_result scan_fault(struct scan *scan, const char *fault)
{
    scan->fault = fault;
    return SCAN_BAD;
}

static bool is_line_end(char byte)
{
    return byte == '\n' || byte == '\r';
}

/* Bytes of the line end at data[at]; 0 when a CR stands last and what follows is not there yet. */
static size_t line_end_bytes(const char *data, size_t len, bool is_last, size_t at)
{
    if (data[at] == '\n')
        return 1;
    if (at + 1 < len)
        return data[at + 1] == '\n' ? 2 : 1;
    return is_last ? 1 : 0;
}

static uint64_t count_line_ends(struct str text)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_first_of_two = text.data[i] == '\r' && i + 1 < text.len && text.data[i + 1] == '\n';
        if (is_line_end(text.data[i]) && !is_first_of_two)
            count++;
    }
    return count;
}

static enum scan_result scan_quoted(struct scan *scan, char delimiter, struct str *ret_field,
                                    size_t *ret_doubled)
{
    size_t start = ++scan->at;
    size_t doubled = 0;
    for (;;) {
        const char *quote = memchr(scan->data + scan->at, '"', scan->len - scan->at);
        size_t end = quote != NULL ? (size_t)(quote - scan->data) : scan->len;
        if (end - start - doubled > CSV_FIELD_BYTES_MAX)
            return scan_fault(scan, "a field of more than 65536 bytes; is a quote not closed?");
        if (quote == NULL)
            return scan->is_last ? scan_fault(scan, "a quote that is never closed") : SCAN_MORE;
        scan->at = end + 1;
        if (scan->at == scan->len && !scan->is_last)
            return SCAN_MORE;
        struct str field = str_slice(scan->data + start, end - start);
        if (scan->at < scan->len && scan->data[scan->at] == '"') {
            doubled++;
            scan->at++;
            continue;
        }
        scan->lines += count_line_ends(field);
        if (scan->at < scan->len && scan->data[scan->at] != delimiter &&
            !is_line_end(scan->data[scan->at]))
            return scan_fault(scan, "text behind a closing quote; inside a field a quote is "
                                    "written twice");
        *ret_field = field;
        *ret_doubled = doubled;
        return SCAN_ROW;
    }
}

static enum scan_result scan_unquoted(struct scan *scan, char delimiter, struct str *ret_field)
{
    size_t start = scan->at;
    while (scan->at < scan->len) {
        char byte = scan->data[scan->at];
        if (byte == delimiter || is_line_end(byte))
            break;
        if (byte == '"')
            return scan_fault(scan, "a quote inside a field that does not begin with one; quote "
                                    "the field and write the quote twice");
        scan->at++;
        if (scan->at - start > CSV_FIELD_BYTES_MAX)
            return scan_fault(scan, "a field of more than 65536 bytes");
    }
    if (scan->at == scan->len && !scan->is_last)
        return SCAN_MORE;
    *ret_field = str_slice(scan->data + start, scan->at - start);
    return SCAN_ROW;
}

/* One row, with its line end. Its fields, still with their doubled quotes, into the reader. */
static enum scan_result scan_row(struct csv_reader *reader, struct scan *scan)
{
    for (;;) {
        if (scan->count == CSV_COLUMNS_MAX)
            return scan_fault(scan, "more than 500 fields");
        struct str *field = &reader->fields[scan->count];
        size_t *doubled = &reader->doubled_quotes[scan->count];
        *doubled = 0;
        bool is_quoted = scan->at < scan->len && scan->data[scan->at] == '"';
        enum scan_result result = is_quoted ? scan_quoted(scan, reader->delimiter, field, doubled)
                                            : scan_unquoted(scan, reader->delimiter, field);
        if (result != SCAN_ROW)
            return result;
        scan->count++;
        scan->text_len = scan->at;
        if (scan->at == scan->len)
            return SCAN_ROW;
        if (is_line_end(scan->data[scan->at])) {
            size_t bytes = line_end_bytes(scan->data, scan->len, scan->is_last, scan->at);
            scan->at += bytes;
            return bytes > 0 ? SCAN_ROW : SCAN_MORE;
        }
        scan->at++;
    }
}

/* Reads on behind what is in the window, after dropping what was handed out. */
static enum err_code fill(struct csv_reader *reader, struct err *reterr)
{
    struct buf *window = &reader->window;
    if (reader->start > 0) {
        window->len -= reader->start;
        memmove(window->data, window->data + reader->start, window->len);
        reader->consumed_bytes += reader->start;
        reader->start = 0;
    }
    char *room = buf_extend(window, CSV_READ_BYTES);
    if (room == NULL)
        return err_set(reterr, ERR_NOMEM, "Not enough memory to read the file.");
    size_t got = 0;
    enum err_code code = OK;
    while (got < CSV_READ_BYTES && !reader->is_at_end && code == OK) {
        size_t len = 0;
        code = reader->source.read(reader->source.context, room + got, CSV_READ_BYTES - got, &len,
                                   reterr);
        assert(len <= CSV_READ_BYTES - got);
        got += len;
        reader->is_at_end = code == OK && len == 0;
    }
    window->len -= CSV_READ_BYTES - got;
    window->data[window->len] = '\0';
    return code;
}

static struct scan scan_begin(const struct csv_reader *reader)
{
    assert(reader->window.data != NULL); /* opening filled it */
    size_t available = reader->window.len - reader->start;
    return (struct scan){
        .data = reader->window.data + reader->start,
        .len = available < SCAN_BYTES_MAX ? available : SCAN_BYTES_MAX,
        .is_last = reader->is_at_end && available <= SCAN_BYTES_MAX,
    };
}

/* Scans the row at start until it is whole, leaving start where it is. */
static enum scan_result read_row(struct csv_reader *reader, struct scan *scan, struct err *reterr)
{
    for (;;) {
        *scan = scan_begin(reader);
        if (scan->len == 0 && scan->is_last)
            return SCAN_END;
        enum scan_result result = scan_row(reader, scan);
        bool is_too_long = scan->len == SCAN_BYTES_MAX &&
                           (result == SCAN_MORE || scan->at == SCAN_BYTES_MAX);
        if (result != SCAN_BAD && is_too_long)
            return scan_fault(scan, "a row of more than 1048576 bytes");
        if (result != SCAN_MORE)
            return result;
        if (fill(reader, reterr) != OK)
            return SCAN_FAILED;
    }
}

/* The same for the next row that is not a blank line. */
static enum scan_result read_next_row(struct csv_reader *reader, struct scan *scan,
                                      struct err *reterr)
{
    for (;;) {
        enum scan_result result = read_row(reader, scan, reterr);
        if (result != SCAN_ROW || scan->text_len > 0)
            return result;
        reader->start += scan->at;
        reader->line++;
    }
}

/* The line at start: its length without and with its line end. False when it is not whole. */
static bool find_line(const struct csv_reader *reader, size_t *ret_text_len, size_t *ret_bytes)
{
    struct scan scan = scan_begin(reader);
    while (scan.at < scan.len && !is_line_end(scan.data[scan.at]))
        scan.at++;
    if (scan.at == scan.len) {
        *ret_text_len = *ret_bytes = scan.len;
        return scan.is_last;
    }
    size_t bytes = line_end_bytes(scan.data, scan.len, scan.is_last, scan.at);
    *ret_text_len = scan.at;
    *ret_bytes = scan.at + bytes;
    return bytes > 0;
}

/* Passes over the rest of a line that was too long to be looked at, without keeping it. */
static enum err_code skip_line(struct csv_reader *reader, struct err *reterr)
{
    size_t text_len, bytes;
    while (!find_line(reader, &text_len, &bytes)) {
        reader->start += text_len; /* a CR at the end stays until its LF is seen */
        enum err_code code = fill(reader, reterr);
        if (code != OK)
            return code;
    }
    reader->start += bytes;
    reader->line++;
    reader->is_skipping = false;
    return OK;
}

static void explain(struct csv_reader *reader, const struct scan *scan, const char *fault)
{
    unsigned long long line = reader->line;
    if (scan->lines == 0)
        err_set(&reader->reason, ERR_INVALID, "Line %llu: %s.", line, fault);
    else
        err_set(&reader->reason, ERR_INVALID, "Line %llu (up to line %llu): %s.", line,
                line + scan->lines, fault);
}

/* Rejects the first line of a row that has no certain end; the next row starts behind that line. */
static enum csv_result reject_line(struct csv_reader *reader, struct csv_row *ret_row,
                                   struct err *reterr)
{
    size_t text_len, bytes;
    bool is_whole = find_line(reader, &text_len, &bytes);
    while (!is_whole && reader->window.len - reader->start < SCAN_BYTES_MAX) {
        if (fill(reader, reterr) != OK)
            return CSV_FAILED;
        is_whole = find_line(reader, &text_len, &bytes);
    }
    is_whole = is_whole && text_len <= CSV_ROW_BYTES_MAX;
    if (!is_whole)
        bytes = text_len = CSV_ROW_BYTES_MAX;
    *ret_row = (struct csv_row){
        .number = ++reader->rows,
        .line = reader->line,
        .text = str_slice(reader->window.data + reader->start, text_len),
        .reason = reader->reason.detail,
    };
    reader->start += bytes;
    reader->line += is_whole ? 1 : 0;
    reader->is_skipping = !is_whole;
    return CSV_REJECTED;
}

/* `"a ""b"""` → `a "b"`, in place: the row is whole and nobody needs its text any more. */
static void undouble_quotes(struct csv_reader *reader, size_t index)
{
    struct str *field = &reader->fields[index];
    char *text = reader->window.data + (field->data - reader->window.data);
    size_t len = 0;
    for (size_t i = 0; i < field->len; i++) {
        text[len++] = field->data[i];
        if (field->data[i] == '"')
            i++; /* its twin */
    }
    assert(len + reader->doubled_quotes[index] == field->len);
    field->len = len;
}

static const char *text_fault(struct str text)
{
    if (!utf8_is_valid(text))
        return "not UTF-8 text; save the file as CSV UTF-8";
    return memchr(text.data, '\0', text.len) != NULL ? "a NUL character" : NULL;
}

/* A whole row: out if it is right, else rejected as a whole. */
static enum csv_result hand_out(struct csv_reader *reader, const struct scan *scan,
                                struct csv_row *ret_row)
{
    struct str text = str_slice(scan->data, scan->text_len);
    struct csv_row row = {.number = ++reader->rows, .line = reader->line};
    const char *fault = text_fault(text);
    char wrong_count[64];
    if (fault == NULL && scan->count != reader->column_count) {
        snprintf(wrong_count, sizeof wrong_count, "%zu field%s where the header has %zu",
                 scan->count, scan->count == 1 ? "" : "s", reader->column_count);
        fault = wrong_count;
    }
    if (fault != NULL) {
        explain(reader, scan, fault);
        row.text = text;
        row.reason = reader->reason.detail;
    } else {
        for (size_t i = 0; i < scan->count; i++)
            if (reader->doubled_quotes[i] > 0)
                undouble_quotes(reader, i);
        row.fields = reader->fields;
        row.count = scan->count;
    }
    reader->start += scan->at;
    reader->line += scan->lines + 1;
    *ret_row = row;
    return fault != NULL ? CSV_REJECTED : CSV_ROW;
}

enum csv_result csv_reader_next(struct csv_reader *reader, struct csv_row *ret_row,
                                struct err *reterr)
{
    if (reader->is_skipping && skip_line(reader, reterr) != OK)
        return CSV_FAILED;
    struct scan scan;
    switch (read_next_row(reader, &scan, reterr)) {
    case SCAN_ROW:
        return hand_out(reader, &scan, ret_row);
    case SCAN_BAD:
        explain(reader, &scan, scan.fault);
        return reject_line(reader, ret_row, reterr);
    case SCAN_END:
        return CSV_END;
    case SCAN_FAILED:
    case SCAN_MORE: /* read_row reads on instead */
        break;
    }
    return CSV_FAILED;
}

/* The most frequent candidate outside quotes in the first line that is not blank, as far as it is
 * in the window (a header is shorter). */
static char detect_delimiter(struct str text)
{
    static const char candidates[] = {',', ';', '\t'};
    size_t counts[ARRAY_LEN(candidates)] = {0};
    bool is_quoted = false;
    size_t at = 0;
    while (at < text.len && is_line_end(text.data[at]))
        at++;
    for (; at < text.len && (is_quoted || !is_line_end(text.data[at])); at++) {
        if (text.data[at] == '"')
            is_quoted = !is_quoted;
        for (size_t i = 0; i < ARRAY_LEN(candidates); i++)
            counts[i] += !is_quoted && text.data[at] == candidates[i];
    }
    size_t best = 0;
    for (size_t i = 1; i < ARRAY_LEN(candidates); i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}

/* Keeps the header's fields as the columns. */
static enum err_code keep_columns(struct csv_reader *reader, struct scan *scan, struct err *reterr)
{
    const char *fault = text_fault(str_slice(scan->data, scan->text_len));
    if (fault != NULL) {
        explain(reader, scan, fault);
        return err_set(reterr, ERR_INVALID, "%s", reader->reason.detail);
    }
    struct str *columns = arena_array(&reader->arena, scan->count, sizeof columns[0]);
    if (columns == NULL)
        return err_set(reterr, ERR_NOMEM, "Not enough memory for the header.");
    for (size_t i = 0; i < scan->count; i++) {
        if (reader->doubled_quotes[i] > 0)
            undouble_quotes(reader, i);
        columns[i] = arena_str(&reader->arena, str_trim(reader->fields[i]));
        if (columns[i].data == NULL)
            return err_set(reterr, ERR_NOMEM, "Not enough memory for the header.");
    }
    reader->columns = columns;
    reader->column_count = scan->count;
    reader->start += scan->at;
    reader->line += scan->lines + 1;
    return OK;
}

enum err_code csv_reader_open(struct csv_reader *reader, struct csv_source source, char delimiter,
                              struct err *reterr)
{
    *reader = (struct csv_reader){.source = source, .delimiter = delimiter, .line = 1};
    buf_init(&reader->window, WINDOW_BYTES_MAX);
    arena_init(&reader->arena, COLUMNS_BYTES_MAX);
    enum err_code code = fill(reader, reterr);
    if (code != OK)
        return code;
    assert(reader->window.data != NULL);
    if (str_starts_with(buf_str(&reader->window), BYTE_ORDER_MARK))
        reader->start = sizeof BYTE_ORDER_MARK - 1;
    if (delimiter == '\0')
        reader->delimiter = detect_delimiter(
            str_slice(reader->window.data + reader->start, reader->window.len - reader->start));
    struct scan scan;
    struct err failure = {.code = OK};
    switch (read_next_row(reader, &scan, &failure)) {
    case SCAN_ROW:
        return keep_columns(reader, &scan, reterr);
    case SCAN_BAD:
        explain(reader, &scan, scan.fault);
        return err_set(reterr, ERR_INVALID, "%s", reader->reason.detail);
    case SCAN_END:
        return err_set(reterr, ERR_INVALID, "The file is empty: it has no header row.");
    case SCAN_FAILED:
    case SCAN_MORE:
        break;
    }
    return err_set(reterr, failure.code, "%s", failure.detail);
}

uint64_t csv_reader_bytes(const struct csv_reader *reader)
{
    return reader->consumed_bytes + reader->start;
}

void csv_reader_done(struct csv_reader *reader)
{
    if (reader == NULL)
        return;
    buf_done(&reader->window);
    arena_done(&reader->arena);
    reader->columns = NULL;
    reader->column_count = 0;
}

void csv_writer_init(struct csv_writer *csv, struct buf *buf, char delimiter)
{
    *csv = (struct csv_writer){.buf = buf, .delimiter = delimiter, .row_start = buf->len};
}

/* Quoted too: what only other readers would trim, take for the delimiter or for a byte order mark.
 */
static bool needs_quotes(struct str value)
{
    if (value.len == 0)
        return false;
    if (value.data[0] == ' ' || value.data[value.len - 1] == ' ' ||
        str_starts_with(value, BYTE_ORDER_MARK))
        return true;
    for (size_t i = 0; i < value.len; i++)
        switch (value.data[i]) {
        case '"':
        case ',':
        case ';':
        case '\t':
        case '\n':
        case '\r':
            return true;
        default:
            break;
        }
    return false;
}

void csv_write_field(struct csv_writer *csv, struct str value)
{
    if (csv->row_fields++ > 0)
        buf_append_char(csv->buf, csv->delimiter);
    if (!needs_quotes(value)) {
        buf_append_str(csv->buf, value);
        return;
    }
    buf_append_char(csv->buf, '"');
    while (value.data != NULL) {
        struct str piece = str_cut(&value, '"');
        buf_append_str(csv->buf, piece);
        if (value.data != NULL)
            buf_append_text(csv->buf, "\"\"");
    }
    buf_append_char(csv->buf, '"');
}

void csv_write_row_end(struct csv_writer *csv)
{
    if (csv->row_fields == 1 && csv->buf->len == csv->row_start)
        buf_append_text(csv->buf, "\"\"");
    buf_append_text(csv->buf, "\r\n");
    csv->row_fields = 0;
    csv->row_start = csv->buf->len;
}
