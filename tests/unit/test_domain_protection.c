/* Proves what each rule makes of a submission, alone and together, and how the setting is read. */
#include "testing.h"

#include "domain/contact.h"
#include "domain/disposable.h"
#include "domain/protection.h"
#include "schema/json.h"

/* 2026-11-21T21:00:00Z */
#define NOW_US  (INT64_C(1795294800) * US_PER_SECOND)
#define MESSAGE "We rank your web site first on every search engine."

static const struct form_token_secret secret = {
    {1, 2, 3}
};

/* ---- the setting ---- */

static struct protection read(const char *text)
{
    static struct arena arena;
    struct faults faults;
    struct protection protection;
    arena_init(&arena, 1 << 16);
    faults_init(&faults, &arena);
    json_auto_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    assert_true(protection_read(value, /* is_stored= */ false, &protection, &faults));
    /* Texts point into the value. */
    if (protection.honeypot.data != NULL)
        protection.honeypot = str_is(protection.honeypot, "fax") ? STR_LITERAL("fax")
                                                                 : STR_LITERAL("homepage");
    arena_done(&arena);
    return protection;
}

static void everything_is_off_unless_switched_on(void **state)
{
    (void)state;
    static const char *const off[] = {
        "{}", "{\"honeypot\":false,\"token\":false,\"disposable\":false,\"repeats\":false}",
        "{\"honeypot\":null,\"token\":null,\"disposable\":null,\"repeats\":null}"};
    for (size_t i = 0; i < ARRAY_LEN(off); i++) {
        const struct protection protection = read(off[i]);
        assert_true(protection_is_off(&protection));
    }
    static const char *const on[] = {"{\"honeypot\":true}", "{\"token\":{}}",
                                     "{\"disposable\":true}", "{\"repeats\":true}"};
    for (size_t i = 0; i < ARRAY_LEN(on); i++) {
        const struct protection protection = read(on[i]);
        assert_false(protection_is_off(&protection));
    }
}

static void settings_have_defaults(void **state)
{
    (void)state;
    struct protection protection = read("{\"honeypot\":true,\"token\":true,\"repeats\":{}}");
    assert_str_is(protection.honeypot, "homepage");
    assert_int_equal(protection.token_at_least_us, 2 * US_PER_SECOND);
    assert_int_equal(protection.token_at_most_us, US_PER_DAY);
    assert_int_equal(protection.repeats_more_than, 3);
    assert_int_equal(protection.repeats_within_us, 3600 * US_PER_SECOND);
    protection =
        read("{\"honeypot\":\"fax\",\"token\":{\"at_least\":\"PT0S\",\"at_most\":\"PT1M\"},"
             "\"repeats\":{\"more_than\":1000,\"within\":\"P1D\"}}");
    assert_str_is(protection.honeypot, "fax");
    assert_int_equal(protection.token_at_least_us, 0);
    assert_int_equal(protection.token_at_most_us, 60 * US_PER_SECOND);
    assert_int_equal(protection.repeats_more_than, 1000);
    assert_int_equal(protection.repeats_within_us, US_PER_DAY);
}

static void it_is_stored_complete(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *stored;
    } cases[] = {
        {"{}",                                                                      "{\"honeypot\":false,\"token\":false,\"disposable\":false,\"repeats\":false}"},
        {"{\"honeypot\":true,\"token\":true,\"disposable\":true,\"repeats\":true}",
         "{\"honeypot\":true,\"token\":true,\"disposable\":true,\"repeats\":true}"                                                                               },
        {"{\"honeypot\":\"fax\",\"token\":{\"at_most\":\"PT10M\",\"at_least\":null},\"repeats\":{}"
         "}",                                                              "{\"honeypot\":\"fax\",\"token\":{\"at_least\":\"PT2S\",\"at_most\":\"PT10M\"},"
         "\"disposable\":false,\"repeats\":{\"more_than\":3,\"within\":\"PT1H\"}}"                                                         },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_auto_t *given = json_loads(cases[i].given, 0, NULL);
        json_auto_t *stored = json_loads(cases[i].stored, 0, NULL);
        json_auto_t *complete = protection_complete(given);
        assert_true(json_equal(complete, stored));
    }
    json_auto_t *none = protection_complete(NULL);
    assert_int_equal(json_object_size(none), 4);
}

static void what_a_newer_release_stored_is_passed_over(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena;
    struct faults faults;
    struct protection protection;
    arena_init(&arena, 1 << 16);
    faults_init(&faults, &arena);
    json_auto_t *value = json_loads("{\"disposable\":true,\"captcha\":{\"site\":\"x\"}}", 0, NULL);
    assert_true(protection_read(value, /* is_stored= */ true, &protection, &faults));
    assert_true(protection.has_disposable);
    assert_false(protection_read(value, /* is_stored= */ false, &protection, &faults));
    assert_string_equal(faults.items[0].pointer, "/protection/captcha");
    assert_string_equal(faults.items[0].code, "unknown");
}

/* ---- a submission ---- */

static struct protection_evidence evidence_of(const char *email)
{
    return (struct protection_evidence){
        .form = STR_LITERAL("guide"), .email_key = str_from(email), .received_at_us = NOW_US};
}

static unsigned judge(const struct protection *protection,
                      const struct protection_evidence *evidence)
{
    struct suspicion_watch watch;
    return protection_judge(protection, &secret, 1, evidence, &watch);
}

static void a_honeypot_that_is_filled_in(void **state)
{
    (void)state;
    const struct protection on = read("{\"honeypot\":true}");
    const struct protection off = read("{\"disposable\":true}");
    struct protection_evidence evidence = evidence_of("a@example.com");
    assert_int_equal(judge(&on, &evidence), 0);
    evidence.honeypot = STR_LITERAL(" \n");
    assert_int_equal(judge(&on, &evidence), 0);
    evidence.honeypot = STR_LITERAL("https://spam.example");
    assert_int_equal(judge(&on, &evidence), SUSPICION_BIT(SUSPICION_HONEYPOT));
    assert_int_equal(judge(&off, &evidence), 0);
}

static void a_token_at_the_edges_of_its_time(void **state)
{
    (void)state;
    const struct protection protection =
        read("{\"token\":{\"at_least\":\"PT3S\",\"at_most\":\"PT1H\"}}");
    static const struct {
        int64_t age_us;
        unsigned found;
    } cases[] = {
        {0,                             SUSPICION_BIT(SUSPICION_TOKEN_TOO_FAST)},
        {3 * US_PER_SECOND - US_PER_MS, SUSPICION_BIT(SUSPICION_TOKEN_TOO_FAST)},
        {3 * US_PER_SECOND,             0                                      },
        {3600 * US_PER_SECOND,          0                                      },
        {3600 * US_PER_SECOND + 1,      SUSPICION_BIT(SUSPICION_TOKEN_TOO_OLD) },
        {-60 * US_PER_SECOND,           SUSPICION_BIT(SUSPICION_TOKEN_TOO_FAST)},
        {-61 * US_PER_SECOND,           SUSPICION_BIT(SUSPICION_TOKEN_INVALID) },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[FORM_TOKEN_TEXT_BYTES];
        struct suspicion_watch watch;
        struct protection_evidence evidence = evidence_of("a@example.com");
        evidence.token =
            str_from(form_token_make(&secret, evidence.form, NOW_US - cases[i].age_us, text));
        assert_int_equal(protection_judge(&protection, &secret, 1, &evidence, &watch),
                         cases[i].found);
        /* A token that is ours is claimed, in time or not; it is remembered for as long as it could
         * be good. */
        const bool is_ours = cases[i].found != SUSPICION_BIT(SUSPICION_TOKEN_INVALID);
        assert_int_equal(!uuid_is_nil(watch.token), is_ours);
        if (is_ours)
            assert_true(watch.token_expires_at_us >=
                        NOW_US - cases[i].age_us + 3600 * US_PER_SECOND);
    }
}

static void a_token_that_is_none(void **state)
{
    (void)state;
    const struct protection protection = read("{\"token\":true}");
    const unsigned missing = SUSPICION_BIT(SUSPICION_TOKEN_MISSING);
    const unsigned invalid = SUSPICION_BIT(SUSPICION_TOKEN_INVALID);
    char text[FORM_TOKEN_TEXT_BYTES];
    struct protection_evidence evidence = evidence_of("a@example.com");
    assert_int_equal(judge(&protection, &evidence), missing);
    evidence.token = STR_LITERAL("  ");
    assert_int_equal(judge(&protection, &evidence), missing);
    evidence.token = STR_LITERAL("x");
    assert_int_equal(judge(&protection, &evidence), invalid);
    (void)form_token_make(&secret, STR_LITERAL("other"), NOW_US - US_PER_DAY / 2, text);
    evidence.token = str_from(text);
    assert_int_equal(judge(&protection, &evidence), invalid);
    char spaced[FORM_TOKEN_TEXT_BYTES + 2];
    (void)form_token_make(&secret, STR_LITERAL("guide"), NOW_US - US_PER_DAY / 2, text);
    snprintf(spaced, sizeof spaced, " %s", text);
    evidence.token = str_from(spaced);
    assert_int_equal(judge(&protection, &evidence), 0);
    struct suspicion_watch watch;
    assert_int_equal(protection_judge(&protection, NULL, 0, &evidence, &watch), invalid);
}

static struct suspicion_watch watch_of(const struct protection_evidence *evidence,
                                       const struct form_token_secret *key)
{
    const struct protection protection = read("{\"repeats\":true}");
    struct suspicion_watch watch;
    assert_int_equal(protection_judge(&protection, key, key != NULL, evidence, &watch), 0);
    assert_int_equal(watch.more_than, 3);
    assert_false(uuid_is_nil(watch.address));
    return watch;
}

static void marks_tell_the_same_from_others(void **state)
{
    (void)state;
    const struct form_token_secret another = {{4}};
    struct attribute claims[] = {
        {.name = STR_LITERAL("first_name"), .kind = ATTRIBUTE_IS_TEXT, .text = STR_LITERAL("Bot")  },
        {.name = STR_LITERAL("message"),    .kind = ATTRIBUTE_IS_TEXT, .text = STR_LITERAL(MESSAGE)},
    };
    struct protection_evidence evidence = evidence_of("a@example.com");
    evidence.attributes = claims;
    evidence.attribute_count = ARRAY_LEN(claims);
    const struct suspicion_watch first = watch_of(&evidence, &secret);
    assert_false(uuid_is_nil(first.content));
    assert_false(uuid_eq(first.content, first.address));
    /* Another name and address, the same message. */
    claims[0].text = STR_LITERAL("Robot");
    evidence.email_key = STR_LITERAL("b@example.com");
    const struct suspicion_watch second = watch_of(&evidence, &secret);
    assert_true(uuid_eq(first.content, second.content));
    assert_false(uuid_eq(first.address, second.address));
    /* Another form, and another secret. */
    evidence.form = STR_LITERAL("demo");
    const struct suspicion_watch third = watch_of(&evidence, &secret);
    const struct suspicion_watch fourth = watch_of(&evidence, &another);
    assert_false(uuid_eq(second.content, third.content) || uuid_eq(second.address, third.address));
    assert_false(uuid_eq(fourth.content, third.content) || uuid_eq(fourth.address, third.address));
    /* What many say is no message. */
    claims[1].text = STR_LITERAL("Directrice des systèmes d'info");
    assert_true(uuid_is_nil(watch_of(&evidence, &secret).content));
    claims[1] = (struct attribute){.kind = ATTRIBUTE_IS_NUMBER, .text = STR_LITERAL(MESSAGE)};
    assert_true(uuid_is_nil(watch_of(&evidence, &secret).content));
    (void)watch_of(&evidence, NULL);
}

static void disposable_domains(void **state)
{
    (void)state;
    static const struct {
        const char *email;
        bool is_disposable;
    } cases[] = {
        {"a@mailinator.com",          true },
        {"a@eu.mailinator.com",       true },
        {"\"a@b\"@mailinator.com",    true },
        {"a@notmailinator.com.de",    false},
        {"mailinator.com@example.fr", false},
        {"a@gmail.com",               false},
        {"a@orange.fr",               false},
        {"a@com",                     false},
        {"",                          false},
    };
    const struct protection protection = read("{\"disposable\":true}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct protection_evidence evidence = evidence_of(cases[i].email);
        assert_int_equal(judge(&protection, &evidence),
                         cases[i].is_disposable ? SUSPICION_BIT(SUSPICION_DISPOSABLE_ADDRESS) : 0);
    }
}

static void nearly_all_of_a_public_list_are_disposable(void **state)
{
    (void)state;
    static const char path[] = SOURCE_DIR
        "/../shared/data/disposable-email-domains/disposable_email_blocklist.conf";
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        print_message("%s is not there\n", path);
        skip();
    }
    size_t known = 0;
    size_t all = 0;
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        all++;
        known += domain_is_disposable(str_trim(str_from(line)));
    }
    fclose(file);
    print_message("%zu of %zu\n", known, all);
    assert_true(all > 1000 && known * 100 >= all * 90);
}

static void every_reason_is_found(void **state)
{
    (void)state;
    const struct protection protection =
        read("{\"honeypot\":true,\"token\":true,\"disposable\":true,\"repeats\":true}");
    struct protection_evidence evidence = evidence_of("a@mailinator.com");
    evidence.honeypot = STR_LITERAL("x");
    assert_int_equal(judge(&protection, &evidence),
                     SUSPICION_BIT(SUSPICION_HONEYPOT) | SUSPICION_BIT(SUSPICION_TOKEN_MISSING) |
                         SUSPICION_BIT(SUSPICION_DISPOSABLE_ADDRESS));
}

static void every_reason_has_a_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < SUSPICION_COUNT_; i++)
        assert_non_null(suspicion_names[i]);
    assert_null(suspicion_names[SUSPICION_COUNT_]);
    assert_null(quarantine_state_names[QUARANTINE_NONE]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_off_unless_switched_on),
        cmocka_unit_test(settings_have_defaults),
        cmocka_unit_test(it_is_stored_complete),
        cmocka_unit_test(what_a_newer_release_stored_is_passed_over),
        cmocka_unit_test(a_honeypot_that_is_filled_in),
        cmocka_unit_test(a_token_at_the_edges_of_its_time),
        cmocka_unit_test(a_token_that_is_none),
        cmocka_unit_test(marks_tell_the_same_from_others),
        cmocka_unit_test(disposable_domains),
        cmocka_unit_test(nearly_all_of_a_public_list_are_disposable),
        cmocka_unit_test(every_reason_is_found),
        cmocka_unit_test(every_reason_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
