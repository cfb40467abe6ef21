/*
 * Proves: who said an attribute and when is stored once for all of one source, comes back as it
 * was, also from rows that name every attribute, and whatever the order and number of sources.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json_write.h"
#include "domain/contact.h"

enum { ARENA_BYTES = 1 << 20, TEXT_BYTES = 1 << 16 };

struct word {
    const char *name;
    enum attribute_source source;
    int64_t at_ms;
};

static struct contact contact_of(const struct word *words, size_t count, struct arena *arena)
{
    struct contact contact = {0};
    for (size_t i = 0; i < count; i++) {
        struct attribute *attribute = contact_add_attribute(&contact, arena);
        assert_non_null(attribute);
        *attribute = (struct attribute){.name = str_from(words[i].name),
                                        .kind = ATTRIBUTE_IS_BOOLEAN,
                                        .source = words[i].source,
                                        .at_us = words[i].at_ms * US_PER_MS};
    }
    return contact;
}

static struct str text_of(void (*write)(struct json_writer *, const struct contact *),
                          const struct contact *contact, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, TEXT_BYTES);
    struct json_writer json;
    json_writer_init(&json, &buf);
    write(&json, contact);
    const struct str text = arena_str(arena, buf_str(&buf));
    assert_false(buf.failed);
    buf_done(&buf);
    return text;
}

static void assert_read(const char *attributes, const char *sources, const struct word *words,
                        size_t count, struct arena *arena)
{
    struct contact contact = {0};
    struct err err = {.code = OK};
    assert_int_equal(
        contact_read_attributes(&contact, str_from(attributes), str_from(sources), arena, &err),
        OK);
    assert_int_equal(contact.attribute_count, count);
    for (size_t i = 0; i < count; i++) {
        const struct attribute *found = contact_attribute(&contact, str_from(words[i].name));
        assert_non_null(found);
        assert_int_equal(found->source, words[i].source);
        assert_int_equal(found->at_us, words[i].at_ms * US_PER_MS);
    }
}

static void assert_round(const struct word *words, size_t count, const char *sources)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    const struct contact contact = contact_of(words, count, &arena);
    const struct str written = text_of(contact_write_sources, &contact, &arena);
    const struct str attributes = text_of(contact_write_attributes, &contact, &arena);
    assert_string_equal(written.data, sources);
    assert_read(attributes.data, written.data, words, count, &arena);
    arena_done(&arena);
}

#define ASSERT_ROUND(sources, ...)                                                                 \
    do {                                                                                           \
        const struct word words[] = {__VA_ARGS__};                                                 \
        assert_round(words, ARRAY_LEN(words), sources);                                            \
    } while (false)

static void one_source_is_stored_once(void **state)
{
    (void)state;
    assert_round(NULL, 0, "{}");
    ASSERT_ROUND("{\"*\":[\"form\",7]}", {"city", SOURCE_FORM, 7});
    ASSERT_ROUND("{\"*\":[\"form\",7]}", {"city", SOURCE_FORM, 7}, {"country", SOURCE_FORM, 7},
                 {"company", SOURCE_FORM, 7});
}

static void others_are_named(void **state)
{
    (void)state;
    ASSERT_ROUND("{\"city\":[\"crm\",9],\"*\":[\"form\",7]}", {"city", SOURCE_CRM, 9},
                 {"country", SOURCE_FORM, 7}, {"company", SOURCE_FORM, 7});
    ASSERT_ROUND("{\"country\":[\"form\",8],\"*\":[\"form\",7]}", {"city", SOURCE_FORM, 7},
                 {"country", SOURCE_FORM, 8}, {"company", SOURCE_FORM, 7});
    /* No majority: any may be the usual one, as long as all come back. */
    ASSERT_ROUND("{\"city\":[\"form\",1],\"country\":[\"crm\",2],\"*\":[\"person\",3]}",
                 {"city", SOURCE_FORM, 1}, {"country", SOURCE_CRM, 2},
                 {"company", SOURCE_PERSON, 3});
    ASSERT_ROUND("{\"*\":[\"form\",1],\"country\":[\"crm\",2]}", {"city", SOURCE_FORM, 1},
                 {"country", SOURCE_CRM, 2});
}

static void rows_that_name_all_are_read(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    const struct word words[] = {
        {"city",    SOURCE_IMPORT, 5},
        {"country", SOURCE_FORM,   6}
    };
    assert_read("{\"city\":\"Brest\",\"country\":\"FR\"}",
                "{\"city\":[\"import\",5],\"country\":[\"form\",6]}", words, ARRAY_LEN(words),
                &arena);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_is_stored_once),
        cmocka_unit_test(others_are_named),
        cmocka_unit_test(rows_that_name_all_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
