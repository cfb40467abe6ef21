#include "domain/logic_text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/utf8.h"

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0U) == 0x80U;
}

/* Code units of the character that starts with this byte. */
static size_t units_of(char first)
{
    return (unsigned char)first >= 0xF0U ? 2 : 1;
}

size_t logic_text_length(struct str text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.len; i++)
        if (!is_continuation(text.data[i]))
            units += units_of(text.data[i]);
    return units;
}

/* Where in a text a code unit begins. */
struct unit_place {
    size_t byte;    /* of the character that holds the unit */
    bool is_second; /* the unit is the second half of that character */
    size_t bytes;   /* that character has; 0 at the end of the text */
};

static struct unit_place unit_place_find(struct str text, size_t unit)
{
    size_t byte = 0;
    size_t at = 0;
    while (byte < text.len) {
        size_t end = byte + 1;
        while (end < text.len && is_continuation(text.data[end]))
            end++;
        size_t units = units_of(text.data[byte]);
        if (unit < at + units)
            return (struct unit_place){.byte = byte, .is_second = unit > at, .bytes = end - byte};
        at += units;
        byte = end;
    }
    return (struct unit_place){.byte = text.len};
}

struct str logic_text_slice(struct arena *arena, struct str text, size_t from, size_t count)
{
    static const char replacement[3] = "\xEF\xBF\xBD"; /* U+FFFD */
    struct unit_place start = unit_place_find(text, from);
    size_t until = count > SIZE_MAX - from ? SIZE_MAX : from + count;
    struct unit_place end = unit_place_find(text, until);
    size_t whole_start = start.is_second ? start.byte + start.bytes : start.byte;
    if (count == 0 || end.byte < start.byte)
        return str_slice(text.data, 0);
    size_t whole_len = end.byte > whole_start ? end.byte - whole_start : 0;
    if (!start.is_second && !end.is_second)
        return str_slice(text.data + whole_start, whole_len);
    char *copy = arena_alloc(arena, whole_len + 2 * sizeof replacement);
    if (copy == NULL)
        return (struct str){.data = NULL};
    size_t len = 0;
    if (start.is_second) {
        memcpy(copy, replacement, sizeof replacement);
        len += sizeof replacement;
    }
    memcpy(copy + len, text.data + whole_start, whole_len);
    len += whole_len;
    if (end.is_second) {
        memcpy(copy + len, replacement, sizeof replacement);
        len += sizeof replacement;
    }
    return str_slice(copy, len);
}

static uint32_t first_unit(uint32_t code_point)
{
    return code_point > 0xFFFF ? 0xD800 + ((code_point - 0x10000) >> 10) : code_point;
}

int logic_text_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    size_t same = 0;
    while (same < shorter && a.data[same] == b.data[same])
        same++;
    if (same == shorter)
        return (a.len > b.len) - (a.len < b.len);
    while (same > 0 && is_continuation(a.data[same]))
        same--;
    uint32_t code_point_a = 0;
    uint32_t code_point_b = 0;
    (void)utf8_decode(str_slice(a.data + same, a.len - same), &code_point_a);
    (void)utf8_decode(str_slice(b.data + same, b.len - same), &code_point_b);
    uint32_t unit_a = first_unit(code_point_a);
    uint32_t unit_b = first_unit(code_point_b);
    if (unit_a != unit_b)
        return unit_a < unit_b ? -1 : 1;
    return (code_point_a > code_point_b) - (code_point_a < code_point_b);
}

/* WhiteSpace and LineTerminator of ECMA-262 sections 12.2 and 12.3. */
static bool is_space(uint32_t code_point)
{
    return (code_point >= 0x09 && code_point <= 0x0D) || code_point == 0x20 || code_point == 0xA0 ||
           code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200A) ||
           code_point == 0x2028 || code_point == 0x2029 || code_point == 0x202F ||
           code_point == 0x205F || code_point == 0x3000 || code_point == 0xFEFF;
}

static struct str trim_spaces(struct str text)
{
    uint32_t code_point;
    size_t bytes;
    while ((bytes = utf8_decode(text, &code_point)) > 0 && is_space(code_point)) {
        text.data += bytes;
        text.len -= bytes;
    }
    while (text.len > 0) {
        size_t last = text.len - 1;
        while (last > 0 && is_continuation(text.data[last]))
            last--;
        if (utf8_decode(str_slice(text.data + last, text.len - last), &code_point) == 0 ||
            !is_space(code_point))
            break;
        text.len = last;
    }
    return text;
}

static int digit_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : 16;
}

/* "0x…", "0o…", "0b…" without its prefix. */
static bool parse_radix(struct str digits, int radix, double *ret_number)
{
    if (digits.len == 0)
        return false;
    double number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = digit_value(digits.data[i]);
        if (digit >= radix)
            return false;
        number = number * radix + digit;
    }
    *ret_number = number;
    return true;
}

static size_t count_digits(struct str text, size_t from)
{
    size_t end = from;
    while (end < text.len && text.data[end] >= '0' && text.data[end] <= '9')
        end++;
    return end - from;
}

/* StrUnsignedDecimalLiteral without Infinity: "12", "12.", ".5", "1.5e-3". */
static bool is_decimal(struct str text)
{
    size_t whole = count_digits(text, 0);
    size_t at = whole;
    size_t fraction = 0;
    if (at < text.len && text.data[at] == '.') {
        fraction = count_digits(text, at + 1);
        at += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (at < text.len && (text.data[at] == 'e' || text.data[at] == 'E')) {
        at++;
        if (at < text.len && (text.data[at] == '+' || text.data[at] == '-'))
            at++;
        size_t exponent = count_digits(text, at);
        if (exponent == 0)
            return false;
        at += exponent;
    }
    return at == text.len;
}

/* strtod wants a NUL, so the digits are copied; a longer text counts as no number. */
enum { DECIMAL_BYTES_MAX = 800 };

bool logic_text_to_number(struct str text, double *ret_number)
{
    text = trim_spaces(text);
    if (text.len == 0) {
        *ret_number = 0;
        return true;
    }
    if (text.len > 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'X'))
        return parse_radix(str_slice(text.data + 2, text.len - 2), 16, ret_number);
    if (text.len > 2 && text.data[0] == '0' && (text.data[1] == 'o' || text.data[1] == 'O'))
        return parse_radix(str_slice(text.data + 2, text.len - 2), 8, ret_number);
    if (text.len > 2 && text.data[0] == '0' && (text.data[1] == 'b' || text.data[1] == 'B'))
        return parse_radix(str_slice(text.data + 2, text.len - 2), 2, ret_number);
    bool is_negative = text.data[0] == '-';
    if (is_negative || text.data[0] == '+') {
        text.data++;
        text.len--;
    }
    double number;
    if (str_is(text, "Infinity")) {
        number = HUGE_VAL;
    } else {
        char digits[DECIMAL_BYTES_MAX + 1];
        if (text.len > DECIMAL_BYTES_MAX || !is_decimal(text))
            return false;
        memcpy(digits, text.data, text.len);
        digits[text.len] = '\0';
        number = strtod(digits, /* endptr= */ NULL);
    }
    *ret_number = is_negative ? -number : number;
    return true;
}

/* A number as 0.d₁d₂…dₖ · 10^point, without zeros at either end of the digits. */
struct decimal {
    char digits[32];
    int count;
    int point;
};

/* From what json_format_real wrote for a positive number. */
static struct decimal decimal_of(const char *text)
{
    struct decimal decimal = {.count = 0};
    bool is_after_point = false;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '.') {
            is_after_point = true;
        } else if (decimal.count > 0 || *text != '0') {
            decimal.digits[decimal.count++] = *text;
            decimal.point += is_after_point ? 0 : 1;
        } else if (is_after_point) {
            decimal.point--;
        }
    }
    if (*text == 'e')
        decimal.point += (int)strtol(text + 1, /* endptr= */ NULL, 10);
    while (decimal.count > 1 && decimal.digits[decimal.count - 1] == '0')
        decimal.count--;
    return decimal;
}

/* The cases are those of the specification. */
static int write_decimal(const struct decimal *decimal, const char *sign,
                         char out[static LOGIC_NUMBER_BYTES])
{
    const char *digits = decimal->digits;
    int count = decimal->count;
    int point = decimal->point;
    int exponent = point - 1;
    const char *exponent_sign = exponent < 0 ? "" : "+";
    if (count <= point && point <= 21)
        return snprintf(out, LOGIC_NUMBER_BYTES, "%s%.*s%.*s", sign, count, digits, point - count,
                        "000000000000000000000");
    if (point > 0 && point <= 21)
        return snprintf(out, LOGIC_NUMBER_BYTES, "%s%.*s.%.*s", sign, point, digits, count - point,
                        digits + point);
    if (point > -6 && point <= 0)
        return snprintf(out, LOGIC_NUMBER_BYTES, "%s0.%.*s%.*s", sign, -point, "000000", count,
                        digits);
    if (count == 1)
        return snprintf(out, LOGIC_NUMBER_BYTES, "%s%ce%s%d", sign, digits[0], exponent_sign,
                        exponent);
    return snprintf(out, LOGIC_NUMBER_BYTES, "%s%c.%.*se%s%d", sign, digits[0], count - 1,
                    digits + 1, exponent_sign, exponent);
}

size_t logic_number_to_text(double number, char out[static LOGIC_NUMBER_BYTES])
{
    const double integer_max = 0x1p53;
    const char *sign = number < 0 ? "-" : "";
    char text[32];
    int len;
    if (isinf(number)) {
        len = snprintf(out, LOGIC_NUMBER_BYTES, "%sInfinity", sign);
    } else if (fabs(number) <= integer_max && number == trunc(number)) {
        len = snprintf(out, LOGIC_NUMBER_BYTES, "%s%.0f", sign, fabs(number));
    } else {
        (void)json_format_real(fabs(number), text);
        struct decimal decimal = decimal_of(text);
        len = write_decimal(&decimal, sign, out);
    }
    assert(len > 0 && len < LOGIC_NUMBER_BYTES);
    return (size_t)len;
}
