#include "schema/currency.h"

bool currency_is_valid(struct str text)
{
    bool is_valid = text.len == CURRENCY_CHARS;
    for (size_t i = 0; i < text.len; i++) {
        is_valid = is_valid && text.data[i] >= 'A' && text.data[i] <= 'Z';
    }
    return is_valid;
}
