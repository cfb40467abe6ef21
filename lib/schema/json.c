#include "schema/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* jansson recurses into nested values, so their depth is measured before it starts. Returns where
 * the text goes too deep, or its length. */
static size_t json_find_too_deep(struct str text)
{
    size_t depth = 0;
    bool is_in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        if (is_in_string) {
            if (byte == '\\')
                i++;
            else if (byte == '"')
                is_in_string = false;
        } else if (byte == '"') {
            is_in_string = true;
        } else if (byte == '[' || byte == '{') {
            if (++depth > JSON_DEPTH_MAX)
                return i;
        } else if ((byte == ']' || byte == '}') && depth > 0) {
            depth--;
        }
    }
    return text.len;
}

static enum err_code json_refuse_depth(struct str text, size_t at, struct err *reterr)
{
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < at; i++) {
        bool is_break = text.data[i] == '\n';
        line += is_break ? 1 : 0;
        /* Columns count characters, as jansson's do. */
        if (is_break)
            column = 1;
        else if (((unsigned char)text.data[i] & 0xC0U) != 0x80U)
            column++;
    }
    return err_set(reterr, ERR_MALFORMED,
                   "Arrays and objects are nested deeper than %d at line %zu, column %zu.",
                   JSON_DEPTH_MAX, line, column);
}

/* jansson's own messages quote the input, which may be personal data. */
static const char *json_error_sentence(enum json_error_code code)
{
    switch (code) {
    case json_error_invalid_utf8:
        return "The text is not valid UTF-8";
    case json_error_premature_end_of_input:
        return "The JSON ends before it is complete";
    case json_error_end_of_input_expected:
        return "Something follows the end of the JSON";
    case json_error_duplicate_key:
        return "A name occurs twice in one object";
    case json_error_numeric_overflow:
        return "A number is out of range (integers: -9223372036854775808 to 9223372036854775807; "
               "others: a 64-bit float)";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "The character U+0000 is not allowed";
    case json_error_stack_overflow:
        return "Arrays and objects are nested too deep";
    case json_error_unknown:
    case json_error_out_of_memory:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_value:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return "The text is not valid JSON";
}

static enum err_code json_parse_with(struct str text, size_t flags, json_t **ret_root,
                                     struct err *reterr)
{
    if (text.len == 0)
        return err_set(reterr, ERR_MALFORMED, "JSON was expected, but there is nothing.");
    /* jansson takes a NUL byte for the end of the text and ignores what follows. */
    if (memchr(text.data, '\0', text.len) != NULL)
        return err_set(reterr, ERR_MALFORMED, "The text is not valid JSON: it has a NUL byte.");
    size_t too_deep_at = json_find_too_deep(text);
    if (too_deep_at < text.len)
        return json_refuse_depth(text, too_deep_at, reterr);
    json_error_t error;
    json_t *root =
        json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | flags, &error);
    if (root != NULL) {
        *ret_root = root;
        return OK;
    }
    enum json_error_code code = json_error_code(&error);
    if (code == json_error_out_of_memory)
        return err_set(reterr, ERR_NOMEM, "There is not enough memory for this JSON.");
    return err_set(reterr, ERR_MALFORMED, "%s at line %d, column %d.", json_error_sentence(code),
                   error.line, error.column);
}

enum err_code json_parse(struct str text, json_t **ret_root, struct err *reterr)
{
    return json_parse_with(text, 0, ret_root, reterr);
}

enum err_code json_parse_stored(struct str text, json_t **ret_root, struct err *reterr)
{
    return json_parse_with(text, JSON_DECODE_INT_AS_REAL, ret_root, reterr);
}

struct str json_str_of(const json_t *value)
{
    if (!json_is_string(value))
        return (struct str){.data = NULL};
    return str_slice(json_string_value(value), json_string_length(value));
}

static void write_object(struct json_writer *json, const json_t *object)
{
    json_t *same = json_unconst(object);
    json_object_begin(json);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        json_key_str(json, str_slice(json_object_iter_key(at), json_object_iter_key_len(at)));
        json_write_value(json, json_object_iter_value(at));
    }
    json_object_end(json);
}

static void write_array(struct json_writer *json, const json_t *array)
{
    json_array_begin(json);
    for (size_t i = 0; i < json_array_size(array); i++)
        json_write_value(json, json_array_get(array, i));
    json_array_end(json);
}

void json_write_value(struct json_writer *json, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(json, value);
        break;
    case JSON_ARRAY:
        write_array(json, value);
        break;
    case JSON_STRING:
        json_str(json, json_str_of(value));
        break;
    case JSON_INTEGER:
        json_int(json, json_integer_value(value));
        break;
    case JSON_REAL:
        json_double(json, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        json_bool(json, json_is_true(value));
        break;
    case JSON_NULL:
        json_nil(json);
        break;
    }
}

void json_serialize(struct buf *buf, const json_t *value)
{
    struct json_writer json;
    json_writer_init(&json, buf);
    json_write_value(&json, value);
}

/* `result` is a new object nobody else sees yet. */
static bool json_merge_into(json_t *result, const json_t *patch)
{
    json_t *changes = json_unconst(patch);
    for (void *at = json_object_iter(changes); at != NULL;
         at = json_object_iter_next(changes, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *change = json_object_iter_value(at);
        if (json_is_null(change)) {
            /* It fails when the name is not there, which is what the patch asks for. */
            (void)json_object_del(result, name);
            continue;
        }
        json_t *merged = json_merge_patch(json_object_get(result, name), change);
        if (merged == NULL || json_object_set_new_nocheck(result, name, merged) != 0)
            return false;
    }
    return true;
}

json_t *json_merge_patch(const json_t *target, const json_t *patch)
{
    if (!json_is_object(patch))
        return json_share(patch);
    json_t *result = json_is_object(target) ? json_copy(json_unconst(target)) : json_object();
    if (result != NULL && !json_merge_into(result, patch)) {
        json_decref(result);
        return NULL;
    }
    return result;
}

void json_pointer_init(struct json_pointer *pointer, const char *base)
{
    size_t len = strlen(base);
    pointer->is_full = len >= sizeof pointer->text;
    pointer->len = pointer->is_full ? 0 : len;
    memcpy(pointer->text, base, pointer->len);
    pointer->text[pointer->len] = '\0';
}

/* A mark remembers the length and, in its lowest bit, whether the pointer was full. */
static size_t json_pointer_mark(const struct json_pointer *pointer)
{
    return pointer->len << 1 | (pointer->is_full ? 1U : 0U);
}

size_t json_pointer_push(struct json_pointer *pointer, struct str name)
{
    size_t mark = json_pointer_mark(pointer);
    size_t escaped_len = 1 + name.len;
    for (size_t i = 0; i < name.len; i++)
        escaped_len += name.data[i] == '~' || name.data[i] == '/' ? 1 : 0;
    if (escaped_len >= sizeof pointer->text - pointer->len)
        pointer->is_full = true;
    if (pointer->is_full)
        return mark;
    char *out = pointer->text + pointer->len;
    *out++ = '/';
    for (size_t i = 0; i < name.len; i++) {
        char byte = name.data[i];
        if (byte == '~' || byte == '/')
            *out++ = '~';
        if (byte == '~')
            byte = '0';
        else if (byte == '/')
            byte = '1';
        *out++ = byte;
    }
    *out = '\0';
    pointer->len += escaped_len;
    return mark;
}

size_t json_pointer_push_index(struct json_pointer *pointer, size_t index)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", index);
    return json_pointer_push(pointer, str_from(text));
}

void json_pointer_pop(struct json_pointer *pointer, size_t mark)
{
    pointer->len = mark >> 1;
    pointer->is_full = (mark & 1U) != 0;
    pointer->text[pointer->len] = '\0';
}
