/*
 * Proves: every reason for which an e-mail address is refused has a sentence for visitors in both
 * languages, and no sentence repeats what was written.
 */
#include "testing.h"

#include "domain/email_address.h"
#include "handlers/visitor_text.h"

static struct str sentence(struct arena *arena, const char *code, const char *detail,
                           enum language language)
{
    const struct request request = {.arena = arena};
    const struct fault fault = {.pointer = "/email", .code = code, .detail = detail};
    const struct str text = visitor_fault(&request, &fault, language);
    assert_non_null(text.data);
    return text;
}

static bool is_general(struct arena *arena, const char *detail)
{
    const struct str general = sentence(arena, "format", "The e-mail address is odd.", LANGUAGE_FR);
    return str_eq(sentence(arena, "format", detail, LANGUAGE_FR), general);
}

/* The reasons as they stand in the parser's source: "has …", "is …", "holds …". */
static void test_every_reason_of_the_parser_has_french(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    FILE *file = fopen(SOURCE_DIR "/lib/domain/email_address.c", "r");
    assert_non_null(file);
    char line[512];
    int count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        static const char *const verbs[] = {"\"has ", "\"is ", "\"holds "};
        char *begin = NULL;
        for (size_t i = 0; i < ARRAY_LEN(verbs) && begin == NULL; i++)
            begin = strstr(line, verbs[i]);
        char *end = begin != NULL ? strchr(begin + 1, '"') : NULL;
        if (end == NULL || strchr(begin, '%') != NULL)
            continue;
        *end = '\0';
        char detail[600];
        (void)snprintf(detail, sizeof detail, "The e-mail address %s.", begin + 1);
        if (is_general(&arena, detail))
            fail_msg("no French for: %s", begin + 1);
        count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_in_range(count, 25, 60);
    arena_done(&arena);
}

/* And as it says them. */
static void test_what_people_write_gets_its_reason(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "zoe",
        "zoe@",
        "@exemple.fr",
        "zoe@exemple",
        "zoe lemoine@exemple.fr",
        "a@b@c.fr",
        "zoe..x@a.fr",
        "<zoe@a.fr>",
        "zoe@a..fr",
        "zoe@a_b.fr",
        "zoe@-a.fr",
        "zoe@a.12",
        "zoe(x)@a.fr",
        "\"zoe@a.fr",
        "zoe@[x]",
        "zoe\xff@a.fr",
        "zoé,x@exemple.fr",
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct email_address address;
        struct err err;
        assert_int_equal(email_address_parse(str_from(wrong[i]), &arena, &address, &err),
                         ERR_INVALID);
        if (is_general(&arena, err.detail))
            fail_msg("no French for %s: %s", wrong[i], err.detail);
        /* English visitors read what clients read. */
        assert_str_is(sentence(&arena, "format", err.detail, LANGUAGE_EN), err.detail);
    }
    arena_done(&arena);
}

static void test_a_missing_address_is_asked_for(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    assert_str_is(sentence(&arena, "required", "An e-mail address is needed.", LANGUAGE_FR),
                  "Indiquez votre adresse e-mail.");
    assert_str_is(sentence(&arena, "required", "An e-mail address is needed.", LANGUAGE_EN),
                  "Enter your e-mail address.");
    arena_done(&arena);
}

static void test_every_refusal_has_words(void **state)
{
    (void)state;
    static const unsigned statuses[] = {400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        assert_int_equal(visitor_refusal(statuses[i])->status, statuses[i]);
    assert_int_equal(visitor_refusal(418)->status, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reason_of_the_parser_has_french),
        cmocka_unit_test(test_what_people_write_gets_its_reason),
        cmocka_unit_test(test_a_missing_address_is_asked_for),
        cmocka_unit_test(test_every_refusal_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
