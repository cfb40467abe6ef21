#include "base/str.h"

#include <math.h>
#include <stdlib.h>

/* A JSON number has no limit on its digits; nobody needs more than these. */
enum { STR_NUMBER_BYTES_MAX = 400 };

enum { STR_GUESS_BYTES_MAX = 64, STR_GUESS_DISTANCE_MAX = 2 };

int str_compare(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool str_starts_with(struct str text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && (len == 0 || memcmp(text.data, prefix, len) == 0);
}

static char ascii_lower(char byte)
{
    if (byte < 'A' || byte > 'Z')
        return byte;
    return (char)(byte - 'A' + 'a');
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    return true;
}

static bool ascii_is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct str str_trim(struct str text)
{
    while (text.len > 0 && ascii_is_space(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && ascii_is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

struct str str_cut(struct str *rest, char separator)
{
    struct str piece = *rest;
    const char *end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    if (end == NULL) {
        *rest = (struct str){.data = NULL};
        return piece;
    }
    piece.len = (size_t)(end - piece.data);
    *rest = str_slice(end + 1, rest->len - piece.len - 1);
    return piece;
}

bool str_to_int64(struct str text, int64_t *ret_value)
{
    size_t i = text.len > 0 && text.data[0] == '-' ? 1 : 0;
    bool is_negative = i == 1;
    int64_t value = 0;
    if (i == text.len)
        return false;
    for (; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        int digit = text.data[i] - '0';
        /* Built on the negative side, which reaches one further. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!is_negative && value == INT64_MIN)
        return false;
    *ret_value = is_negative ? value : -value;
    return true;
}

/* Moves `at` behind the digits there; false if there are none. */
static bool skip_digits(const char **at)
{
    const char *start = *at;
    while (**at >= '0' && **at <= '9')
        (*at)++;
    return *at > start;
}

/* RFC 8259 section 6; the text is NUL-terminated. */
static bool is_json_number(const char *at)
{
    if (*at == '-')
        at++;
    if (*at == '0')
        at++;
    else if (!skip_digits(&at))
        return false;
    if (*at == '.') {
        at++;
        if (!skip_digits(&at))
            return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-')
            at++;
        if (!skip_digits(&at))
            return false;
    }
    return *at == '\0';
}

bool str_to_double(struct str text, double *ret_value)
{
    char copy[STR_NUMBER_BYTES_MAX + 1];
    if (text.len == 0 || text.len > STR_NUMBER_BYTES_MAX)
        return false;
    if (memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (!is_json_number(copy))
        return false;
    double value = strtod(copy, /* endptr= */ NULL);
    if (!isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance in bytes, ASCII case ignored. Neither is longer than STR_GUESS_BYTES_MAX.
 */
static size_t edit_distance(struct str a, struct str b)
{
    /* row[j]: the distance between the part of `a` seen so far and the first j bytes of `b` */
    size_t row[STR_GUESS_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 0; i < a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.len; j++) {
            size_t changed = diagonal + (ascii_lower(a.data[i]) != ascii_lower(b.data[j]));
            diagonal = row[j + 1];
            row[j + 1] = min_size(changed, min_size(row[j], row[j + 1]) + 1);
        }
    }
    return row[b.len];
}

void str_guess(struct str_guess *guess, const char *candidate)
{
    struct str known = str_from(candidate);
    if (guess->wanted.len > STR_GUESS_BYTES_MAX || known.len > STR_GUESS_BYTES_MAX)
        return;
    size_t distance = edit_distance(guess->wanted, known);
    /* Any two letters are two changes away from any other two: that is no resemblance. */
    if (distance > STR_GUESS_DISTANCE_MAX || distance >= guess->wanted.len)
        return;
    if (guess->best == NULL || distance < guess->best_distance) {
        guess->best = candidate;
        guess->best_distance = distance;
    }
}
