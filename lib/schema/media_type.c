#include "schema/media_type.h"

#include "base/buf.h"

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

/* HTAB, SP, visible ASCII and the bytes of other scripts. */
static bool is_quotable_byte(char byte)
{
    return byte == '\t' || ((unsigned char)byte >= 0x20 && byte != 0x7f);
}

static void skip_white(struct str *text)
{
    while (text->len > 0 && (text->data[0] == ' ' || text->data[0] == '\t')) {
        *text = str_slice(text->data + 1, text->len - 1);
    }
}

static bool skip_byte(struct str *text, char byte)
{
    if (text->len == 0 || text->data[0] != byte) {
        return false;
    }
    *text = str_slice(text->data + 1, text->len - 1);
    return true;
}

/* The token at the start, cut off `text`; empty when there is none. */
static struct str take_token(struct str *text)
{
    size_t len = 0;
    while (len < text->len && is_token_byte(text->data[len])) {
        len++;
    }
    struct str token = str_slice(text->data, len);
    *text = str_slice(text->data + len, text->len - len);
    return token;
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static struct str lower_copy(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (copy == NULL) {
        return (struct str){.data = NULL};
    }
    for (size_t i = 0; i < text.len; i++) {
        copy[i] = lower(text.data[i]);
    }
    return str_slice(copy, text.len);
}

static enum err_code no_memory(struct err *reterr)
{
    return err_set(reterr, ERR_NOMEM, "Out of memory.");
}

/* The rest of a quoted string whose opening mark is behind us. */
static enum err_code take_quoted(struct str *text, struct arena *arena, struct str *ret_value,
                                 struct err *reterr)
{
    char *out = arena_alloc(arena, text->len + 1);
    if (out == NULL) {
        return no_memory(reterr);
    }
    size_t len = 0;
    for (size_t i = 0; i < text->len; i++) {
        char byte = text->data[i];
        if (byte == '"') {
            *ret_value = str_slice(out, len);
            *text = str_slice(text->data + i + 1, text->len - i - 1);
            return OK;
        }
        if (byte == '\\' && i + 1 < text->len &&
            (text->data[i + 1] == '"' || text->data[i + 1] == '\\')) {
            byte = text->data[++i];
        }
        if (!is_quotable_byte(byte)) {
            return err_set(reterr, ERR_MALFORMED, "A header parameter holds a control character.");
        }
        out[len++] = byte;
    }
    return err_set(reterr, ERR_MALFORMED, "A header parameter has no closing quotation mark.");
}

/* name=value at the start of `text`. */
static enum err_code take_parameter(struct str *text, struct arena *arena,
                                    struct media_parameters *parameters, struct err *reterr)
{
    struct str name = lower_copy(arena, take_token(text));
    if (name.data == NULL) {
        return no_memory(reterr);
    }
    if (name.len == 0 || !skip_byte(text, '=')) {
        return err_set(reterr, ERR_MALFORMED, "A header parameter is not of the form name=value.");
    }
    struct str value;
    if (skip_byte(text, '"')) {
        enum err_code code = take_quoted(text, arena, &value, reterr);
        if (code != OK) {
            return code;
        }
    } else {
        struct str token = take_token(text);
        if (token.len == 0) {
            return err_set(reterr, ERR_MALFORMED, "A header parameter has no value.");
        }
        value = arena_str(arena, token);
        if (value.data == NULL) {
            return no_memory(reterr);
        }
    }
    for (size_t i = 0; i < parameters->count; i++) {
        if (str_eq(parameters->items[i].name, name)) {
            return err_set(reterr, ERR_MALFORMED, "A header parameter is given twice.");
        }
    }
    if (parameters->count == MEDIA_PARAMETERS_MAX) {
        return err_set(reterr, ERR_MALFORMED, "A header has more than %d parameters.",
                       MEDIA_PARAMETERS_MAX);
    }
    parameters->items[parameters->count++] = (struct media_parameter){.name = name, .value = value};
    return OK;
}

enum err_code media_parameters_parse(struct str text, struct arena *arena,
                                     struct media_parameters *ret_parameters, struct err *reterr)
{
    struct media_parameters parameters = {.count = 0};
    if (text.len > MEDIA_TYPE_BYTES_MAX) {
        return err_set(reterr, ERR_MALFORMED, "A header is longer than %d bytes.",
                       MEDIA_TYPE_BYTES_MAX);
    }
    for (skip_white(&text); text.len > 0; skip_white(&text)) {
        if (!skip_byte(&text, ';')) {
            return err_set(reterr, ERR_MALFORMED, "Header parameters are not separated by ';'.");
        }
        skip_white(&text);
        if (text.len == 0 || text.data[0] == ';') {
            continue; /* an empty parameter, as the grammar allows */
        }
        enum err_code code = take_parameter(&text, arena, &parameters, reterr);
        if (code != OK) {
            return code;
        }
    }
    *ret_parameters = parameters;
    return OK;
}

struct str media_parameter(const struct media_parameters *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->count; i++) {
        if (str_is(parameters->items[i].name, name)) {
            return parameters->items[i].value;
        }
    }
    return (struct str){.data = NULL};
}

enum err_code media_type_parse(struct str header, struct arena *arena, struct media_type *ret_type,
                               struct err *reterr)
{
    struct str rest = str_trim(header);
    if (rest.len == 0) {
        return err_set(reterr, ERR_UNSUPPORTED, "The request has no Content-Type.");
    }
    if (rest.len > MEDIA_TYPE_BYTES_MAX) {
        return err_set(reterr, ERR_MALFORMED, "The Content-Type is longer than %d bytes.",
                       MEDIA_TYPE_BYTES_MAX);
    }
    struct str type = take_token(&rest);
    bool has_slash = skip_byte(&rest, '/');
    struct str subtype = take_token(&rest);
    if (type.len == 0 || !has_slash || subtype.len == 0) {
        return err_set(reterr, ERR_MALFORMED, "The Content-Type is not of the form type/subtype.");
    }
    struct media_type result = {.type = lower_copy(arena, type),
                                .subtype = lower_copy(arena, subtype)};
    if (result.type.data == NULL || result.subtype.data == NULL) {
        return no_memory(reterr);
    }
    enum err_code code = media_parameters_parse(rest, arena, &result.parameters, reterr);
    if (code == OK) {
        *ret_type = result;
    }
    return code;
}

static bool ends_with_json(struct str subtype)
{
    static const struct str suffix = STR_LITERAL("+json");
    return subtype.len > suffix.len &&
           str_eq(str_slice(subtype.data + subtype.len - suffix.len, suffix.len), suffix);
}

enum media_kind media_type_kind(const struct media_type *type)
{
    if (str_is(type->type, "application")) {
        if (str_is(type->subtype, "json") || ends_with_json(type->subtype)) {
            return MEDIA_KIND_JSON;
        }
        return str_is(type->subtype, "x-www-form-urlencoded") ? MEDIA_KIND_URLENCODED
                                                              : MEDIA_KIND_OTHER;
    }
    bool is_form = str_is(type->type, "multipart") && str_is(type->subtype, "form-data");
    return is_form ? MEDIA_KIND_MULTIPART : MEDIA_KIND_OTHER;
}
