#include "store/param.h"

#include <assert.h>
#include <endian.h>
#include <math.h>

/* PostgreSQL counts from 2000-01-01, we from 1970-01-01. */
#define POSTGRES_EPOCH_US (INT64_C(946684800) * US_PER_SECOND)

enum { ARRAY_HEADER_BYTES = 20 };

void params_init(struct params *params)
{
    for (size_t i = 0; i < PARAMS_MAX; i++) {
        params->items[i] = (struct param){0};
        buf_init(&params->items[i].bytes, PARAM_BYTES_MAX);
    }
    params->count = 0;
}

void params_done(struct params *params)
{
    if (params == NULL) {
        return;
    }
    for (size_t i = 0; i < PARAMS_MAX; i++) {
        buf_done(&params->items[i].bytes);
    }
    params->count = 0;
}

void params_clear(struct params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        buf_clear(&params->items[i].bytes);
    }
    params->count = 0;
}

bool params_are_ok(const struct params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        if (params->items[i].bytes.failed) {
            return false;
        }
    }
    return true;
}

static struct param *next_param(struct params *params)
{
    assert(params->count < PARAMS_MAX);
    struct param *param = &params->items[params->count++];
    struct buf bytes = param->bytes;
    *param = (struct param){.bytes = bytes};
    return param;
}

static void put_u32(struct buf *buf, uint32_t value)
{
    const uint32_t big_endian = htobe32(value);
    buf_append(buf, &big_endian, sizeof big_endian);
}

static void put_u64(struct buf *buf, uint64_t value)
{
    const uint64_t big_endian = htobe64(value);
    buf_append(buf, &big_endian, sizeof big_endian);
}

static void put_real(struct buf *buf, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u64(buf, bits);
}

void param_text(struct params *params, struct str text)
{
    struct param *param = next_param(params);
    param->is_null = text.data == NULL;
    buf_append_str(&param->bytes, text);
}

void param_int(struct params *params, int32_t value)
{
    put_u32(&next_param(params)->bytes, (uint32_t)value);
}

void param_bigint(struct params *params, int64_t value)
{
    put_u64(&next_param(params)->bytes, (uint64_t)value);
}

void param_real(struct params *params, double value)
{
    struct param *param = next_param(params);
    param->is_null = isnan(value);
    put_real(&param->bytes, value);
}

void param_bool(struct params *params, bool value)
{
    buf_append_char(&next_param(params)->bytes, value ? 1 : 0);
}

void param_uuid(struct params *params, struct uuid uuid)
{
    struct param *param = next_param(params);
    param->is_null = uuid_is_nil(uuid);
    buf_append(&param->bytes, uuid.bytes, sizeof uuid.bytes);
}

void param_time(struct params *params, int64_t at_us)
{
    struct param *param = next_param(params);
    param->is_null = at_us == TIME_NONE;
    put_u64(&param->bytes, param->is_null ? 0 : (uint64_t)(at_us - POSTGRES_EPOCH_US));
}

void param_bytes(struct params *params, const void *data, size_t len)
{
    buf_append(&next_param(params)->bytes, data, len);
}

void param_null(struct params *params)
{
    next_param(params)->is_null = true;
}

/*
 * Array format (src/include/utils/array.h and array_recv): dimensions, has-null flag, item type,
 * then per dimension its length and lower bound, then each item as its length (-1: null) and bytes.
 * The header's counts are written again with every item, so that an array is complete at any
 * moment.
 */
static void write_array_header(struct param *array)
{
    if (array->bytes.failed || array->bytes.len < ARRAY_HEADER_BYTES) {
        return;
    }
    const uint32_t header[] = {
        htobe32(1),
        htobe32(array->has_null_item ? 1 : 0),
        htobe32(array->item_type),
        htobe32(array->item_count),
        htobe32(1),
    };
    memcpy(array->bytes.data, header, sizeof header);
}

struct param *param_array(struct params *params, enum item_type type)
{
    struct param *array = next_param(params);
    array->is_array = true;
    array->item_type = (uint32_t)type;
    (void)buf_extend(&array->bytes, ARRAY_HEADER_BYTES);
    write_array_header(array);
    return array;
}

static struct buf *next_item(struct param *array, size_t len)
{
    assert(array->is_array);
    array->item_count++;
    write_array_header(array);
    put_u32(&array->bytes, (uint32_t)len);
    return &array->bytes;
}

static void null_item(struct param *array)
{
    array->has_null_item = true;
    (void)next_item(array, UINT32_MAX);
}

void item_text(struct param *array, struct str text)
{
    if (text.data == NULL) {
        null_item(array);
    } else {
        buf_append_str(next_item(array, text.len), text);
    }
}

void item_uuid(struct param *array, struct uuid uuid)
{
    buf_append(next_item(array, sizeof uuid.bytes), uuid.bytes, sizeof uuid.bytes);
}

void item_uuid_or_null(struct param *array, struct uuid uuid)
{
    if (uuid_is_nil(uuid)) {
        null_item(array);
    } else {
        item_uuid(array, uuid);
    }
}

void item_int(struct param *array, int32_t value)
{
    put_u32(next_item(array, sizeof value), (uint32_t)value);
}

void item_bigint(struct param *array, int64_t value)
{
    put_u64(next_item(array, sizeof value), (uint64_t)value);
}

void item_real(struct param *array, double value)
{
    if (isnan(value)) {
        null_item(array);
    } else {
        put_real(next_item(array, sizeof value), value);
    }
}

void item_bool(struct param *array, bool value)
{
    buf_append_char(next_item(array, 1), value ? 1 : 0);
}

void item_time(struct param *array, int64_t at_us)
{
    if (at_us == TIME_NONE) {
        null_item(array);
    } else {
        put_u64(next_item(array, sizeof at_us), (uint64_t)(at_us - POSTGRES_EPOCH_US));
    }
}

void item_bytes(struct param *array, const void *data, size_t len)
{
    buf_append(next_item(array, len), data, len);
}

void param_names(struct params *params, const char *const names[], uint64_t bits)
{
    struct param *array = param_array(params, ITEM_TEXT);
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (bits == 0 || (bits >> i & 1) != 0) {
            item_text(array, str_from(names[i]));
        }
    }
}
