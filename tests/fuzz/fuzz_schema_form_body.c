/*
 * Content-Type and form decoder. The input's first line (up to LF) is the Content-Type, the rest
 * the body. Besides not crashing: what is decoded keeps the promises of form_body.h.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "schema/form_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_text(struct str text)
{
    check(utf8_is_valid(text) && strlen(text.data) == text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = str_slice((const char *)data, size);
    struct str header = str_cut(&body, '\n');
    struct arena arena;
    arena_init(&arena, /* limit_bytes= */ 1024 * 1024);
    struct err err = {.code = OK};
    struct media_type type;
    if (media_type_parse(header, &arena, &type, &err) == OK) {
        enum media_kind kind = media_type_kind(&type);
        struct form_body form;
        if ((kind == MEDIA_KIND_URLENCODED || kind == MEDIA_KIND_MULTIPART) &&
            form_body_decode(&type, body, &arena, &form, &err) == OK) {
            check(form.count + form.file_count <= FORM_FIELDS_MAX);
            for (size_t i = 0; i < form.count; i++) {
                check_text(form.fields[i].name);
                check_text(form.fields[i].value);
                check(form.fields[i].name.len <= FORM_FIELD_NAME_BYTES_MAX);
            }
        }
    }
    check(err.code != ERR_NOMEM && err.code != ERR_BUG);
    arena_done(&arena);
    return 0;
}
