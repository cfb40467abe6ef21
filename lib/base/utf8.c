#include "base/utf8.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0U) == 0x80U;
}

/* Bytes that a sequence starting with `byte` has; 0 when none starts so. */
static size_t sequence_bytes(unsigned char byte)
{
    if (byte < 0x80)
        return 1;
    if (byte >= 0xC2 && byte <= 0xDF)
        return 2;
    if (byte >= 0xE0 && byte <= 0xEF)
        return 3;
    return byte >= 0xF0 && byte <= 0xF4 ? 4 : 0;
}

size_t utf8_decode(struct str text, uint32_t *ret_code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (text.len == 0)
        return 0;
    unsigned char first = (unsigned char)text.data[0];
    size_t bytes = sequence_bytes(first);
    if (bytes == 0 || bytes > text.len)
        return 0;
    uint32_t code_point = bytes == 1 ? first : first & (0x7FU >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (!is_continuation(byte))
            return 0;
        code_point = (code_point << 6) | (byte & 0x3FU);
    }
    bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < smallest[bytes] || is_surrogate || code_point > 0x10FFFF)
        return 0;
    *ret_code_point = code_point;
    return bytes;
}

bool utf8_is_valid(struct str text)
{
    while (text.len > 0) {
        uint32_t code_point;
        size_t bytes = (unsigned char)text.data[0] < 0x80 ? 1 : utf8_decode(text, &code_point);
        if (bytes == 0)
            return false;
        text.data += bytes;
        text.len -= bytes;
    }
    return true;
}

size_t utf8_length(struct str text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++)
        if (!is_continuation((unsigned char)text.data[i]))
            length++;
    return length;
}

size_t utf8_encode(uint32_t code_point, char out[static 4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if ((code_point >= 0xD800 && code_point <= 0xDFFF) || code_point > 0x10FFFF)
        return 0;
    size_t bytes = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--) {
        out[i] = (char)(0x80U | (code_point & 0x3FU));
        code_point >>= 6;
    }
    out[0] = (char)((0xF00U >> bytes & 0xFFU) | code_point);
    return bytes;
}
