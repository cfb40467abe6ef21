#include "base/uuid.h"

#include "base/clock.h"
#include "base/sha256.h"
#include "base/uuid_library.h"

enum { UUID_POOL_BYTES = 512 };

/*
 * What one thread remembers between two ids: the last one, so that the next of the same millisecond
 * can follow it, and random bytes fetched in bulk because a system call for each id shows in the
 * ingest path.
 */
struct uuid_state {
    uint64_t last_ms;
    struct uuid last;
    bool has_last;
    size_t pool_left_bytes;
    uint8_t pool[UUID_POOL_BYTES];
};

static _Thread_local struct uuid_state uuid_state;

static void uuid_random(uint8_t *out, size_t len)
{
    struct uuid_state *state = &uuid_state;
    if (state->pool_left_bytes < len) {
        random_bytes(state->pool, sizeof state->pool);
        state->pool_left_bytes = sizeof state->pool;
    }
    state->pool_left_bytes -= len;
    memcpy(out, state->pool + state->pool_left_bytes, len);
    /* What was handed out must not be read again from memory. */
    memset(state->pool + state->pool_left_bytes, 0, len);
}

static void uuid_set_version(struct uuid *uuid, unsigned version)
{
    uuid->bytes[6] = (uint8_t)((uuid->bytes[6] & 0x0FU) | version << 4);
    uuid->bytes[8] = (uint8_t)((uuid->bytes[8] & 0x3FU) | 0x80U);
}

/*
 * Adds a random 1 … 2^32 to the 74 bits after time, version and variant (RFC 9562 section 6.2,
 * method 2). The random part starts with its highest bit clear, so it has room for 2^41 steps.
 */
static void uuid_increment(struct uuid *uuid)
{
    uint8_t step[4];
    uuid_random(step, sizeof step);
    uint64_t carry = 1;
    for (size_t i = 16; i-- > 6 && (carry > 0 || i >= 12);) {
        unsigned width = i == 8 ? 6 : i == 6 ? 4 : 8;
        uint64_t mask = (UINT64_C(1) << width) - 1;
        uint64_t sum = (uuid->bytes[i] & mask) + carry + (i >= 12 ? step[i - 12] : 0U);
        uuid->bytes[i] = (uint8_t)((uuid->bytes[i] & ~mask) | (sum & mask));
        carry = sum >> width;
    }
}

struct uuid uuid_new(int64_t at_us)
{
    const uint64_t ms_max = (UINT64_C(1) << 48) - 1;
    uint64_t at_ms = at_us > 0 ? (uint64_t)(at_us / US_PER_MS) : 0;
    if (at_ms > ms_max)
        at_ms = ms_max;
    struct uuid_state *state = &uuid_state;
    struct uuid uuid;
    if (state->has_last && state->last_ms == at_ms) {
        uuid = state->last;
        uuid_increment(&uuid);
    } else {
        uuid_random(uuid.bytes + 6, 10);
        uuid.bytes[6] &= 0x07U;
        for (size_t i = 0; i < 6; i++)
            uuid.bytes[i] = (uint8_t)(at_ms >> (40 - 8 * i));
        uuid_set_version(&uuid, 7);
    }
    state->last = uuid;
    state->last_ms = at_ms;
    state->has_last = true;
    return uuid;
}

struct uuid uuid_from_parts(const struct str *parts, size_t count)
{
    struct sha256 sum = sha256_of_parts(parts, count);
    struct uuid uuid;
    memcpy(uuid.bytes, sum.bytes, sizeof uuid.bytes);
    uuid_set_version(&uuid, 8);
    return uuid;
}

bool uuid_parse(struct str text, struct uuid *ret_uuid)
{
    char copy[UUID_TEXT_BYTES];
    if (text.len != sizeof copy - 1)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return uuid_library_parse(copy, ret_uuid->bytes);
}

char *uuid_format(struct uuid uuid, char out[static UUID_TEXT_BYTES])
{
    uuid_library_format(uuid.bytes, out);
    return out;
}
