/*
 * Other tools' webhooks, and what their answers are for. The input's first byte names the adapter
 * ('0' typeform … '5' contactform7, '6' hubspot; the same letters from 'a' on take the rest as an
 * urlencoded body, and as the fields of a page's own form), the rest is the body. What is read is
 * text with the promises of adapter.h and domain/answers.h: names that the store takes, each once.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "domain/form_fields.h"
#include "domain/known_label.h"
#include "schema/adapter.h"
#include "schema/json.h"
#include "schema/schema.h"

enum { ARENA_BYTES_MAX = 64 * 1024 * 1024, ADAPTER_COUNT = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct catalog *catalog;
static json_t *map;

static void make_setup(void)
{
    const struct catalog_row rows[] = {
        {.kind = CATALOG_ORGANISATION,
         .version = 1,
         .id = {.bytes = {1}},
         .slug = STR_LITERAL("organisation"),
         .body = STR_LITERAL("{\"name\":\"\",\"time_zone\":\"Europe/Paris\",\"currency\":\"EUR\","
                             "\"locale\":\"fr\",\"week_starts_on\":\"monday\"}")     },
        {.kind = CATALOG_ATTRIBUTE,
         .version = 1,
         .id = {.bytes = {2}},
         .slug = STR_LITERAL("first_name"),
         .body = STR_LITERAL("{\"name\":\"first_name\",\"type\":\"text\",\"choices\":null,"
                             "\"label\":{\"fr\":\"Petit nom\",\"en\":\"Nickname\"}}")},
        {.kind = CATALOG_MODEL,
         .version = 1,
         .id = {.bytes = {3}},
         .slug = STR_LITERAL("1"),
         .body = STR_LITERAL(
             "{\"version\":1,\"activated\":1,\"activated_at\":null,\"activation\":null,"
             "\"definition\":{\"name\":\"m\",\"fit\":{\"rules\":[],\"grades\":{\"A\":60,\"B\":40,"
             "\"C\":20}},\"interest\":{\"half_life\":\"P30D\",\"rules\":[],\"grades\":{\"1\":45,"
             "\"2\":25,\"3\":8}},\"decision\":{\"*\":\"stay\"},\"mql_at_once\":[]}}")},
    };
    struct err err = {.code = OK};
    const enum err_code code = catalog_build(1, rows, ARRAY_LEN(rows), &catalog, &err);
    assert(code == OK);
    map = json_pack("{s:s,s:s,s:s,s:s}", "Company", "company", "2", "email", "_remote_ip",
                    "visitor", "Newsletter", "consent_marketing_email");
    assert(map != NULL);
}

static void check_fields(const struct our_field *fields, size_t count, size_t answer_count)
{
    assert(count <= answer_count + 1);
    for (size_t i = 0; i < count; i++) {
        assert(slug_is_valid(fields[i].name));
        assert(utf8_is_valid(fields[i].value));
        for (size_t j = 0; j < i; j++) {
            assert(str_starts_with(fields[i].name, "consent_") ||
                   !str_eq(fields[i].name, fields[j].name));
        }
    }
}

/* The same body as a page's own form. */
static void check_form(const struct form_body *form, struct arena *arena)
{
    struct our_field *fields;
    size_t count;
    const enum err_code code = form_fields_resolve(map, STR_LITERAL("fax"), form->fields,
                                                   form->count, arena, &fields, &count);
    assert(code == OK);
    check_fields(fields, count, form->count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert(!str_eq(fields[i].name, fields[j].name));
        }
    }
}

static json_t *body_of(struct str text, bool is_form, struct arena *arena)
{
    struct err err;
    json_t *body = NULL;
    if (!is_form) {
        return json_parse(text, &body, &err) == OK ? body : NULL;
    }
    struct media_type type;
    struct form_body form;
    if (media_type_parse(STR_LITERAL("application/x-www-form-urlencoded"), arena, &type, &err) !=
            OK ||
        form_body_decode(&type, text, arena, &form, &err) != OK) {
        return NULL;
    }
    check_form(&form, arena);
    body = adapter_form_tree(&form);
    assert(body != NULL);
    return body;
}

static void check_answers(const struct adapted *adapted)
{
    assert(adapted->count <= ANSWERS_MAX);
    for (size_t i = 0; i < adapted->count; i++) {
        const struct answer *answer = &adapted->answers[i];
        assert(answer->value.len > 0 && utf8_is_valid(answer->value));
        assert(utf8_is_valid(answer->label));
        for (size_t j = 0; j < ANSWER_NAMES_MAX; j++) {
            assert(utf8_is_valid(answer->names[j]));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (catalog == NULL) {
        make_setup();
    }
    if (size == 0) {
        return 0;
    }
    const bool is_form = data[0] >= 'a';
    const size_t index = (size_t)(data[0] - (is_form ? 'a' : '0')) % ADAPTER_COUNT;
    const struct adapter *adapter = index == 6 ? &adapter_hubspot : &adapters[index];
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    json_auto_t *body = body_of(str_slice((const char *)data + 1, size - 1), is_form, &arena);
    struct adapted adapted;
    struct err err = {.code = OK};
    if (json_is_object(body)) {
        const enum err_code code = adapter_read(adapter, body, &arena, &adapted, &err);
        assert(code == OK || code == ERR_INVALID);
        if (code == OK) {
            struct our_field *fields;
            size_t count;
            check_answers(&adapted);
            const enum err_code resolved = answers_resolve(catalog, map, adapted.answers,
                                                           adapted.count, &arena, &fields, &count);
            assert(resolved == OK);
            check_fields(fields, count, adapted.count);
        }
    }
    arena_done(&arena);
    return 0;
}
