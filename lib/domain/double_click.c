#include "domain/double_click.h"

#include <stdlib.h>

enum { SLOT_MS = DOUBLE_CLICK_SECONDS * 1000, TIME_BYTES = 6, VERSION = 8 };

static int64_t time_of(struct uuid id)
{
    int64_t ms = 0;
    for (size_t i = 0; i < TIME_BYTES; i++) {
        ms = ms << 8 | id.bytes[i];
    }
    return ms;
}

static struct uuid with_time(struct uuid id, int64_t ms)
{
    for (size_t i = 0; i < TIME_BYTES; i++) {
        id.bytes[i] = (uint8_t)((uint64_t)ms >> (8 * (TIME_BYTES - 1 - i)));
    }
    return id;
}

struct uuid double_click_id(const struct sha256 *hash, int64_t at_us)
{
    const struct str part = str_slice((const char *)hash->bytes, sizeof hash->bytes);
    const int64_t at_ms = at_us > 0 ? at_us / US_PER_MS : 0;
    return with_time(uuid_from_parts(&part, 1), at_ms - at_ms % SLOT_MS);
}

bool double_click_is_id(struct uuid id)
{
    return id.bytes[TIME_BYTES] >> 4 == VERSION && time_of(id) % SLOT_MS == 0;
}

struct uuid double_click_id_shifted(struct uuid id, int slots)
{
    return with_time(id, time_of(id) + (int64_t)slots * SLOT_MS);
}

struct uuid double_click_family(struct uuid id)
{
    return double_click_is_id(id) ? with_time(id, 0) : id;
}

bool double_click_is_one(struct uuid a, int64_t a_us, struct uuid b, int64_t b_us)
{
    return uuid_eq(a, b) ||
           (uuid_eq(double_click_family(a), double_click_family(b)) &&
            llabs(time_of(a) - time_of(b)) == SLOT_MS && llabs(a_us - b_us) <= DOUBLE_CLICK_US);
}
