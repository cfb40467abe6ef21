#include "schema/adapter_internal.h"

#include <assert.h>
#include <string.h>

enum {
    ANSWERS_AT_FIRST = 32,
    FLAT_DEPTH_MAX = 3,
    FLAT_NAME_BYTES_MAX = 512, /* of a nested one; nobody writes a longer one into a map */
    HTTP_OK = 200,
    HTTP_CREATED = 201,
};

#define RELAIS_SECRET "X-Relais-Secret"

/*
 * Webflow takes 200 alone for success, tries again after anything else and switches the webhook off
 * in the end; the others take any 2xx.
 */
const struct adapter adapters[] = {
    {.name = "typeform",
     .read = typeform_read,
     .success = HTTP_CREATED,
     .scheme = SIGNATURE_BASE64,
     .signature_header = "Typeform-Signature",
     .signature_prefix = "sha256="         },
    {                      .name = "tally",
     .read = tally_read,
     .success = HTTP_CREATED,
     .scheme = SIGNATURE_BASE64,
     .signature_header = "Tally-Signature",
     .signature_prefix = ""              },
    {      .name = "webflow",
     .read = webflow_read,
     .success = HTTP_OK,
     .scheme = SIGNATURE_HEX_WITH_TIME,
     .signature_header = "X-Webflow-Signature",
     .signature_prefix = "",
     .time_header = "X-Webflow-Timestamp"},
    { .name = "gravityforms",
     .read = gravityforms_read,
     .takes_forms = true,
     .success = HTTP_CREATED,
     .scheme = SIGNATURE_SECRET,
     .signature_header = RELAIS_SECRET,
     .signature_prefix = ""},
    {                .name = "fluentforms",
     .read = fluentforms_read,
     .takes_forms = true,
     .success = HTTP_CREATED,
     .scheme = SIGNATURE_SECRET,
     .signature_header = RELAIS_SECRET,
     .signature_prefix = ""},
    {               .name = "contactform7",
     .read = contactform7_read,
     .takes_forms = true,
     .success = HTTP_CREATED,
     .scheme = SIGNATURE_SECRET,
     .signature_header = RELAIS_SECRET,
     .signature_prefix = ""},
};

const char *const adapter_names[] = {"typeform",    "tally",        "webflow", "gravityforms",
                                     "fluentforms", "contactform7", NULL};
static_assert(ARRAY_LEN(adapter_names) == ARRAY_LEN(adapters) + 1, "every adapter has a name");

/* Its API knows keys alone: it has no path of its own under a form, and nothing is signed. */
const struct adapter adapter_hubspot = {
    .name = "hubspot",
    .read = hubspot_read,
    .success = HTTP_OK,
    .scheme = SIGNATURE_SECRET,
    .signature_header = RELAIS_SECRET,
    .signature_prefix = "",
};

const struct adapter *adapter_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(adapters); i++) {
        if (str_is(name, adapters[i].name)) {
            return &adapters[i];
        }
    }
    return NULL;
}

enum err_code adapter_read(const struct adapter *adapter, const json_t *body, struct arena *arena,
                           struct adapted *ret_adapted, struct err *reterr)
{
    struct adapted adapted = {.arena = arena, .occurred_at_us = TIME_NONE};
    const enum err_code code = adapter->read(body, &adapted, reterr);
    if (code != OK) {
        return code;
    }
    if (adapted.is_out_of_memory) {
        return err_set(reterr, ERR_NOMEM, "Out of memory. Try again.");
    }
    *ret_adapted = adapted;
    return OK;
}

/* ---- answers ---- */

static bool has_room(struct adapted *adapted)
{
    if (adapted->count < adapted->capacity) {
        return true;
    }
    if (adapted->count == ANSWERS_MAX) {
        adapted->left_out_count++;
        return false;
    }
    const size_t doubled = adapted->capacity == 0 ? ANSWERS_AT_FIRST : 2 * adapted->capacity;
    const size_t capacity = doubled < ANSWERS_MAX ? doubled : ANSWERS_MAX;
    struct answer *answers = arena_array(adapted->arena, capacity, sizeof *answers);
    if (answers == NULL) {
        adapted->is_out_of_memory = true;
        return false;
    }
    if (adapted->count > 0) {
        memcpy(answers, adapted->answers, adapted->count * sizeof *answers);
    }
    adapted->answers = answers;
    adapted->capacity = capacity;
    return true;
}

struct answer *adapted_add(struct adapted *adapted, struct str value)
{
    if (str_trim(value).len == 0 || !has_room(adapted)) {
        return NULL;
    }
    struct answer *answer = &adapted->answers[adapted->count++];
    *answer = (struct answer){.value = value};
    return answer;
}

void answer_add_name(struct answer *answer, struct str name)
{
    size_t at = 0;
    while (at < ANSWER_NAMES_MAX && answer->names[at].data != NULL) {
        if (str_eq(answer->names[at], name)) {
            return;
        }
        at++;
    }
    if (at < ANSWER_NAMES_MAX && str_trim(name).len > 0) {
        answer->names[at] = name;
    }
}

struct answer *adapted_add_named(struct adapted *adapted, struct str name, struct str value)
{
    struct answer *answer = adapted_add(adapted, value);
    if (answer != NULL) {
        answer_add_name(answer, name);
        answer->label = name;
    }
    return answer;
}

void adapted_add_page(struct adapted *adapted, const char *name, struct str url)
{
    struct answer *answer = adapted_add_named(adapted, str_from(name), url);
    if (answer != NULL) {
        answer->ours = "page_url";
        answer->kind = ANSWER_DETAIL;
    }
}

/* ---- values ---- */

/* A text being made of parts; what would make it too long is left out. */
static void put(struct buf *made, const char *separator, struct str part)
{
    if (part.len == 0) {
        return;
    }
    const size_t separator_len = made->len > 0 ? strlen(separator) : 0;
    if (made->len + separator_len + part.len > ANSWER_MADE_BYTES_MAX) {
        return;
    }
    buf_append(made, separator, separator_len);
    buf_append_str(made, part);
}

static struct str keep(struct adapted *adapted, const struct buf *made)
{
    if (made->len == 0 && !made->failed) {
        return (struct str){.data = NULL};
    }
    const struct str text = made->failed ? (struct str){.data = NULL}
                                         : arena_str(adapted->arena, buf_str(made));
    adapted->is_out_of_memory |= text.data == NULL;
    return text;
}

struct str adapted_join(struct adapted *adapted, const json_t *items, const char *separator,
                        struct str (*text_of)(struct adapted *adapted, const json_t *item,
                                              const void *context),
                        const void *context)
{
    if (!json_is_array(items)) {
        return text_of(adapted, items, context);
    }
    CLEANUP(buf_done) struct buf made;
    buf_init(&made, ANSWER_MADE_BYTES_MAX + 1);
    for (size_t i = 0; i < json_array_size(items); i++) {
        put(&made, separator, text_of(adapted, json_array_get(items, i), context));
    }
    return keep(adapted, &made);
}

static struct str text_of_item(struct adapted *adapted, const json_t *item, const void *context)
{
    (void)context;
    return adapted_text(adapted, item);
}

static struct str text_of_number(struct adapted *adapted, const json_t *value)
{
    CLEANUP(buf_done) struct buf digits;
    buf_init(&digits, 64);
    json_serialize(&digits, value);
    return keep(adapted, &digits);
}

struct str adapted_pairs(struct adapted *adapted, const json_t *object)
{
    CLEANUP(buf_done) struct buf made;
    buf_init(&made, ANSWER_MADE_BYTES_MAX + 1);
    json_t *same = json_unconst(object);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const struct str text = adapted_text(adapted, json_object_iter_value(at));
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        if (name.len > 0 && text.len > 0 &&
            made.len + name.len + text.len + 4 <= ANSWER_MADE_BYTES_MAX) {
            put(&made, "; ", name);
            buf_append_text(&made, ": ");
            buf_append_str(&made, text);
        }
    }
    return keep(adapted, &made);
}

/* A file is its address, a choice its label. */
static struct str text_of_object(struct adapted *adapted, const json_t *object)
{
    static const char *const telling[] = {"url", "label", "text", "value"};
    for (size_t i = 0; i < ARRAY_LEN(telling); i++) {
        const struct str text = json_str_of(json_object_get(object, telling[i]));
        if (text.len > 0) {
            return text;
        }
    }
    return adapted_pairs(adapted, object);
}

struct str adapted_text(struct adapted *adapted, const json_t *value)
{
    if (value == NULL) {
        return (struct str){.data = NULL};
    }
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_str_of(value);
    case JSON_INTEGER:
    case JSON_REAL:
        return text_of_number(adapted, value);
    case JSON_TRUE:
        return STR_LITERAL("true");
    case JSON_FALSE:
        return STR_LITERAL("false");
    case JSON_ARRAY:
        return adapted_join(adapted, value, ", ", text_of_item, /* context= */ NULL);
    case JSON_OBJECT:
        return text_of_object(adapted, value);
    case JSON_NULL:
        break;
    }
    return (struct str){.data = NULL};
}

struct str adapted_member(struct adapted *adapted, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_integer(value)) {
        return text_of_number(adapted, value);
    }
    const struct str text = json_str_of(value);
    return text.len > 0 ? text : (struct str){.data = NULL};
}

/* ---- the submission's id ---- */

void adapted_identify(struct adapted *adapted, const char *tool, struct str token,
                      const struct str *parts, size_t count)
{
    enum { PARTS_MAX = 6 };
    if (token.len == 0 || (uuid_parse(token, &adapted->id) && !uuid_is_nil(adapted->id))) {
        return;
    }
    assert(count + 2 <= PARTS_MAX);
    struct str all[PARTS_MAX] = {str_from(tool), token};
    for (size_t i = 0; i < count; i++) {
        all[2 + i] = parts[i];
    }
    adapted->id = uuid_from_parts(all, count + 2);
    adapted->is_id_made = true;
}

/* ---- flat objects ---- */

static bool is_plumbing(struct str name)
{
    return form_field_is_captcha(name) || str_starts_with(name, "_");
}

/* Where in nested objects one is; NULL above all. */
struct flat_path {
    struct str dotted;    /* "names.first_name" */
    struct str bracketed; /* "names[first_name]" */
    struct str spaced;    /* "names first_name" */
    unsigned depth;
    bool is_plumbing;
};

static struct str joined(struct adapted *adapted, struct str parent, const char *before,
                         struct str name, const char *behind)
{
    const char *text = arena_printf(adapted->arena, "%.*s%s%.*s%s", STR_ARGS(parent), before,
                                    STR_ARGS(name), behind);
    adapted->is_out_of_memory |= text == NULL;
    return str_from(text);
}

static void take_flat(struct adapted *adapted, const json_t *object, const struct flat_path *path);

static void take_flat_member(struct adapted *adapted, const struct flat_path *path, struct str name,
                             const json_t *value)
{
    struct flat_path here = {.dotted = name,
                             .bracketed = name,
                             .spaced = name,
                             .depth = path != NULL ? path->depth + 1 : 1,
                             .is_plumbing = is_plumbing(name) ||
                                            (path != NULL && path->is_plumbing)};
    if (path != NULL && path->bracketed.len + name.len <= FLAT_NAME_BYTES_MAX) {
        here.dotted = joined(adapted, path->dotted, ".", name, "");
        here.bracketed = joined(adapted, path->bracketed, "[", name, "]");
        here.spaced = joined(adapted, path->spaced, " ", name, "");
    }
    if (json_is_object(value) && here.depth < FLAT_DEPTH_MAX) {
        take_flat(adapted, value, &here);
        return;
    }
    struct answer *answer = adapted_add(adapted, adapted_text(adapted, value));
    if (answer == NULL) {
        return;
    }
    answer_add_name(answer, here.dotted);
    answer_add_name(answer, here.bracketed);
    answer_add_name(answer, name);
    answer->label = here.spaced;
    answer->kind = here.is_plumbing ? ANSWER_DETAIL : ANSWER_PLAIN;
}

static void take_flat(struct adapted *adapted, const json_t *object, const struct flat_path *path)
{
    json_t *same = json_unconst(object);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        take_flat_member(adapted, path,
                         str_slice(json_object_iter_key(at), json_object_iter_key_len(at)),
                         json_object_iter_value(at));
    }
}

void adapted_take_flat(struct adapted *adapted, const json_t *object, const char *but)
{
    json_t *same = json_unconst(object);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        if (but == NULL || !str_is(name, but)) {
            take_flat_member(adapted, /* path= */ NULL, name, json_object_iter_value(at));
        }
    }
}
