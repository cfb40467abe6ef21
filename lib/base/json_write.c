#include "base/json_write.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

void json_writer_init(struct json_writer *json, struct buf *buf)
{
    *json = (struct json_writer){.buf = buf};
}

/* Before each value and each key: the comma, where one belongs. */
static void json_separate(struct json_writer *json)
{
    if (json->after_key)
        json->after_key = false;
    else if (json->has_items[json->depth])
        buf_append_char(json->buf, ',');
    json->has_items[json->depth] = true;
}

static void json_begin(struct json_writer *json, char bracket)
{
    json_separate(json);
    assert(json->depth < JSON_WRITE_DEPTH_MAX);
    json->depth++;
    json->has_items[json->depth] = false;
    buf_append_char(json->buf, bracket);
}

static void json_end(struct json_writer *json, char bracket)
{
    assert(json->depth > 0 && !json->after_key);
    json->depth--;
    buf_append_char(json->buf, bracket);
}

void json_object_begin(struct json_writer *json)
{
    json_begin(json, '{');
}

void json_object_end(struct json_writer *json)
{
    json_end(json, '}');
}

void json_array_begin(struct json_writer *json)
{
    json_begin(json, '[');
}

void json_array_end(struct json_writer *json)
{
    json_end(json, ']');
}

static void json_escape(struct buf *buf, char byte)
{
    static const char named[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
    };
    size_t index = (unsigned char)byte;
    if (byte == '\\')
        buf_append_text(buf, "\\\\");
    else if (index < sizeof named && named[index] != '\0')
        buf_append(buf, (const char[]){'\\', named[index]}, 2);
    else
        buf_printf(buf, "\\u%04x", (unsigned)index);
}

static bool json_is_plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            return false;
    }
    return true;
}

static void json_quote_escaping(struct buf *buf, struct str text)
{
    buf_append_char(buf, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (json_is_plain(str_slice(text.data + i, 1)))
            continue;
        buf_append(buf, text.data + start, i - start);
        json_escape(buf, text.data[i]);
        start = i + 1;
    }
    buf_append(buf, text.data + start, text.len - start);
    buf_append_char(buf, '"');
}

/* Nearly no text has anything to escape: it is looked through once and copied once. */
static void json_quote(struct buf *buf, struct str text)
{
    char *out = json_is_plain(text) ? buf_extend(buf, text.len + 2) : NULL;
    if (out == NULL) {
        json_quote_escaping(buf, text);
        return;
    }
    out[0] = '"';
    if (text.len > 0)
        memcpy(out + 1, text.data, text.len);
    out[text.len + 1] = '"';
}

void json_key_str(struct json_writer *json, struct str name)
{
    assert(json->depth > 0 && !json->after_key);
    json_separate(json);
    json_quote(json->buf, name);
    buf_append_char(json->buf, ':');
    json->after_key = true;
}

void json_str(struct json_writer *json, struct str text)
{
    if (text.data == NULL) {
        json_nil(json);
        return;
    }
    json_separate(json);
    json_quote(json->buf, text);
}

void json_text(struct json_writer *json, const char *text)
{
    json_str(json, str_from(text));
}

void json_int(struct json_writer *json, int64_t value)
{
    json_separate(json);
    buf_append_int(json->buf, value);
}

/* "1e+05" and "1e-07" lose what JSON does not need. `len` counts no NUL. */
static size_t json_trim_exponent(char *text, size_t len)
{
    char *exponent = memchr(text, 'e', len);
    if (exponent == NULL)
        return len;
    char *out = exponent + 1;
    const char *in = out;
    if (*in == '-')
        *out++ = *in++;
    while (*in == '+' || *in == '0')
        in++;
    while (*in != '\0')
        *out++ = *in++;
    *out = '\0';
    return (size_t)(out - text);
}

size_t json_format_real(double value, char out[static 32])
{
    const double exact_max = 0x1p53; /* up to here every integer is a double */
    if (value == 0.0) {
        memcpy(out, "0", 2);
        return 1;
    }
    if (fabs(value) <= exact_max && value == trunc(value))
        return (size_t)snprintf(out, 32, "%.0f", value);
    /* 15 digits give back the shortest text of every normal number that has one so short; numbers
     * below those have fewer digits than that. */
    int digits = fabs(value) < 0x1p-1022 ? 1 : 15;
    int len;
    do {
        len = snprintf(out, 32, "%.*g", digits, value);
    } while (strtod(out, /* endptr= */ NULL) != value && ++digits <= 17);
    assert(len > 0 && len < 32);
    return json_trim_exponent(out, (size_t)len);
}

void json_double(struct json_writer *json, double value)
{
    if (!isfinite(value)) {
        json_nil(json);
        return;
    }
    json_separate(json);
    if (fabs(value) <= 0x1p53 && value == trunc(value)) { /* most are: a sum of points, a share */
        buf_append_int(json->buf, (int64_t)value);
        return;
    }
    char text[32];
    const size_t len = json_format_real(value, text);
    buf_append(json->buf, text, len);
}

void json_rounded(struct json_writer *json, double value)
{
    enum { DECIMALS = 6, MILLION = 1000000 };
    if (!(fabs(value) < 0x1p53 / MILLION)) { /* beyond, and NaN: nothing to round, or no number */
        json_double(json, value);
        return;
    }
    const long long millionths = llround(value * MILLION);
    int64_t rest = millionths < 0 ? -millionths : millionths;
    char fraction[DECIMALS];
    size_t len = 0;
    for (size_t i = DECIMALS; i > 0; i--, rest /= 10) {
        fraction[i - 1] = (char)('0' + rest % 10);
        len = len == 0 && rest % 10 != 0 ? i : len;
    }
    json_separate(json);
    if (millionths < 0)
        buf_append_char(json->buf, '-');
    buf_append_int(json->buf, rest);
    if (len > 0) {
        buf_append_char(json->buf, '.');
        buf_append(json->buf, fraction, len);
    }
}

void json_bool(struct json_writer *json, bool value)
{
    json_separate(json);
    if (value)
        buf_append_text(json->buf, "true");
    else
        buf_append_text(json->buf, "false");
}

void json_nil(struct json_writer *json)
{
    json_separate(json);
    buf_append_text(json->buf, "null");
}

void json_time(struct json_writer *json, int64_t at_us)
{
    char text[TIME_TEXT_BYTES];
    json_text(json, at_us != TIME_NONE ? time_format(at_us, text) : NULL);
}

void json_uuid(struct json_writer *json, struct uuid uuid)
{
    char text[UUID_TEXT_BYTES];
    json_text(json, !uuid_is_nil(uuid) ? uuid_format(uuid, text) : NULL);
}

void json_raw(struct json_writer *json, struct str text)
{
    if (text.len == 0) {
        json_nil(json);
        return;
    }
    json_separate(json);
    buf_append_str(json->buf, text);
}
