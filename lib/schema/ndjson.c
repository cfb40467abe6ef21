#include "schema/ndjson.h"

#include <assert.h>

#include "base/utf8.h"

enum {
    WINDOW_BYTES_MAX = NDJSON_LINE_BYTES_MAX + 1 + CSV_READ_BYTES,
    ROW_ARENA_BYTES_MAX = 8 << 20,
    NESTING_MAX = 8,
};

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* ---- columns ---- */

static_assert((size_t)NDJSON_COLUMNS_MAX * 2 < (size_t)NDJSON_COLUMN_SLOTS,
              "a search always meets a free slot");

void ndjson_columns_init(struct ndjson_columns *columns, struct arena *arena)
{
    *columns = (struct ndjson_columns){.arena = arena};
}

/* FNV-1a, 32 bits (Fowler, Noll, Vo). */
static uint32_t hash_of(struct str text)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 16777619U;
    return hash;
}

/* The slot of this name, or the free one where it would go. */
static uint16_t *slot_of(struct ndjson_columns *columns, struct str name)
{
    size_t index = hash_of(name) % NDJSON_COLUMN_SLOTS;
    while (columns->slots[index] != 0 && !str_eq(columns->names[columns->slots[index] - 1], name))
        index = (index + 1) % NDJSON_COLUMN_SLOTS;
    return &columns->slots[index];
}

static enum err_code add_column(struct ndjson_columns *columns, struct str name, uint16_t *slot,
                                struct err *reterr)
{
    if (columns->count == NDJSON_COLUMNS_MAX)
        return err_set(reterr, ERR_TOO_LARGE,
                       "The file's objects have more than %d different names.", NDJSON_COLUMNS_MAX);
    const struct str kept = arena_str(columns->arena, name);
    if (kept.data == NULL)
        return err_set(reterr, ERR_NOMEM, "Not enough memory for the names in the file.");
    columns->names[columns->count++] = kept;
    *slot = (uint16_t)columns->count;
    return OK;
}

/* ---- a row's fields ---- */

/* What walking an object carries along. */
struct walk {
    struct ndjson_reader *reader;
    char name[NDJSON_NAME_BYTES_MAX];
    size_t name_len;
    unsigned nesting;
    struct err *reterr;
};

/* The row is to be rejected; the walk goes on to its end. */
static enum err_code reject(struct walk *walk, const char *fault)
{
    walk->reader->fault = fault;
    return OK;
}

static enum err_code put_field(struct walk *walk, struct str value, enum ndjson_kind kind)
{
    struct ndjson_reader *reader = walk->reader;
    const struct str name = str_slice(walk->name, walk->name_len);
    uint16_t *slot = slot_of(reader->columns, name);
    if (*slot == 0 && !reader->is_learning)
        return err_set(walk->reterr, ERR_INVALID, "The file was changed while it was being read.");
    const enum err_code code = *slot == 0 ? add_column(reader->columns, name, slot, walk->reterr)
                                          : OK;
    if (code == OK && value.len > CSV_FIELD_BYTES_MAX)
        return reject(walk, "a value of more than 65536 bytes");
    if (code == OK) {
        reader->fields[*slot - 1] = value;
        reader->kinds[*slot - 1] = kind;
    }
    return code;
}

static enum err_code put_written(struct walk *walk, const json_t *value, enum ndjson_kind kind)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, NDJSON_LINE_BYTES_MAX);
    json_serialize(&text, value);
    const struct str kept = text.failed ? (struct str){0}
                                        : arena_str(&walk->reader->arena, buf_str(&text));
    return kept.data != NULL ? put_field(walk, kept, kind)
                             : err_set(walk->reterr, ERR_NOMEM, "Not enough memory for a row.");
}

/* Adds ".name" to the walk's; false when that is too long. */
static bool push_name(struct walk *walk, struct str name)
{
    const size_t dot = walk->name_len > 0 ? 1 : 0;
    if (name.len + dot > sizeof walk->name - walk->name_len)
        return false;
    if (dot > 0)
        walk->name[walk->name_len++] = '.';
    if (name.len > 0)
        memcpy(walk->name + walk->name_len, name.data, name.len);
    walk->name_len += name.len;
    return true;
}

static bool is_consent(const json_t *value)
{
    return json_is_string(json_object_get(value, "purpose")) &&
           json_is_boolean(json_object_get(value, "granted")) && json_object_size(value) == 2;
}

static enum err_code take_consents(struct walk *walk, const json_t *list)
{
    enum err_code code = OK;
    size_t index;
    const json_t *consent;
    json_array_foreach(list, index, consent)
    {
        const size_t name_len = walk->name_len;
        if (!is_consent(consent) ||
            !push_name(walk, json_str_of(json_object_get(consent, "purpose"))))
            return reject(walk, "a consent that is not {\"purpose\", \"granted\"}");
        const bool is_granted = json_is_true(json_object_get(consent, "granted"));
        code = put_field(walk, is_granted ? STR_LITERAL("true") : STR_LITERAL("false"),
                         NDJSON_BOOLEAN);
        walk->name_len = name_len;
        if (code != OK)
            break;
    }
    return code;
}

static enum err_code take_object(struct walk *walk, const json_t *object);

static enum err_code take_value(struct walk *walk, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return take_object(walk, value);
    case JSON_ARRAY:
        return walk->nesting == 1 && str_is(str_slice(walk->name, walk->name_len), "consents")
                   ? take_consents(walk, value)
                   : put_written(walk, value, NDJSON_LIST);
    case JSON_STRING:
        return put_field(walk, json_str_of(value), NDJSON_TEXT);
    case JSON_INTEGER:
    case JSON_REAL:
        return put_written(walk, value, NDJSON_NUMBER);
    case JSON_TRUE:
        return put_field(walk, STR_LITERAL("true"), NDJSON_BOOLEAN);
    case JSON_FALSE:
        return put_field(walk, STR_LITERAL("false"), NDJSON_BOOLEAN);
    case JSON_NULL:
        break;
    }
    return OK;
}

static bool is_passed_over(const struct walk *walk, struct str name)
{
    return walk->nesting == 1 &&
           (str_is(name, "_reason") || str_is(name, "_line") || str_is(name, "_text"));
}

static enum err_code take_object(struct walk *walk, const json_t *object)
{
    if (walk->nesting == NESTING_MAX)
        return reject(walk, "objects nested more than 8 deep");
    walk->nesting++;
    enum err_code code = OK;
    json_t *members = json_unconst(object);
    for (void *at = json_object_iter(members); at != NULL && code == OK;
         at = json_object_iter_next(members, at)) {
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        const size_t name_len = walk->name_len;
        if (is_passed_over(walk, name))
            continue;
        code = push_name(walk, name) ? take_value(walk, json_object_iter_value(at))
                                     : reject(walk, "a name of more than 256 bytes");
        walk->name_len = name_len;
    }
    walk->nesting--;
    return code;
}

/* ---- lines ---- */

void ndjson_reader_init(struct ndjson_reader *reader, struct csv_source source,
                        struct ndjson_columns *columns, bool is_learning)
{
    *reader =
        (struct ndjson_reader){.source = source, .columns = columns, .is_learning = is_learning};
    buf_init(&reader->window, WINDOW_BYTES_MAX);
    arena_init(&reader->arena, ROW_ARENA_BYTES_MAX);
}

void ndjson_reader_done(struct ndjson_reader *reader)
{
    if (reader == NULL)
        return;
    json_decref(reader->object);
    reader->object = NULL;
    buf_done(&reader->window);
    arena_done(&reader->arena);
}

uint64_t ndjson_reader_bytes(const struct ndjson_reader *reader)
{
    return reader->consumed_bytes + reader->start;
}

/* More of the file behind what there is; what was read already leaves the window. */
static enum err_code fill(struct ndjson_reader *reader, struct err *reterr)
{
    struct buf *window = &reader->window;
    if (reader->start > 0) {
        memmove(window->data, window->data + reader->start, window->len - reader->start);
        window->len -= reader->start;
        reader->consumed_bytes += reader->start;
        reader->start = 0;
    }
    const size_t before = window->len;
    char *out = buf_extend(window, CSV_READ_BYTES);
    if (out == NULL)
        return err_set(reterr, ERR_NOMEM, "Not enough memory for a line of the file.");
    size_t len = 0;
    const enum err_code code =
        reader->source.read(reader->source.context, out, CSV_READ_BYTES, &len, reterr);
    window->len = before + len;
    reader->is_at_end = code == OK && len == 0;
    return code;
}

/* The next line, without its end, into *ret_text. CSV_REJECTED: it is too long, and this is its
 * beginning. */
static enum csv_result next_line(struct ndjson_reader *reader, struct str *ret_text,
                                 struct err *reterr)
{
    struct buf *window = &reader->window;
    size_t seen = 0;
    for (;;) {
        const char *begin = window->data != NULL ? window->data + reader->start : "";
        const size_t len = window->len - reader->start;
        const char *end = len > seen ? memchr(begin + seen, '\n', len - seen) : NULL;
        const size_t text_len = end != NULL ? (size_t)(end - begin) : len;
        if (text_len > NDJSON_LINE_BYTES_MAX) {
            *ret_text = str_slice(begin, NDJSON_LINE_BYTES_MAX);
            reader->is_skipping = end == NULL;
            reader->start += end != NULL ? text_len + 1 : len;
            return CSV_REJECTED;
        }
        if (end != NULL || (reader->is_at_end && len > 0)) {
            *ret_text = str_slice(begin, text_len);
            reader->start += end != NULL ? text_len + 1 : len;
            return CSV_ROW;
        }
        if (reader->is_at_end)
            return CSV_END;
        seen = len;
        if (fill(reader, reterr) != OK)
            return CSV_FAILED;
    }
}

/* Passes over the rest of a line that was too long. */
static enum err_code skip_line(struct ndjson_reader *reader, struct err *reterr)
{
    while (reader->is_skipping) {
        struct buf *window = &reader->window;
        const size_t len = window->len - reader->start;
        const char *begin = len > 0 ? window->data + reader->start : NULL;
        const char *end = len > 0 ? memchr(begin, '\n', len) : NULL;
        reader->start += end != NULL ? (size_t)(end - begin) + 1 : len;
        reader->is_skipping = end == NULL && !reader->is_at_end;
        const enum err_code code = reader->is_skipping ? fill(reader, reterr) : OK;
        if (code != OK)
            return code;
    }
    return OK;
}

static enum csv_result reject_line(struct ndjson_reader *reader, struct ndjson_row *row,
                                   const char *fault)
{
    (void)err_set(&reader->reason, ERR_INVALID, "Line %llu: %s", (unsigned long long)row->line,
                  fault);
    row->fields = NULL;
    row->kinds = NULL;
    row->reason = reader->reason.detail;
    return CSV_REJECTED;
}

/* A line that is not too long. */
static enum csv_result read_object(struct ndjson_reader *reader, struct ndjson_row *row,
                                   struct err *reterr)
{
    struct err fault;
    const enum err_code parsed = json_parse(row->text, &reader->object, &fault);
    if (parsed == ERR_NOMEM) {
        (void)err_set(reterr, parsed, "%s", fault.detail);
        return CSV_FAILED;
    }
    if (parsed != OK)
        return reject_line(reader, row, fault.detail);
    if (!json_is_object(reader->object))
        return reject_line(reader, row, "this is not a JSON object");
    for (size_t i = 0; i < reader->columns->count; i++) {
        reader->fields[i] = str_slice("", 0);
        reader->kinds[i] = NDJSON_TEXT;
    }
    struct walk walk = {.reader = reader, .reterr = reterr};
    if (take_object(&walk, reader->object) != OK)
        return CSV_FAILED;
    if (reader->fault != NULL)
        return reject_line(reader, row, reader->fault);
    row->fields = reader->fields;
    row->kinds = reader->kinds;
    return CSV_ROW;
}

enum csv_result ndjson_reader_next(struct ndjson_reader *reader, struct ndjson_row *ret_row,
                                   struct err *reterr)
{
    json_decref(reader->object);
    reader->object = NULL;
    reader->fault = NULL;
    arena_clear(&reader->arena);
    if (skip_line(reader, reterr) != OK)
        return CSV_FAILED;
    struct ndjson_row row = {.number = 0};
    enum csv_result result;
    do {
        result = next_line(reader, &row.text, reterr);
        if (result == CSV_END || result == CSV_FAILED)
            return result;
        reader->line++;
        if (reader->line == 1 && str_starts_with(row.text, BYTE_ORDER_MARK))
            row.text = str_slice(row.text.data + 3, row.text.len - 3);
        row.text = result == CSV_ROW ? str_trim(row.text) : row.text;
    } while (result == CSV_ROW && row.text.len == 0);
    row.number = ++reader->rows;
    row.line = reader->line;
    result = result == CSV_ROW ? read_object(reader, &row, reterr)
                               : reject_line(reader, &row, "it has more than 1048576 bytes");
    if (result != CSV_FAILED)
        *ret_row = row;
    return result;
}
