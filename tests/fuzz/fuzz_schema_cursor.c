/* Any bytes, as a text to decode (only an exact encoding may pass) and as a payload to encode. */
#include <assert.h>

#include "schema/cursor.h"

/* libFuzzer calls it by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sha256 filters = {
        .bytes = {1, 2, 3}
    };
    const struct sha256 binding = cursor_binding("fuzz", &filters);
    struct cursor cursor = {.len = 0};
    struct cursor read;
    char text[CURSOR_TEXT_BYTES];
    struct str given = str_slice((const char *)data, size);
    if (cursor_decode(given, &binding, &read))
        assert(str_is(given, cursor_encode(&read, &binding, text)));
    cursor.len = size < CURSOR_PAYLOAD_BYTES_MAX ? size : CURSOR_PAYLOAD_BYTES_MAX;
    if (cursor.len > 0)
        memcpy(cursor.bytes, data, cursor.len);
    cursor_encode(&cursor, &binding, text);
    assert(cursor_decode(str_from(text), &binding, &read));
    assert(read.len == cursor.len && memcmp(read.bytes, cursor.bytes, cursor.len) == 0);
    int64_t integer;
    struct uuid uuid;
    while (cursor_take_int(&read, &integer) && cursor_take_uuid(&read, &uuid))
        assert(read.taken <= read.len);
    return 0;
}
