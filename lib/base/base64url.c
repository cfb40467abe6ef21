#include "base/base64url.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64url_encode(const uint8_t *bytes, size_t len, char *out)
{
    unsigned bits = 0;
    unsigned bit_count = 0;
    char *at = out;
    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | bytes[i]) & 0xFFFFU;
        bit_count += 8;
        while (bit_count >= 6) {
            bit_count -= 6;
            *at++ = digits[bits >> bit_count & 0x3FU];
        }
    }
    if (bit_count > 0) {
        *at++ = digits[bits << (6 - bit_count) & 0x3FU];
    }
    *at = '\0';
    return out;
}

bool base64url_decode(struct str text, uint8_t *out, size_t max, size_t *ret_len)
{
    unsigned bits = 0;
    unsigned bit_count = 0;
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.data[i] != '\0' ? strchr(digits, text.data[i]) : NULL;
        if (digit == NULL) {
            return false;
        }
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xFFFFU;
        bit_count += 6;
        if (bit_count >= 8) {
            if (len == max) {
                return false;
            }
            bit_count -= 8;
            out[len++] = (uint8_t)(bits >> bit_count);
        }
    }
    /* What is left over must be less than a character, and zero. */
    if (bit_count >= 6 || (bits & ((1U << bit_count) - 1)) != 0) {
        return false;
    }
    *ret_len = len;
    return true;
}
