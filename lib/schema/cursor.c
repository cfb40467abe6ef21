#include "schema/cursor.h"

#include <assert.h>

#include "base/base64url.h"

static void cursor_put(struct cursor *cursor, const void *bytes, size_t len)
{
    assert(len <= sizeof cursor->bytes - cursor->len);
    memcpy(cursor->bytes + cursor->len, bytes, len);
    cursor->len += len;
}

static bool cursor_take(struct cursor *cursor, void *out, size_t len)
{
    if (len > cursor->len - cursor->taken)
        return false;
    memcpy(out, cursor->bytes + cursor->taken, len);
    cursor->taken += len;
    return true;
}

/* Numbers travel with the highest byte first, whatever the machine. */
void cursor_put_int(struct cursor *cursor, int64_t value)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    cursor_put(cursor, bytes, sizeof bytes);
}

bool cursor_take_int(struct cursor *cursor, int64_t *ret_value)
{
    uint8_t bytes[8];
    uint64_t value = 0;
    if (!cursor_take(cursor, bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        value = value << 8 | bytes[i];
    memcpy(ret_value, &value, sizeof value);
    return true;
}

void cursor_put_real(struct cursor *cursor, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    cursor_put_int(cursor, bits);
}

bool cursor_take_real(struct cursor *cursor, double *ret_value)
{
    int64_t bits;
    if (!cursor_take_int(cursor, &bits))
        return false;
    memcpy(ret_value, &bits, sizeof bits);
    return true;
}

void cursor_put_uuid(struct cursor *cursor, struct uuid uuid)
{
    cursor_put(cursor, uuid.bytes, sizeof uuid.bytes);
}

bool cursor_take_uuid(struct cursor *cursor, struct uuid *ret_uuid)
{
    return cursor_take(cursor, ret_uuid->bytes, sizeof ret_uuid->bytes);
}

bool cursor_is_spent(const struct cursor *cursor)
{
    return cursor->taken == cursor->len;
}

static struct str hash_bytes(const struct sha256 *hash)
{
    return str_slice((const char *)hash->bytes, sizeof hash->bytes);
}

struct sha256 cursor_binding(const char *route, const struct sha256 *filters)
{
    return sha256_of_parts((const struct str[]){str_from(route), hash_bytes(filters)}, 2);
}

static struct sha256 cursor_tag(const struct cursor *cursor, const struct sha256 *binding)
{
    const struct str parts[] = {
        STR_LITERAL("cursor"),
        hash_bytes(binding),
        str_slice((const char *)cursor->bytes, cursor->len),
    };
    return sha256_of_parts(parts, ARRAY_LEN(parts));
}

char *cursor_encode(const struct cursor *cursor, const struct sha256 *binding,
                    char out[static CURSOR_TEXT_BYTES])
{
    uint8_t bytes[CURSOR_PAYLOAD_BYTES_MAX + CURSOR_TAG_BYTES];
    struct sha256 tag = cursor_tag(cursor, binding);
    size_t len = cursor->len + CURSOR_TAG_BYTES;
    memcpy(bytes, cursor->bytes, cursor->len);
    memcpy(bytes + cursor->len, tag.bytes, CURSOR_TAG_BYTES);
    return base64url_encode(bytes, len, out);
}

bool cursor_decode(struct str text, const struct sha256 *binding, struct cursor *ret_cursor)
{
    uint8_t bytes[CURSOR_PAYLOAD_BYTES_MAX + CURSOR_TAG_BYTES];
    size_t len;
    if (!base64url_decode(text, bytes, sizeof bytes, &len) || len < CURSOR_TAG_BYTES)
        return false;
    struct cursor cursor = {.len = len - CURSOR_TAG_BYTES};
    memcpy(cursor.bytes, bytes, cursor.len);
    struct sha256 tag = cursor_tag(&cursor, binding);
    if (memcmp(tag.bytes, bytes + cursor.len, CURSOR_TAG_BYTES) != 0)
        return false;
    *ret_cursor = cursor;
    return true;
}
