#include "domain/headcount.h"

#include "base/utf8.h"
#include "domain/fold.h"

static bool is_separator(uint32_t code_point)
{
    return code_point == ' ' || code_point == ',' || code_point == '.' || code_point == '\'' ||
           code_point == 0xa0 || code_point == 0x202f || code_point == 0x2009;
}

/* The number at the start of the text, thousands parted or not: 1000, 1 000, 1,000, 1.000; 0 when
 * there is none. Moves the text behind it. */
static int64_t take_number(struct str *text)
{
    int64_t number = 0;
    size_t digits = 0;
    while (text->len > 0) {
        uint32_t code_point;
        const size_t bytes = utf8_decode(*text, &code_point);
        const bool is_digit = code_point >= '0' && code_point <= '9';
        if (is_digit && number < INT32_MAX) {
            number = number * 10 + (int64_t)(code_point - '0');
            digits++;
        } else if (is_digit || !is_separator(code_point) || digits == 0 || text->len < bytes + 3) {
            break;
        } else {
            /* A separator only where exactly three digits follow. */
            const struct str group = str_slice(text->data + bytes, 3);
            const bool has_more = text->len > bytes + 3 && text->data[bytes + 3] >= '0' &&
                                  text->data[bytes + 3] <= '9';
            int64_t ignored;
            if (group.data[0] == '-' || !str_to_int64(group, &ignored) || has_more) {
                break;
            }
        }
        *text = str_slice(text->data + bytes, text->len - bytes);
    }
    return number;
}

/* The text tells only where the range ends. */
static bool is_upper_end(struct str text)
{
    static const char *const before[] = {"moins", "less", "under",   "fewer", "below",
                                         "up to", "max",  "jusqu a", "jusque"};
    static const char *const behind[] = {" moins", " less", " fewer", " max", " maximum"};
    char words_text[128];
    const size_t len = fold_words(text, words_text, sizeof words_text);
    const struct str words = str_slice(words_text, len);
    bool is_found = memchr(text.data, '<', text.len) != NULL;
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        is_found |= str_starts_with(words, before[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
        const struct str end = str_from(behind[i]);
        is_found |= len > end.len && memcmp(words_text + len - end.len, end.data, end.len) == 0;
    }
    return is_found;
}

bool headcount_lower_end(struct str text, int64_t *ret_count)
{
    struct str rest = text;
    while (rest.len > 0 && (rest.data[0] < '0' || rest.data[0] > '9')) {
        rest = str_slice(rest.data + 1, rest.len - 1);
    }
    if (rest.len == 0 || is_upper_end(text)) {
        return false;
    }
    const int64_t count = take_number(&rest);
    if (count > INT32_MAX) {
        return false;
    }
    *ret_count = count;
    return true;
}
