#include "schema/php_value.h"

#include <string.h>

/* What is still to be read. */
struct reader {
    struct str rest;
    unsigned depth;
};

static bool take(struct reader *reader, const char *expected)
{
    const size_t len = strlen(expected);
    if (!str_starts_with(reader->rest, expected)) {
        return false;
    }
    reader->rest = str_slice(reader->rest.data + len, reader->rest.len - len);
    return true;
}

/* The text before the next `end`, which is taken too. */
static bool take_until(struct reader *reader, char end, struct str *ret_text)
{
    struct str rest = reader->rest;
    const struct str text = str_cut(&rest, end);
    if (rest.data == NULL) {
        return false;
    }
    reader->rest = rest;
    *ret_text = text;
    return true;
}

static bool take_count(struct reader *reader, char end, size_t *ret_count)
{
    struct str digits;
    int64_t count;
    if (!take_until(reader, end, &digits) || !str_to_int64(digits, &count) || count < 0 ||
        (uint64_t)count > reader->rest.len) {
        return false;
    }
    *ret_count = (size_t)count;
    return true;
}

/* Behind "s:": 5:"Cloud"; with a length in bytes, and nothing escaped. */
static bool take_text(struct reader *reader, struct str *ret_text)
{
    size_t len;
    if (!take_count(reader, ':', &len) || !take(reader, "\"") || reader->rest.len < len) {
        return false;
    }
    *ret_text = str_slice(reader->rest.data, len);
    reader->rest = str_slice(reader->rest.data + len, reader->rest.len - len);
    return take(reader, "\";");
}

static json_t *read_value(struct reader *reader);

static bool read_member(struct reader *reader, json_t *object, json_t *array, bool *is_list)
{
    struct str key;
    if (take(reader, "s:")) {
        *is_list = false;
        if (!take_text(reader, &key)) {
            return false;
        }
    } else if (!take(reader, "i:") || !take_until(reader, ';', &key)) {
        return false;
    }
    json_auto_t *value = read_value(reader);
    return json_array_append(array, value) == 0 &&
           json_object_setn(object, key.data, key.len, value) == 0;
}

/* Behind "a:": 2:{key value key value} */
static json_t *read_array(struct reader *reader)
{
    size_t count;
    json_auto_t *object = json_object();
    json_auto_t *array = json_array();
    bool is_list = true;
    if (reader->depth == PHP_VALUE_DEPTH_MAX || !take_count(reader, ':', &count) ||
        !take(reader, "{")) {
        return NULL;
    }
    reader->depth++;
    for (size_t i = 0; i < count; i++) {
        if (!read_member(reader, object, array, &is_list)) {
            return NULL;
        }
    }
    reader->depth--;
    return take(reader, "}") ? json_incref(is_list ? array : object) : NULL;
}

static json_t *read_value(struct reader *reader)
{
    struct str text;
    double number;
    if (take(reader, "a:")) {
        return read_array(reader);
    }
    if (take(reader, "s:")) {
        return take_text(reader, &text) ? json_stringn(text.data, text.len) : NULL;
    }
    if (take(reader, "i:") || take(reader, "d:")) {
        /* As it was written: what becomes of it is text. */
        return take_until(reader, ';', &text) && str_to_double(text, &number)
                   ? json_stringn(text.data, text.len)
                   : NULL;
    }
    return take(reader, "b:1;")   ? json_true()
           : take(reader, "b:0;") ? json_false()
           : take(reader, "N;")   ? json_null()
                                  : NULL;
}

json_t *php_value_read(struct str text)
{
    struct reader reader = {.rest = text};
    json_t *value = read_value(&reader);
    if (reader.rest.len > 0) {
        json_decref(value);
        return NULL;
    }
    return value;
}
