/*
 * Parameters in PostgreSQL's binary format: scalars and one-dimensional arrays.
 *
 * A `struct params` belongs to one statement at a time and is reused: its buffers keep their
 * memory. Failure (memory, cap) is sticky and reported once by params_are_ok.
 */
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "base/uuid.h"

enum { PARAMS_MAX = 24, PARAM_BYTES_MAX = 64 << 20 };

struct param {
    struct buf bytes;
    bool is_null;
    bool is_array;
    bool has_null_item;
    uint32_t item_type; /* OID */
    uint32_t item_count;
};

struct params {
    struct param items[PARAMS_MAX];
    size_t count;
};

void params_init(struct params *params);
void params_done(struct params *params);
void params_clear(struct params *params);
bool params_are_ok(const struct params *params);

/* Scalars: each appends the next parameter, $1 first. */
void param_text(struct params *params, struct str text); /* absent: null */
void param_int(struct params *params, int32_t value);
void param_bigint(struct params *params, int64_t value);
void param_real(struct params *params, double value); /* NaN: null */
void param_bool(struct params *params, bool value);
void param_uuid(struct params *params, struct uuid uuid); /* nil: null */
void param_time(struct params *params, int64_t at_us);    /* TIME_NONE: null */
void param_bytes(struct params *params, const void *data, size_t len);
void param_null(struct params *params);

/* Arrays: begin one, then append items; it ends with the next parameter. */
enum item_type {
    ITEM_TEXT = 25,
    ITEM_UUID = 2950,
    ITEM_INT = 23,
    ITEM_BIGINT = 20,
    ITEM_REAL = 701,
    ITEM_BOOL = 16,
    ITEM_TIME = 1184,
    ITEM_BYTES = 17,
    ITEM_TID = 27, /* where a row is: its column ctid, as item_bytes */
};
/* The returned pointer is valid until params_clear: several arrays may be filled side by side. */
struct param *param_array(struct params *params, enum item_type type);
void item_text(struct param *array, struct str text); /* absent: null */
void item_uuid(struct param *array, struct uuid uuid);
void item_uuid_or_null(struct param *array, struct uuid uuid); /* nil: null */
void item_int(struct param *array, int32_t value);
void item_bigint(struct param *array, int64_t value);
void item_real(struct param *array, double value); /* NaN: null */
void item_bool(struct param *array, bool value);
void item_time(struct param *array, int64_t at_us); /* TIME_NONE: null */
void item_bytes(struct param *array, const void *data, size_t len);
/* The next parameter is the array of those names whose bits are set; of all when none is. The list
 * ends with NULL. */
void param_names(struct params *params, const char *const names[], uint64_t bits);
