/*
 * Two steps: the syntax cuts the body into raw names and values, as bytes in the form's charset;
 * then the charset, which a field anywhere in the body may name, turns them into text.
 */
#include "schema/form_body.h"

#include <assert.h>

#include "base/utf8.h"
#include "schema/percent.h"

enum charset {
    CHARSET_UNDECLARED,
    CHARSET_UTF_8,
    CHARSET_WINDOWS_1252,
    CHARSET_ISO_8859_15,
    CHARSET_UNSUPPORTED,
};

struct raw_field {
    struct str name;
    struct str value;
    enum charset charset; /* of its own part */
};

/* A body being cut up. */
struct raw_form {
    struct arena *arena;
    struct err *reterr;
    struct raw_field *fields; /* FORM_FIELDS_MAX slots in the arena */
    size_t count;
    size_t file_count;
};

static enum err_code no_memory(struct err *reterr)
{
    return err_set(reterr, ERR_NOMEM, "Out of memory.");
}

static enum err_code malformed(struct err *reterr, const char *what)
{
    return err_set(reterr, ERR_MALFORMED, "The form is malformed: %s.", what);
}

/* Charsets. The labels are those of the Encoding Standard that forms really use. */

static enum charset charset_of(struct str label)
{
    static const struct {
        const char *label;
        enum charset charset;
    } labels[] = {
        {"utf-8",        CHARSET_UTF_8       },
        {"utf8",         CHARSET_UTF_8       },
        {"windows-1252", CHARSET_WINDOWS_1252},
        {"cp1252",       CHARSET_WINDOWS_1252},
        {"iso-8859-1",   CHARSET_WINDOWS_1252},
        {"iso8859-1",    CHARSET_WINDOWS_1252},
        {"iso_8859-1",   CHARSET_WINDOWS_1252},
        {"latin1",       CHARSET_WINDOWS_1252},
        {"us-ascii",     CHARSET_WINDOWS_1252},
        {"iso-8859-15",  CHARSET_ISO_8859_15 },
        {"iso8859-15",   CHARSET_ISO_8859_15 },
    };
    struct str trimmed = str_trim(label);
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        if (str_eq_nocase(trimmed, str_from(labels[i].label))) {
            return labels[i].charset;
        }
    }
    return trimmed.len == 0 ? CHARSET_UNDECLARED : CHARSET_UNSUPPORTED;
}

/* Encoding Standard, index windows-1252: only 0x80…0x9F differ from Unicode; the five free
 * positions are the C1 controls of the same number. */
static uint32_t windows_1252_code_point(unsigned char byte)
{
    static const uint16_t high[32] = {
        0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
    };
    return byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte;
}

/* Encoding Standard, index iso-8859-15: eight positions differ from Unicode. */
static uint32_t iso_8859_15_code_point(unsigned char byte)
{
    switch (byte) {
    case 0xa4:
        return 0x20ac;
    case 0xa6:
        return 0x0160;
    case 0xa8:
        return 0x0161;
    case 0xb4:
        return 0x017d;
    case 0xb8:
        return 0x017e;
    case 0xbc:
        return 0x0152;
    case 0xbd:
        return 0x0153;
    case 0xbe:
        return 0x0178;
    default:
        return byte;
    }
}

/* Raw bytes to NUL-terminated UTF-8 in the arena. */
static enum err_code text_decode(struct str raw, enum charset charset, struct arena *arena,
                                 struct str *ret_text, struct err *reterr)
{
    if (raw.len > 0 && memchr(raw.data, '\0', raw.len) != NULL) {
        return malformed(reterr, "a field holds a NUL");
    }
    if (charset == CHARSET_UTF_8) {
        if (!utf8_is_valid(raw)) {
            return malformed(reterr, "a field is not valid UTF-8");
        }
        struct str copy = arena_str(arena, raw);
        if (copy.data == NULL) {
            return no_memory(reterr);
        }
        *ret_text = copy;
        return OK;
    }
    char *out = arena_alloc(arena, raw.len * 3 + 1); /* U+20AC takes three bytes */
    if (out == NULL) {
        return no_memory(reterr);
    }
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        unsigned char byte = (unsigned char)raw.data[i];
        char encoded[4];
        size_t encoded_len = utf8_encode(charset == CHARSET_ISO_8859_15
                                             ? iso_8859_15_code_point(byte)
                                             : windows_1252_code_point(byte),
                                         encoded);
        memcpy(out + len, encoded, encoded_len);
        len += encoded_len;
    }
    *ret_text = str_slice(out, len);
    return OK;
}

/* From raw fields to the result. */

static enum err_code raw_form_add(struct raw_form *form, struct raw_field field, bool is_file)
{
    if (form->count + form->file_count == FORM_FIELDS_MAX) {
        return err_set(form->reterr, ERR_TOO_LARGE, "The form has more than %d fields.",
                       FORM_FIELDS_MAX);
    }
    if (is_file) {
        form->file_count++;
    } else {
        form->fields[form->count++] = field;
    }
    return OK;
}

static bool is_charset_field(const struct raw_field *field)
{
    return str_is(field->name, "_charset_");
}

/* What a field without a charset of its own is in. */
static enum charset form_charset(const struct raw_form *form, enum charset declared)
{
    for (size_t i = 0; i < form->count; i++) {
        if (is_charset_field(&form->fields[i])) {
            enum charset charset = charset_of(form->fields[i].value);
            if (charset != CHARSET_UNDECLARED) {
                return charset;
            }
        }
    }
    return declared == CHARSET_UNDECLARED ? CHARSET_UTF_8 : declared;
}

static enum err_code field_decode(const struct raw_field *raw, enum charset fallback,
                                  struct arena *arena, struct form_field *ret_field,
                                  struct err *reterr)
{
    enum charset charset = raw->charset == CHARSET_UNDECLARED ? fallback : raw->charset;
    if (charset == CHARSET_UNSUPPORTED || fallback == CHARSET_UNSUPPORTED) {
        return err_set(reterr, ERR_UNSUPPORTED,
                       "The form's charset is not supported; UTF-8, windows-1252, iso-8859-1 and "
                       "iso-8859-15 are.");
    }
    struct form_field field = {.name = {.data = NULL}};
    /* A part's charset is that of its content; names are in the form's. */
    enum err_code code = text_decode(raw->name, fallback, arena, &field.name, reterr);
    if (code != OK) {
        return code;
    }
    if (field.name.len > FORM_FIELD_NAME_BYTES_MAX) {
        return err_set(reterr, ERR_TOO_LARGE, "The name of a field is longer than %d bytes.",
                       FORM_FIELD_NAME_BYTES_MAX);
    }
    code = text_decode(raw->value, charset, arena, &field.value, reterr);
    if (code == OK) {
        *ret_field = field;
    }
    return code;
}

static enum err_code raw_form_finish(const struct raw_form *raw, enum charset declared,
                                     struct form_body *ret_form)
{
    struct form_field *fields = arena_array(raw->arena, raw->count, sizeof(struct form_field));
    if (fields == NULL) {
        return no_memory(raw->reterr);
    }
    enum charset charset = form_charset(raw, declared);
    size_t count = 0;
    for (size_t i = 0; i < raw->count; i++) {
        if (is_charset_field(&raw->fields[i])) {
            continue;
        }
        enum err_code code =
            field_decode(&raw->fields[i], charset, raw->arena, &fields[count], raw->reterr);
        if (code != OK) {
            return code;
        }
        count++;
    }
    *ret_form = (struct form_body){.fields = fields, .count = count, .file_count = raw->file_count};
    return OK;
}

/* application/x-www-form-urlencoded */

/* One side of a pair; decoding only shrinks, so the copy is decoded in place by the caller's bound.
 */
static enum err_code urlencoded_text(struct raw_form *form, struct str text, struct str *ret_text)
{
    char *out = arena_alloc(form->arena, text.len);
    if (out == NULL) {
        return no_memory(form->reterr);
    }
    size_t len;
    if (!percent_decode_bytes(text, /* plus_is_space= */ true, out, &len)) {
        return malformed(form->reterr, "a '%' is not followed by two hexadecimal digits");
    }
    *ret_text = str_slice(out, len);
    return OK;
}

static enum err_code urlencoded_split(struct str body, struct raw_form *form)
{
    struct str rest = body;
    while (rest.data != NULL) {
        struct str value = str_cut(&rest, '&');
        if (value.len == 0) {
            continue;
        }
        struct str name = str_cut(&value, '=');
        struct raw_field field;
        enum err_code code = urlencoded_text(form, name, &field.name);
        if (code == OK) {
            code = urlencoded_text(form, value, &field.value);
        }
        if (code == OK) {
            field.charset = CHARSET_UNDECLARED;
            code = raw_form_add(form, field, /* is_file= */ false);
        }
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

/* multipart/form-data */

static const struct str crlf = STR_LITERAL("\r\n");

/* What a part's headers say. */
struct part {
    bool has_disposition;
    bool is_file;
    struct str name; /* absent when none */
    enum charset charset;
};

/* Where `needle` begins in `text`; text.len when nowhere. */
static size_t find(struct str text, struct str needle)
{
    const char *found = memmem(text.data, text.len, needle.data, needle.len);
    return found != NULL ? (size_t)(found - text.data) : text.len;
}

static struct str skip(struct str text, size_t len)
{
    return str_slice(text.data + len, text.len - len);
}

static bool is_boundary(struct str boundary)
{
    if (boundary.len == 0 || boundary.len > FORM_BOUNDARY_BYTES_MAX ||
        boundary.data[boundary.len - 1] == ' ') {
        return false;
    }
    for (size_t i = 0; i < boundary.len; i++) {
        char byte = boundary.data[i];
        bool is_alphanumeric = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                               (byte >= '0' && byte <= '9');
        if (!is_alphanumeric && (byte == '\0' || strchr("'()+_,-./:=? ", byte) == NULL)) {
            return false;
        }
    }
    return true;
}

static enum err_code part_disposition(struct raw_form *form, struct str value, struct part *part)
{
    size_t type_len = find(value, STR_LITERAL(";"));
    if (part->has_disposition ||
        !str_eq_nocase(str_trim(str_slice(value.data, type_len)), str_from("form-data"))) {
        return malformed(form->reterr, "a part needs one Content-Disposition, form-data");
    }
    struct media_parameters parameters;
    enum err_code code =
        media_parameters_parse(skip(value, type_len), form->arena, &parameters, form->reterr);
    if (code != OK) {
        return code;
    }
    part->has_disposition = true;
    part->name = media_parameter(&parameters, "name");
    part->is_file = media_parameter(&parameters, "filename").data != NULL;
    return OK;
}

static enum err_code part_header(struct raw_form *form, struct str line, struct part *part)
{
    if (line.len > FORM_PART_HEADER_BYTES_MAX) {
        return malformed(form->reterr, "a part has a header line that is too long");
    }
    struct str value = line;
    struct str name = str_cut(&value, ':');
    if (value.data == NULL || name.len == 0) {
        return malformed(form->reterr, "a part has a header line without ':'");
    }
    for (size_t i = 0; i < line.len; i++) {
        bool is_control = (unsigned char)line.data[i] < 0x20 && line.data[i] != '\t';
        bool is_blank_name = i < name.len && (line.data[i] == ' ' || line.data[i] == '\t');
        if (is_control || is_blank_name) { /* folded lines begin with a blank */
            return malformed(form->reterr, "a part has a header with a forbidden character");
        }
    }
    if (str_eq_nocase(name, str_from("content-disposition"))) {
        return part_disposition(form, value, part);
    }
    if (str_eq_nocase(name, str_from("content-type"))) {
        struct media_type type;
        enum err_code code = media_type_parse(value, form->arena, &type, form->reterr);
        if (code == OK) {
            part->charset = charset_of(media_parameter(&type.parameters, "charset"));
        }
        return code;
    }
    struct str coding = str_trim(value);
    if (str_eq_nocase(name, str_from("content-transfer-encoding")) &&
        !str_eq_nocase(coding, str_from("binary")) && !str_eq_nocase(coding, str_from("8bit")) &&
        !str_eq_nocase(coding, str_from("7bit"))) {
        return err_set(form->reterr, ERR_UNSUPPORTED,
                       "The form has a part with an unsupported Content-Transfer-Encoding.");
    }
    return OK;
}

/* `content` is what stands between two delimiters: headers, an empty line, the value. */
static enum err_code part_add(struct raw_form *form, struct str content)
{
    struct part part = {.charset = CHARSET_UNDECLARED};
    for (size_t headers = 0;; headers++) {
        size_t line_len = find(content, crlf);
        if (line_len == content.len) {
            return malformed(form->reterr, "a part has no empty line after its headers");
        }
        struct str line = str_slice(content.data, line_len);
        content = skip(content, line_len + crlf.len);
        if (line.len == 0) {
            break;
        }
        if (headers == FORM_PART_HEADERS_MAX) {
            return malformed(form->reterr, "a part has too many headers");
        }
        enum err_code code = part_header(form, line, &part);
        if (code != OK) {
            return code;
        }
    }
    if (!part.has_disposition || part.name.data == NULL) {
        return malformed(form->reterr, "a part has no name");
    }
    struct raw_field field = {.name = part.name, .value = content, .charset = part.charset};
    return raw_form_add(form, field, part.is_file);
}

/* What follows a delimiter on its line: "--" after the last one, padding, the line's end, which the
 * very last one may lack. Cuts that off `rest`. */
static bool delimiter_end(struct str *rest, bool *ret_is_last)
{
    bool is_last = str_starts_with(*rest, "--");
    *rest = skip(*rest, is_last ? 2 : 0);
    while (rest->len > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t')) {
        *rest = skip(*rest, 1);
    }
    *ret_is_last = is_last;
    if (str_starts_with(*rest, "\r\n")) {
        *rest = skip(*rest, crlf.len);
        return true;
    }
    return is_last && rest->len == 0;
}

static enum err_code multipart_split(struct str boundary, struct str body, struct raw_form *form)
{
    char delimiter_text[4 + FORM_BOUNDARY_BYTES_MAX] = {'\r', '\n', '-', '-'};
    memcpy(delimiter_text + 4, boundary.data, boundary.len);
    struct str delimiter = str_slice(delimiter_text, 4 + boundary.len);
    struct str first = skip(delimiter, crlf.len); /* at the start no line end precedes it */

    size_t start = first.len;
    if (body.len < first.len || memcmp(body.data, first.data, first.len) != 0) {
        size_t preamble = find(body, delimiter); /* to be ignored */
        if (preamble == body.len) {
            return malformed(form->reterr, "the boundary of its Content-Type does not occur");
        }
        start = preamble + delimiter.len;
    }
    struct str rest = skip(body, start);
    for (;;) {
        bool is_last;
        if (!delimiter_end(&rest, &is_last)) {
            return malformed(form->reterr, "a boundary line does not end after the boundary");
        }
        if (is_last) {
            return OK; /* the rest is an epilogue, to be ignored */
        }
        size_t content_len = find(rest, delimiter);
        if (content_len == rest.len) {
            return malformed(form->reterr, "the closing boundary is missing");
        }
        enum err_code code = part_add(form, str_slice(rest.data, content_len));
        if (code != OK) {
            return code;
        }
        rest = skip(rest, content_len + delimiter.len);
    }
}

enum err_code form_body_decode(const struct media_type *type, struct str body, struct arena *arena,
                               struct form_body *ret_form, struct err *reterr)
{
    enum media_kind kind = media_type_kind(type);
    assert(kind == MEDIA_KIND_URLENCODED || kind == MEDIA_KIND_MULTIPART);
    if (body.len > FORM_BODY_BYTES_MAX) {
        return err_set(reterr, ERR_TOO_LARGE, "The form is larger than %d bytes.",
                       FORM_BODY_BYTES_MAX);
    }
    struct raw_form form = {
        .arena = arena,
        .reterr = reterr,
        .fields = arena_array(arena, FORM_FIELDS_MAX, sizeof(struct raw_field)),
    };
    if (form.fields == NULL) {
        return no_memory(reterr);
    }
    enum err_code code = OK;
    if (kind == MEDIA_KIND_URLENCODED) {
        code = urlencoded_split(body, &form);
    } else {
        struct str boundary = media_parameter(&type->parameters, "boundary");
        if (!is_boundary(boundary)) {
            return malformed(reterr, "its Content-Type needs a boundary of 1 to 70 characters");
        }
        code = body.len > 0 ? multipart_split(boundary, body, &form) : OK;
    }
    if (code != OK) {
        return code;
    }
    enum charset declared = charset_of(media_parameter(&type->parameters, "charset"));
    return raw_form_finish(&form, declared, ret_form);
}

bool form_field_is_captcha(struct str name)
{
    static const char *const names[] = {"g-recaptcha-response", "h-captcha-response",
                                        "cf-turnstile-response", "frc-captcha-solution",
                                        "frc-captcha-response"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_is(name, names[i])) {
            return true;
        }
    }
    return false;
}
