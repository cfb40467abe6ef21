#include "table.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "schema/accept.h"

/* ---- Accept ---- */

static const struct {
    const char *type;
    const char *any;     /* of the same type */
    const char *content; /* the Content-Type */
} formats[TABLE_FORMAT_COUNT_] = {
    [TABLE_JSON] = {"application/json",     "application/*", "application/json"                       },
    [TABLE_CSV] = {"text/csv",             "text/*",        "text/csv; charset=utf-8; header=present"},
    [TABLE_NDJSON] = {"application/x-ndjson", "application/*", "application/x-ndjson"                   },
};

/* How exactly a media range names a format: 0 not at all … 3 by its own name. */
static unsigned exactness(struct str range, enum table_format format)
{
    if (str_eq_nocase(range, str_from(formats[format].type))) {
        return 3;
    }
    if (str_eq_nocase(range, str_from(formats[format].any))) {
        return 2;
    }
    return str_is(range, "*/*") ? 1 : 0;
}

/* The weight that the most exact of the ranges gives the format; 0: it is not wanted. */
static double format_weight(struct str accept, enum table_format format)
{
    double weight = 0;
    unsigned best = 0;
    while (accept.data != NULL) {
        struct str range = str_cut(&accept, ',');
        const struct str name = str_trim(str_cut(&range, ';'));
        const unsigned exact = exactness(name, format);
        if (exact > best) {
            best = exact;
            weight = accept_weight(range);
        }
    }
    return weight;
}

enum table_format table_format_accepted(struct str accept)
{
    enum table_format best = TABLE_JSON;
    double best_weight = format_weight(accept, TABLE_JSON);
    for (enum table_format format = TABLE_CSV; format < TABLE_FORMAT_COUNT_; format++) {
        const double weight = format_weight(accept, format);
        if (weight > best_weight) {
            best = format;
            best_weight = weight;
        }
    }
    return best;
}

/* ---- rows ---- */

void table_begin(struct table *table, struct request *request, const char *const *columns,
                 size_t column_count)
{
    struct http_message *message = request->message;
    *table = (struct table){
        .request = request,
        .format = table_format_accepted(http_header(message, "Accept")),
        .columns = columns,
        .column_count = column_count,
    };
    reply_json(request, 200, &table->json);
    message->reply.content_type = formats[table->format].content;
    http_reply_header(message, "Vary", STR_LITERAL("Accept"));
    if (table->format == TABLE_CSV) {
        csv_writer_init(&table->csv, &message->reply.body, ',');
        for (size_t i = 0; i < column_count; i++) {
            csv_write_field(&table->csv, str_from(columns[i]));
        }
        csv_write_row_end(&table->csv);
    }
}

void table_row(struct table *table)
{
    table_rows_end(table);
    table->is_in_row = true;
    table->next_column = 0;
    if (table->format != TABLE_CSV) {
        json_object_begin(&table->json);
    }
}

void table_rows_end(struct table *table)
{
    if (!table->is_in_row) {
        return;
    }
    assert(table->next_column == table->column_count);
    table->is_in_row = false;
    if (table->format == TABLE_CSV) {
        csv_write_row_end(&table->csv);
        return;
    }
    json_object_end(&table->json);
    if (table->format == TABLE_NDJSON) {
        struct buf *body = &table->request->message->reply.body;
        buf_append_char(body, '\n');
        json_writer_init(&table->json, body);
    }
}

enum request_step table_end(struct table *table)
{
    table_rows_end(table);
    return reply_end(table->request);
}

/* ---- cells ---- */

/* True when the cell is one of CSV; else its key has been written. */
static bool begin_cell(struct table *table)
{
    assert(table->next_column < table->column_count);
    const char *name = table->columns[table->next_column++];
    if (table->format == TABLE_CSV) {
        return true;
    }
    json_key(&table->json, name);
    return false;
}

void table_str(struct table *table, struct str value)
{
    if (begin_cell(table)) {
        csv_write_field(&table->csv, value);
    } else {
        json_str(&table->json, value);
    }
}

void table_text(struct table *table, const char *value)
{
    table_str(table, str_from(value));
}

/* A number or a telephone's, however it is set. */
static bool is_digits(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("0123456789 .,-/()", text.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

void table_typed(struct table *table, struct str value)
{
    const char first = value.len > 0 ? value.data[0] : ' ';
    const bool is_signed = first == '+' || first == '-';
    const bool is_formula = strchr("=@\t\r", first) != NULL ||
                            (is_signed && !is_digits(str_slice(value.data + 1, value.len - 1)));
    if (table->format != TABLE_CSV || !is_formula) {
        table_str(table, value);
        return;
    }
    CLEANUP(buf_done) struct buf led;
    buf_init(&led, value.len + 1);
    buf_append_char(&led, '\'');
    buf_append_str(&led, value);
    table_str(table, buf_str(&led));
    struct buf *body = &table->request->message->reply.body;
    body->failed = body->failed || led.failed;
}

void table_int(struct table *table, int64_t value)
{
    if (!begin_cell(table)) {
        json_int(&table->json, value);
        return;
    }
    char digits[32];
    const int len = snprintf(digits, sizeof digits, "%lld", (long long)value);
    csv_write_field(&table->csv, str_slice(digits, len > 0 ? (size_t)len : 0));
}

void table_real(struct table *table, double value)
{
    char text[32];
    if (!begin_cell(table)) {
        json_double(&table->json, value);
    } else if (isfinite(value)) {
        csv_write_field(&table->csv, str_slice(text, json_format_real(value, text)));
    } else {
        csv_write_field(&table->csv, (struct str){0});
    }
}

void table_bool(struct table *table, bool value)
{
    if (begin_cell(table)) {
        csv_write_field(&table->csv, value ? STR_LITERAL("true") : STR_LITERAL("false"));
    } else {
        json_bool(&table->json, value);
    }
}

void table_raw(struct table *table, struct str value)
{
    if (begin_cell(table)) {
        csv_write_field(&table->csv, value);
    } else {
        json_raw(&table->json, value);
    }
}
