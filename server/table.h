/*
 * Rows in the form that the client asked for: objects in a JSON document, lines of CSV, or one JSON
 * object a line. A row's cells are written once, in the order of the columns, and come out right in
 * all three.
 *
 *     struct table table;
 *     table_begin(&table, request, columns, ARRAY_LEN(columns));
 *     if (table.format == TABLE_JSON) { … what stands around the rows, on table.json, up to "data":
 * [ } table_row(&table); table_text(&table, "referral"); table_int(&table, 180); … if (table.format
 * == TABLE_JSON) { … ] and the rest } return table_end(&table);
 */
#pragma once

#include "reply.h"
#include "schema/csv.h"

enum table_format { TABLE_JSON, TABLE_CSV, TABLE_NDJSON, TABLE_FORMAT_COUNT_ };

/* What the Accept header likes best (RFC 9110 section 12.5.1); JSON when it is absent, malformed or
 * names none of the three, and among those it likes the same. */
enum table_format table_format_accepted(struct str accept);

struct table {
    struct request *request;
    enum table_format format;
    struct json_writer json; /* on the reply's body; of JSON and NDJSON */
    struct csv_writer csv;
    const char *const *columns; /* not owned */
    size_t column_count;
    size_t next_column; /* of the row being written */
    bool is_in_row;
};

/* Begins a reply of 200 in the format accepted; CSV has its header then. */
void table_begin(struct table *table, struct request *request, const char *const *columns,
                 size_t column_count);
/* Ends the row before and begins one. */
void table_row(struct table *table);
/* Ends the last row; for what stands behind the rows in a JSON document. */
void table_rows_end(struct table *table);
enum request_step table_end(struct table *table);

/* The next cell. In CSV null is empty. */
void table_str(struct table *table, struct str value);   /* absent: null */
void table_text(struct table *table, const char *value); /* NULL: null */
/* What somebody may have typed. Where a spreadsheet would take it for a formula, it is led by an
 * apostrophe in CSV: of all forms the one that people open with a program which runs it. */
void table_typed(struct table *table, struct str value);
void table_int(struct table *table, int64_t value);
void table_real(struct table *table, double value); /* not finite: null */
void table_bool(struct table *table, bool value);
/* JSON text in JSON, the text itself in CSV. */
void table_raw(struct table *table, struct str value);
