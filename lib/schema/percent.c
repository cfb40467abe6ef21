#include "schema/percent.h"

/* 0…15, or -1 for a byte that is no hexadecimal digit. */
static int hex_value(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

bool percent_decode_bytes(struct str text, bool plus_is_space, char *out, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            if (text.len - i < 3) {
                return false;
            }
            int high = hex_value(text.data[i + 1]);
            int low = hex_value(text.data[i + 2]);
            if (high < 0 || low < 0) {
                return false;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        out[len++] = byte;
    }
    *ret_len = len;
    return true;
}
