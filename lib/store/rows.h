/*
 * What a statement returned, without libpq: rows of columns in PostgreSQL's binary format, read by
 * position. The texts point into the result and live until rows_free, so as long as the operation's
 * finish call.
 */
#pragma once

#include "base/clock.h"
#include "base/uuid.h"

struct rows;

size_t rows_count(const struct rows *rows);
/* Takes NULL. */
void rows_free(struct rows *rows);

bool row_is_null(const struct rows *rows, size_t row, size_t column);
/* text, json, name, enum, the bytes of bytea and tid; absent when null. For jsonb cast to text or
 * json in the statement. */
struct str row_text(const struct rows *rows, size_t row, size_t column);
int32_t row_int(const struct rows *rows, size_t row, size_t column);    /* int4; null: 0 */
int64_t row_bigint(const struct rows *rows, size_t row, size_t column); /* int8; null: 0 */
double row_real(const struct rows *rows, size_t row, size_t column);    /* float8; null: NaN */
bool row_bool(const struct rows *rows, size_t row, size_t column);
struct uuid row_uuid(const struct rows *rows, size_t row, size_t column); /* null: nil */
int64_t row_time(const struct rows *rows, size_t row, size_t column);     /* null: TIME_NONE */
/* float8[] without nulls into out[≤ max]; returns how many the array has. */
size_t row_reals(const struct rows *rows, size_t row, size_t column, double *out, size_t max);
/* timestamptz[] without nulls. */
size_t row_times(const struct rows *rows, size_t row, size_t column, int64_t *out, size_t max);
