/* The set-up's snapshot: what a fresh database holds, building, finding, sharing, showing. */
#include "test_domain_catalog_support.h"

#include "domain/catalog_kinds.h"

#include <pthread.h>

#include "base/clock.h"
#include "domain/model.h"

#define FORM_ID   "01936b1f-0000-7000-8000-000000000001"
#define MEMBER_ID "01936b1f-0000-7000-8000-000000000002"
#define KEY_ID    "01936b1f-0000-7000-8000-000000000003"
#define OTHER_ID  "01936b1f-0000-7000-8000-000000000004"
#define HASH_A    "aa00000000000000000000000000000000000000000000000000000000000000"
#define HASH_B    "bb00000000000000000000000000000000000000000000000000000000000000"

static const char form_body[] =
    "{\"slug\":\"guide\",\"name\":\"Guide\",\"activity\":\"form_submission\",\"makes\":"
    "\"prospect\","
    "\"offer\":\"gone\",\"campaign\":null,\"open\":true,\"required\":[\"email\",\"company\"],"
    "\"fields\":{\"mail\":\"email\"},\"allowed_origins\":[\"https://a.example\"],"
    "\"redirect_url\":null,\"consent_text\":\"Yes\",\"protection\":{\"honeypot\":false,"
    "\"token\":false,\"disposable\":false,\"repeats\":false}}";
static const char member_body[] =
    "{\"name\":\"Ana\",\"email\":\"ana@a.fr\",\"team\":\"sales\",\"role\":\"manager\","
    "\"weekly_capacity\":null,\"time_zone\":null,\"active\":true}";
static const char key_body[] =
    "{\"name\":\"Site\",\"kind\":\"publishable\",\"scopes\":[\"submit\"],\"member\":\"" MEMBER_ID
    "\",\"form\":\"guide\",\"prefix\":\"relais_pk_\",\"last4\":\"abcd\","
    "\"expires_at\":\"2027-06-01T00:00:00.000Z\","
    "\"previous_expires_at\":\"2027-01-01T00:00:00.000Z\",\"hash\":\"" HASH_A
    "\",\"previous_hash\":\"" HASH_B "\"}";
static const char policy_body[] =
    "{\"name\":\"VIP\",\"position\":1,\"kind\":\"attempts\",\"starts\":\"accepted\",\"attempts\":5,"
    "\"target\":\"P1D\",\"calendar\":null,\"warn_at\":[0.9,0.25,0.9],"
    "\"applies_when\":{\"==\":[{\"var\":\"country\"},\"FR\"]},\"active\":true}";

static void add_some(struct default_rows *rows)
{
    default_rows_add(rows, CATALOG_FORM, FORM_ID, "guide", form_body);
    default_rows_add(rows, CATALOG_MEMBER, MEMBER_ID, MEMBER_ID, member_body);
    default_rows_add(rows, CATALOG_KEY, KEY_ID, KEY_ID, key_body);
    default_rows_add(rows, CATALOG_POLICY, OTHER_ID, OTHER_ID, policy_body);
}

static size_t count_of(const struct catalog *catalog, enum catalog_kind kind)
{
    size_t count;
    (void)catalog_list(catalog, kind, &count);
    return count;
}

static void test_a_fresh_database_holds_what_the_contract_says(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    struct catalog *catalog = build_catalog(&rows);
    assert_int_equal(catalog_version(catalog), 7);

    const struct organisation *organisation = catalog_organisation(catalog);
    assert_str_is(organisation->time_zone, "Europe/Paris");
    assert_str_is(organisation->currency, "EUR");
    assert_str_is(organisation->locale, "fr");
    assert_str_is(organisation->week_starts_on, "monday");

    static const char *const attributes[] = {"first_name",   "last_name", "phone",     "company",
                                             "company_size", "industry",  "job_title", "country",
                                             "city",         "website"};
    size_t count;
    const struct catalog_entry *const *list = catalog_list(catalog, CATALOG_ATTRIBUTE, &count);
    assert_int_equal(count, ARRAY_LEN(attributes));
    for (size_t i = 0; i < count; i++) {
        assert_str_is(list[i]->slug, attributes[i]);
        const struct attribute_definition *attribute =
            catalog_attribute(catalog, str_from(attributes[i]));
        assert_int_equal(attribute->type, strcmp(attributes[i], "company_size") == 0
                                              ? ATTRIBUTE_NUMBER
                                              : ATTRIBUTE_TEXT);
    }

    static const char *const reasons[REASON_KIND_COUNT_][8] = {
        {"not_ready", "no_budget", "no_need_now", "no_decision_power",    "unreachable",     "other" },
        {"not_a_fit", "bad_data",  "duplicate",   "competitor",           "student",         "spam",   "other"},
        {"price",           "competitor",                "no_decision",       "no_budget", "timing", "other"}
    };
    size_t found = 0;
    for (unsigned kind = 0; kind < REASON_KIND_COUNT_; kind++)
        for (size_t i = 0; reasons[kind][i] != NULL; i++, found++)
            assert_true(catalog_reason(catalog, (enum reason_kind)kind, str_from(reasons[kind][i]))
                            ->is_active);
    assert_int_equal(count_of(catalog, CATALOG_REASON), found);
    assert_null(catalog_reason(catalog, REASON_LOSE, STR_LITERAL("spam")));
    assert_null(catalog_reason(catalog, REASON_LOSE, STR_LITERAL("")));

    for (size_t i = 0; stage_names[i] != NULL; i++)
        assert_non_null(catalog_find(catalog, CATALOG_STAGE, str_from(stage_names[i])));
    assert_int_equal(count_of(catalog, CATALOG_STAGE), STAGE_COUNT_);

    const struct policy *const *policies = catalog_policies(catalog, &count);
    assert_int_equal(count, 1);
    assert_str_is(policies[0]->kind, "first_contact");
    assert_int_equal(policies[0]->target.duration_us, US_PER_DAY);
    assert_false(policies[0]->starts_on_accept);
    assert_int_equal(policies[0]->warn_count, 2);
    assert_true(policies[0]->warn_at[0] == 0.5 && policies[0]->warn_at[1] == 0.8);

    assert_int_equal(count_of(catalog, CATALOG_CALENDAR), 1);
    assert_int_equal(count_of(catalog, CATALOG_MODEL), 1);
    static const enum catalog_kind none[] = {CATALOG_OFFER, CATALOG_FORM, CATALOG_CAMPAIGN,
                                             CATALOG_MEMBER, CATALOG_KEY};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_int_equal(count_of(catalog, none[i]), 0);
    catalog_unref(catalog);
    default_rows_done(&rows);
}

static void test_the_default_model_is_the_one_the_scoring_tests_use(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    struct catalog *catalog = build_catalog(&rows);
    char *text = read_project_file("tests/unit/data/default_model.json");
    json_t *expected = json_from(text);
    const struct catalog_entry *entry = catalog_find(catalog, CATALOG_MODEL, STR_LITERAL("1"));
    assert_true(json_equal(json_object_get(entry->body, "definition"), expected));
    /* Word for word, but for the line's end. */
    text[strlen(text) - 1] = '\0';
    assert_non_null(strstr(rows.text, text));
    int32_t version = 0;
    const struct model *model = catalog_active_model(catalog, &version);
    assert_int_equal(version, 1);
    assert_string_equal(model->name, "default");
    assert_ptr_equal(catalog_model(catalog, 1), model);
    assert_null(catalog_model(catalog, 2));
    json_decref(expected);
    free(text);
    catalog_unref(catalog);
    default_rows_done(&rows);
}

/* Nothing changed but that fields of later releases got what they are shown to have anyhow. */
static void assert_same_but_later_fields(const json_t *checked, const json_t *stored,
                                         enum catalog_kind kind)
{
    json_auto_t *defaults = json_from(catalog_kind_rules[kind].defaults);
    const char *name;
    json_t *value;
    json_object_foreach(json_unconst(checked), name, value)
    {
        const json_t *old = json_object_get(stored, name);
        if (old == NULL)
            old = json_object_get(defaults, name);
        if (old == NULL ? !json_is_null(value) : !json_equal(value, old))
            fail_msg("%s %s was changed", catalog_kind_names[kind], name);
    }
    json_object_foreach(json_unconst(stored), name, value)
    {
        assert_non_null(json_object_get(checked, name));
    }
}

/* Were a default incomplete or not normalised, the first PATCH would change more than it says. */
static void test_stored_defaults_are_a_fixed_point_of_the_check(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    default_rows_add(&rows, CATALOG_MEMBER, MEMBER_ID, MEMBER_ID, member_body);
    struct catalog *catalog = build_catalog(&rows);
    for (size_t i = 0; i < rows.count; i++) {
        CLEANUP(arena_done) struct arena arena;
        arena_init(&arena, 1U << 22);
        struct faults faults;
        faults_init(&faults, &arena);
        const struct catalog_entry *entry =
            catalog_find(catalog, rows.rows[i].kind, rows.rows[i].slug);
        const struct catalog_proposal proposal = {
            .kind = entry->kind, .existing = entry, .body = entry->body};
        json_t *body = NULL;
        struct str slug;
        struct err err;
        if (catalog_check(catalog, &proposal, &arena, &body, &slug, &faults, &err) != OK)
            fail_msg("%s %.*s: %s %s", catalog_kind_names[entry->kind], STR_ARGS(entry->slug),
                     faults.items[0].pointer, faults.items[0].detail);
        assert_same_but_later_fields(body, entry->body, entry->kind);
        assert_true(str_eq(slug, entry->slug));
        json_decref(body);
    }
    catalog_unref(catalog);
    default_rows_done(&rows);
}

static void test_finds_by_slug_and_id(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    add_some(&rows);
    struct catalog *catalog = build_catalog(&rows);
    const struct form *form = catalog_form(catalog, STR_LITERAL("guide"));
    assert_non_null(form);
    assert_ptr_equal(catalog_form(catalog, STR_LITERAL(FORM_ID)), form);
    assert_ptr_equal(catalog_form(catalog, STR_LITERAL("01936B1F-0000-7000-8000-000000000001")),
                     form);
    assert_null(catalog_form(catalog, STR_LITERAL(MEMBER_ID))); /* of another kind */
    assert_null(catalog_form(catalog, STR_LITERAL("guid")));
    assert_null(catalog_form(catalog, STR_LITERAL("guide2")));
    assert_null(catalog_form(catalog, (struct str){.data = NULL}));
    assert_null(catalog_offer(catalog, STR_LITERAL("gone")));
    char text[UUID_TEXT_BYTES];
    const struct catalog_entry *city =
        catalog_find(catalog, CATALOG_ATTRIBUTE, STR_LITERAL("city"));
    assert_ptr_equal(catalog_attribute(catalog, STR_LITERAL("city")), city->typed);
    assert_null(catalog_attribute(catalog, str_from(uuid_format(city->id, text))));
    assert_true(form->makes_prospect);
    assert_true(form->is_open);
    assert_str_is(form->offer, "gone"); /* deleted since: that is no reason not to start */
    assert_null(form->campaign.data);
    assert_int_equal(json_array_size(form->required), 2);
    assert_non_null(json_object_get(form->fields, "mail"));
    assert_str_is(form->consent_text, "Yes");

    struct uuid id;
    assert_true(uuid_parse(STR_LITERAL(MEMBER_ID), &id));
    const struct member *member = catalog_member(catalog, id);
    assert_str_is(member->name, "Ana");
    assert_str_is(member->email, "ana@a.fr");
    assert_int_equal(member->team, TEAM_SALES);
    assert_true(member->is_manager && member->is_active);
    assert_ptr_equal(catalog_find(catalog, CATALOG_MEMBER, STR_LITERAL(MEMBER_ID))->typed, member);
    catalog_unref(catalog);
    default_rows_done(&rows);
}

static struct sha256 hash_of_hex(const char *hex)
{
    struct sha256 hash = {.bytes = {0}};
    hash.bytes[0] = (uint8_t)strtoul((const char[]){hex[0], hex[1], '\0'}, NULL, 16);
    return hash;
}

static void test_a_rotated_key_is_found_by_both_hashes(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    add_some(&rows);
    struct catalog *catalog = build_catalog(&rows);
    struct sha256 hash = hash_of_hex(HASH_A);
    const struct api_key *key = catalog_key_by_hash(catalog, &hash);
    assert_true(key->is_publishable);
    assert_int_equal(key->scopes, SCOPE_SUBMIT);
    assert_str_is(key->form, "guide");
    int64_t at_us;
    assert_true(time_parse(STR_LITERAL("2027-06-01T00:00:00Z"), &at_us));
    assert_int_equal(key->expires_at_us, at_us);
    hash = hash_of_hex(HASH_B);
    const struct api_key *previous = catalog_key_by_hash(catalog, &hash);
    assert_true(time_parse(STR_LITERAL("2027-01-01T00:00:00Z"), &at_us));
    assert_int_equal(previous->expires_at_us, at_us);
    assert_true(uuid_eq(previous->id, key->id));
    hash.bytes[31] = 1;
    assert_null(catalog_key_by_hash(catalog, &hash));
    catalog_unref(catalog);
    default_rows_done(&rows);
}

static void test_policies_come_by_position_with_their_condition(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    add_some(&rows);
    default_rows_add(&rows, CATALOG_POLICY, "01936b1f-0000-7000-8000-000000000009",
                     "01936b1f-0000-7000-8000-000000000009",
                     "{\"name\":\"Off\",\"position\":1,\"kind\":\"acceptance\",\"starts\":\"mql\","
                     "\"target\":\"PT1H\",\"warn_at\":[],\"active\":false}");
    struct catalog *catalog = build_catalog(&rows);
    size_t count;
    const struct policy *const *policies = catalog_policies(catalog, &count);
    assert_int_equal(count, 2);
    assert_str_is(policies[0]->kind, "first_contact"); /* as old as the database */
    assert_null(policies[0]->applies_when);
    const struct policy *vip = policies[1];
    assert_str_is(vip->name, "VIP");
    assert_true(vip->starts_on_accept);
    assert_int_equal(vip->attempts, 5);
    assert_int_equal(vip->target.duration_us, US_PER_DAY);
    assert_int_equal(vip->warn_count, 2);
    assert_true(vip->warn_at[0] == 0.25 && vip->warn_at[1] == 0.9);
    assert_non_null(vip->applies_when);
    catalog_unref(catalog);
    default_rows_done(&rows);
}

static void test_lists_are_newest_first(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    struct random random = testing_random();
    char ids[40][UUID_TEXT_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const int64_t at_us = INT64_C(1795000001000000) + (int64_t)random_below(&random, 5);
        default_rows_add(&rows, CATALOG_MEMBER, uuid_format(uuid_new(at_us), ids[i]), ids[i],
                         member_body);
        rows.rows[rows.count - 1].created_at_us = at_us;
    }
    struct catalog *catalog = build_catalog(&rows);
    size_t count;
    const struct catalog_entry *const *list = catalog_list(catalog, CATALOG_MEMBER, &count);
    assert_int_equal(count, ARRAY_LEN(ids));
    for (size_t i = 1; i < count; i++)
        assert_true(list[i - 1]->created_at_us > list[i]->created_at_us ||
                    (list[i - 1]->created_at_us == list[i]->created_at_us &&
                     uuid_compare(list[i - 1]->id, list[i]->id) > 0));
    catalog_unref(catalog);
    default_rows_done(&rows);
}

static void assert_build_fails(const struct default_rows *rows, const char *words)
{
    struct catalog *catalog = NULL;
    struct err err = {.code = OK};
    assert_int_equal(catalog_build(1, rows->rows, rows->count, &catalog, &err), ERR_STORE);
    assert_null(catalog);
    if (strstr(err.detail, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.detail, words);
}

static void test_what_cannot_be_read_is_named(void **state)
{
    (void)state;
    static const struct {
        enum catalog_kind kind;
        const char *body;
        const char *words;
    } cases[] = {
        {CATALOG_FORM,   "{\"slug\":\"x\"",                                                 "stored form \"x\""},
        {CATALOG_FORM,   "[]",                                                              "an object"        },
        {CATALOG_FORM,   "{\"slug\":\"x\"}",                                                "/name"            },
        {CATALOG_MODEL,  "{\"version\":2,\"activated\":0,\"definition\":{\"name\":\"x\"}}",
         "stored model \"x\" cannot be read: /fit"                                                             },
        {CATALOG_POLICY,
         "{\"name\":\"x\",\"kind\":\"acceptance\",\"starts\":\"mql\",\"target\":\"PT1H\",\"warn_"
         "at\":[],"
         "\"active\":true,\"applies_when\":{\"nope\":1}}",                                  "/applies_when"    },
        {CATALOG_POLICY,
         "{\"name\":\"x\",\"kind\":\"acceptance\",\"starts\":\"mql\",\"target\":{},\"warn_at\":[],"
         "\"active\":true}",                                                                "/target"          },
        {CATALOG_KEY,
         "{\"name\":\"x\",\"kind\":\"secret\",\"scopes\":[],\"prefix\":\"p\",\"last4\":\"abcd\","
         "\"hash\":\"zz00000000000000000000000000000000000000000000000000000000000000\"}",  "/hash"            },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct default_rows rows;
        default_rows_init(&rows);
        default_rows_add(&rows, cases[i].kind, OTHER_ID, "x", cases[i].body);
        assert_build_fails(&rows, cases[i].words);
        default_rows_done(&rows);
    }
}

static void test_a_set_up_without_its_foundations_is_refused(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    struct default_rows some = rows;
    default_rows_add(&some, CATALOG_MEMBER, OTHER_ID, "x", member_body);
    default_rows_add(&some, CATALOG_MEMBER, MEMBER_ID, "x", member_body);
    assert_build_fails(&some, "member \"x\" is stored twice");
    some = rows;
    for (size_t i = 0; i < some.count; i++)
        if (some.rows[i].kind == CATALOG_ORGANISATION)
            some.rows[i] = some.rows[--some.count];
    assert_build_fails(&some, "organisation");
    some = rows;
    for (size_t i = 0; i < some.count; i++)
        if (some.rows[i].kind == CATALOG_MODEL)
            some.rows[i] = some.rows[--some.count];
    assert_build_fails(&some, "scoring model");
    default_rows_done(&rows);
}

static void test_fields_of_a_newer_release_are_passed_over(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    default_rows_add(&rows, CATALOG_MEMBER, MEMBER_ID, MEMBER_ID,
                     "{\"name\":\"Ana\",\"team\":\"sales\",\"role\":\"member\",\"active\":true,"
                     "\"mood\":\"good\"}");
    catalog_unref(build_catalog(&rows));
    default_rows_done(&rows);
}

static void assert_shows(const struct catalog *catalog, enum catalog_kind kind, const char *slug,
                         const char *expected)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 1U << 20);
    struct json_writer json;
    json_writer_init(&json, &buf);
    catalog_write_entry(&json, catalog_find(catalog, kind, str_from(slug)), catalog);
    assert_false(buf.failed);
    assert_str_is(buf_str(&buf), expected);
}

static void test_shows_entries_as_the_api_does(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    add_some(&rows);
    struct catalog *catalog = build_catalog(&rows);
    assert_shows(catalog, CATALOG_ORGANISATION, "organisation",
                 "{\"name\":\"\",\"time_zone\":\"Europe/Paris\",\"currency\":\"EUR\","
                 "\"locale\":\"fr\",\"week_starts_on\":\"monday\",\"chat\":{},"
                 "\"calendars\":{\"marketing\":null,\"sales\":null,\"management\":null,"
                 "\"operations\":null},"
                 "\"created_at\":\"2026-11-18T11:06:40.000Z\","
                 "\"updated_at\":\"2026-11-18T11:06:40.000Z\"}");
    /* No trace of a hash. */
    assert_shows(catalog, CATALOG_KEY, KEY_ID,
                 "{\"id\":\"" KEY_ID "\",\"name\":\"Site\",\"kind\":\"publishable\","
                 "\"scopes\":[\"submit\"],\"member\":\"" MEMBER_ID "\",\"form\":\"guide\","
                 "\"prefix\":\"relais_pk_\",\"last4\":\"abcd\","
                 "\"expires_at\":\"2027-06-01T00:00:00.000Z\","
                 "\"previous_expires_at\":\"2027-01-01T00:00:00.000Z\","
                 "\"created_at\":\"2026-11-18T11:06:41.000Z\","
                 "\"updated_at\":\"2026-11-18T11:06:42.000Z\"}");
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 1U << 20);
    struct json_writer json;
    json_writer_init(&json, &buf);
    catalog_write_entry(&json, catalog_find(catalog, CATALOG_MODEL, STR_LITERAL("1")), catalog);
    json_auto_t *model = json_from(buf.data);
    assert_int_equal(json_integer_value(json_object_get(model, "version")), 1);
    assert_string_equal(json_string_value(json_object_get(model, "state")), "active");
    assert_string_equal(json_string_value(json_object_get(model, "name")), "default");
    assert_int_equal(json_array_size(json_object_get(model, "mql_at_once")), 2);
    assert_true(json_is_null(json_object_get(model, "activation")));
    assert_string_equal(json_string_value(json_object_get(model, "activated_at")),
                        "2026-11-18T11:06:40.000Z");
    buf_clear(&buf);
    json_writer_init(&json, &buf);
    catalog_write_entry(&json, catalog_find(catalog, CATALOG_STAGE, STR_LITERAL("lead")), catalog);
    json_auto_t *stage = json_from(buf.data);
    assert_int_equal(json_integer_value(json_object_get(stage, "position")), 3);
    assert_int_equal(json_object_size(stage), 5);
    catalog_unref(catalog);
    default_rows_done(&rows);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *use_catalog(void *context)
{
    struct catalog *catalog = context;
    for (int i = 0; i < ROUNDS; i++) {
        struct catalog *mine = catalog_ref(catalog);
        if (catalog_attribute(mine, STR_LITERAL("company")) == NULL)
            return context;
        catalog_unref(mine);
    }
    catalog_unref(catalog);
    return NULL;
}

/* The last of the threads frees it; the sanitizers tell when one does so too early or none does. */
static void test_threads_share_a_snapshot(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    struct catalog *catalog = build_catalog(&rows);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_catalog, catalog_ref(catalog)), 0);
    catalog_unref(catalog);
    for (size_t i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    catalog_unref(NULL);
    default_rows_done(&rows);
}

static bool build_some(void *context)
{
    const struct default_rows *rows = context;
    struct catalog *catalog = NULL;
    const enum err_code code =
        catalog_build(1, rows->rows, rows->count, &catalog, /* reterr= */ NULL);
    catalog_unref(catalog);
    return code == OK;
}

static void test_survives_every_failing_allocation(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    struct default_rows some = {.count = 0};
    for (size_t i = 0; i < rows.count; i++)
        if (rows.rows[i].kind == CATALOG_ORGANISATION)
            some.rows[some.count++] = rows.rows[i];
    default_rows_add(&some, CATALOG_MODEL, "01936b1f-0000-7000-8000-000000000009", "1",
                     "{\"version\":1,\"activated\":1,\"definition\":{\"name\":\"small\","
                     "\"fit\":{\"rules\":[],\"grades\":{\"A\":3,\"B\":2,\"C\":1}},"
                     "\"interest\":{\"half_life\":\"P1D\",\"rules\":[],"
                     "\"grades\":{\"1\":3,\"2\":2,\"3\":1}},\"decision\":{\"*\":\"stay\"}}}");
    add_some(&some);
    assert_true(testing_fail_each_allocation(build_some, &some) > 50);
    default_rows_done(&rows);
}

int main(void)
{
    json_set_alloc_funcs(mem_alloc, mem_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fresh_database_holds_what_the_contract_says),
        cmocka_unit_test(test_the_default_model_is_the_one_the_scoring_tests_use),
        cmocka_unit_test(test_stored_defaults_are_a_fixed_point_of_the_check),
        cmocka_unit_test(test_finds_by_slug_and_id),
        cmocka_unit_test(test_a_rotated_key_is_found_by_both_hashes),
        cmocka_unit_test(test_policies_come_by_position_with_their_condition),
        cmocka_unit_test(test_lists_are_newest_first),
        cmocka_unit_test(test_what_cannot_be_read_is_named),
        cmocka_unit_test(test_a_set_up_without_its_foundations_is_refused),
        cmocka_unit_test(test_fields_of_a_newer_release_are_passed_over),
        cmocka_unit_test(test_shows_entries_as_the_api_does),
        cmocka_unit_test(test_threads_share_a_snapshot),
        cmocka_unit_test(test_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
