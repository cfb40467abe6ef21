#include "store/rows_internal.h"

#include <assert.h>
#include <endian.h>
#include <math.h>

#define POSTGRES_EPOCH_US (INT64_C(946684800) * US_PER_SECOND)

enum { ARRAY_HEADER_BYTES = 20 };

/* A struct rows is the PGresult itself: it never needs a second allocation. */
static const PGresult *result_of(const struct rows *rows)
{
    return (const PGresult *)(const void *)rows;
}

struct rows *rows_from_result(PGresult *result)
{
    return (struct rows *)(void *)result;
}

size_t rows_count(const struct rows *rows)
{
    return rows == NULL ? 0 : (size_t)PQntuples(result_of(rows));
}

size_t rows_affected(const struct rows *rows)
{
    int64_t count = 0;
    PGresult *result = (PGresult *)(uintptr_t)rows;
    const char *text = PQcmdTuples(result);
    return str_to_int64(str_from(text), &count) && count > 0 ? (size_t)count : 0;
}

void rows_free(struct rows *rows)
{
    PQclear((PGresult *)(void *)rows);
}

static struct str cell(const struct rows *rows, size_t row, size_t column)
{
    const PGresult *result = result_of(rows);
    assert(row < (size_t)PQntuples(result) && column < (size_t)PQnfields(result));
    if (PQgetisnull(result, (int)row, (int)column)) {
        return (struct str){0};
    }
    return str_slice(PQgetvalue(result, (int)row, (int)column),
                     (size_t)PQgetlength(result, (int)row, (int)column));
}

bool row_is_null(const struct rows *rows, size_t row, size_t column)
{
    return cell(rows, row, column).data == NULL;
}

struct str row_text(const struct rows *rows, size_t row, size_t column)
{
    return cell(rows, row, column);
}

static uint32_t get_u32(const char *data)
{
    uint32_t value;
    memcpy(&value, data, sizeof value);
    return be32toh(value);
}

static uint64_t get_u64(const char *data)
{
    uint64_t value;
    memcpy(&value, data, sizeof value);
    return be64toh(value);
}

static double get_real(const char *data)
{
    const uint64_t bits = get_u64(data);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int64_t get_time(const char *data)
{
    return (int64_t)get_u64(data) + POSTGRES_EPOCH_US;
}

int32_t row_int(const struct rows *rows, size_t row, size_t column)
{
    const struct str value = cell(rows, row, column);
    assert(value.data == NULL || value.len == 4);
    return value.data == NULL ? 0 : (int32_t)get_u32(value.data);
}

int64_t row_bigint(const struct rows *rows, size_t row, size_t column)
{
    const struct str value = cell(rows, row, column);
    assert(value.data == NULL || value.len == 8);
    return value.data == NULL ? 0 : (int64_t)get_u64(value.data);
}

double row_real(const struct rows *rows, size_t row, size_t column)
{
    const struct str value = cell(rows, row, column);
    assert(value.data == NULL || value.len == 8);
    return value.data == NULL ? (double)NAN : get_real(value.data);
}

bool row_bool(const struct rows *rows, size_t row, size_t column)
{
    const struct str value = cell(rows, row, column);
    assert(value.data == NULL || value.len == 1);
    return value.data != NULL && value.data[0] != 0;
}

struct uuid row_uuid(const struct rows *rows, size_t row, size_t column)
{
    const struct str value = cell(rows, row, column);
    struct uuid uuid = {{0}};
    assert(value.data == NULL || value.len == sizeof uuid.bytes);
    if (value.data != NULL) {
        memcpy(uuid.bytes, value.data, sizeof uuid.bytes);
    }
    return uuid;
}

int64_t row_time(const struct rows *rows, size_t row, size_t column)
{
    const struct str value = cell(rows, row, column);
    assert(value.data == NULL || value.len == 8);
    return value.data == NULL ? TIME_NONE : get_time(value.data);
}

/* The items of an array of 8-byte values: each is its length (always 8 here) and its bytes. */
static size_t array_items(struct str array, size_t max, const char **ret_first)
{
    if (array.data == NULL || array.len < ARRAY_HEADER_BYTES) {
        return 0;
    }
    const size_t count = get_u32(array.data + 12);
    assert(array.len == ARRAY_HEADER_BYTES + count * 12);
    *ret_first = array.data + ARRAY_HEADER_BYTES + 4;
    return count < max ? count : max;
}

size_t row_reals(const struct rows *rows, size_t row, size_t column, double *out, size_t max)
{
    const char *item = NULL;
    const size_t count = array_items(cell(rows, row, column), max, &item);
    for (size_t i = 0; i < count; i++, item += 12) {
        out[i] = get_real(item);
    }
    return count;
}

size_t row_times(const struct rows *rows, size_t row, size_t column, int64_t *out, size_t max)
{
    const char *item = NULL;
    const size_t count = array_items(cell(rows, row, column), max, &item);
    for (size_t i = 0; i < count; i++, item += 12) {
        out[i] = get_time(item);
    }
    return count;
}
