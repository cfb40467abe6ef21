/*
 * Proves what forms keep about other form tools: secrets are checked, taken over by a patch, and
 * never shown; a HubSpot GUID names one form and finds it; the map of fields is checked against
 * what our names mean.
 */
#include "test_domain_catalog_support.h"

#define FORM_ID "01936b1f-0000-7000-8000-0000000000f1"
#define NEW_ID  "01936b1f-0000-7000-8000-0000000000f2"
#define GUID    "78c2891f-ebdd-44c0-bd94-15c012bbbfbf"

static const char signed_form[] =
    "{\"slug\":\"signed\",\"name\":\"S\",\"activity\":\"form_submission\",\"makes\":\"lead\","
    "\"offer\":null,\"campaign\":null,\"open\":false,\"required\":[\"email\"],\"fields\":null,"
    "\"allowed_origins\":null,\"redirect_url\":null,\"consent_text\":null,\"protection\":{},"
    "\"adapter_secrets\":{\"tally\":\"tally-secret\",\"typeform\":\"typeform-secret\"},"
    "\"hubspot_guid\":\"" GUID "\"}";
/* As a release before wrote it. */
static const char old_form[] =
    "{\"slug\":\"old\",\"name\":\"O\",\"activity\":\"form_submission\",\"makes\":\"lead\","
    "\"offer\":null,\"campaign\":null,\"open\":false,\"required\":[\"email\"],\"fields\":null,"
    "\"allowed_origins\":null,\"redirect_url\":null,\"consent_text\":null,\"protection\":{}}";

static struct default_rows rows;
static struct catalog *catalog;

static int setup(void **state)
{
    (void)state;
    default_rows_init(&rows);
    default_rows_add(&rows, CATALOG_FORM, FORM_ID, "signed", signed_form);
    default_rows_add(&rows, CATALOG_FORM, "01936b1f-0000-7000-8000-0000000000f3", "old", old_form);
    catalog = build_catalog(&rows);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    catalog_unref(catalog);
    default_rows_done(&rows);
    return 0;
}

static const struct catalog_entry *form_entry(const char *slug)
{
    return catalog_find(catalog, CATALOG_FORM, str_from(slug));
}

/* Proposes a new form, or with `slug` a patch of one; the stored body, or NULL and the faults as
 * "pointer code, pointer code". */
static json_t *propose(const char *slug, const char *text, struct arena *arena, struct buf *faults)
{
    const struct catalog_entry *existing = slug != NULL ? form_entry(slug) : NULL;
    json_auto_t *given = json_from(text);
    json_auto_t *whole = existing != NULL ? json_merge_patch(existing->body, given)
                                          : json_incref(given);
    struct catalog_proposal proposal = {
        .kind = CATALOG_FORM, .existing = existing, .body = whole, .now_us = 1};
    assert_true(uuid_parse(str_from(existing != NULL ? FORM_ID : NEW_ID), &proposal.id));
    json_t *body = NULL;
    struct str ignored_slug;
    struct faults found;
    struct err err = {.code = OK};
    faults_init(&found, arena);
    if (catalog_check(catalog, &proposal, arena, &body, &ignored_slug, &found, &err) == OK)
        return body;
    for (size_t i = 0; i < found.count; i++)
        buf_printf(faults, "%s%s %s", i > 0 ? ", " : "", found.items[i].pointer,
                   found.items[i].code);
    return NULL;
}

static void assert_refused(const char *slug, const char *text, const char *expected)
{
    struct arena arena;
    CLEANUP(buf_done) struct buf faults;
    arena_init(&arena, 1U << 20);
    buf_init(&faults, 4096);
    json_auto_t *body = propose(slug, text, &arena, &faults);
    if (body != NULL)
        fail_msg("%s is taken", text);
    assert_string_equal(faults.data, expected);
    arena_done(&arena);
}

/* What of the stored body stands at a name. */
static void assert_stored(const char *slug, const char *text, const char *name,
                          const char *expected)
{
    struct arena arena;
    CLEANUP(buf_done) struct buf faults;
    CLEANUP(buf_done) struct buf value;
    arena_init(&arena, 1U << 20);
    buf_init(&faults, 4096);
    buf_init(&value, 4096);
    json_auto_t *body = propose(slug, text, &arena, &faults);
    if (body == NULL)
        fail_msg("%s: %s", text, faults.data);
    json_serialize(&value, json_object_get(body, name));
    assert_string_equal(value.data, expected);
    arena_done(&arena);
}

#define NEW_FORM(more) "{\"slug\":\"n\",\"name\":\"N\"," more "}"

static void test_secrets_are_checked(void **state)
{
    (void)state;
    assert_stored(NULL, NEW_FORM("\"adapter_secrets\":{\"webflow\":\"12345678\"}"),
                  "adapter_secrets", "{\"webflow\":\"12345678\"}");
    assert_stored(NULL, NEW_FORM("\"adapter_secrets\":{\"webflow\":null}"), "adapter_secrets",
                  "null");
    assert_stored(NULL, NEW_FORM("\"adapter_secrets\":null"), "adapter_secrets", "null");
    assert_refused(NULL,
                   NEW_FORM("\"adapter_secrets\":{\"jotform\":\"12345678\",\"tally\":\"short\","
                            "\"typeform\":7,\"hubspot\":\"12345678\"}"),
                   "/adapter_secrets/jotform unknown, /adapter_secrets/tally too_short, "
                   "/adapter_secrets/typeform type, /adapter_secrets/hubspot unknown");
    assert_refused(NULL, NEW_FORM("\"adapter_secrets\":\"12345678\""), "/adapter_secrets type");
}

static void test_a_patch_names_one_secret(void **state)
{
    (void)state;
    assert_stored("signed", "{\"name\":\"X\"}", "adapter_secrets",
                  "{\"tally\":\"tally-secret\",\"typeform\":\"typeform-secret\"}");
    assert_stored("signed", "{\"adapter_secrets\":{\"tally\":null}}", "adapter_secrets",
                  "{\"typeform\":\"typeform-secret\"}");
    assert_stored("signed", "{\"adapter_secrets\":{\"tally\":\"another-secret\"}}",
                  "adapter_secrets",
                  "{\"tally\":\"another-secret\",\"typeform\":\"typeform-secret\"}");
    assert_stored("signed", "{\"adapter_secrets\":null}", "adapter_secrets", "null");
}

static void test_secrets_are_never_shown(void **state)
{
    (void)state;
    static const char *const slugs[][3] = {
        {"signed", "\"signed_adapters\":[\"tally\",\"typeform\"]", "\"hubspot_guid\":\"" GUID "\""},
        {"old",    "\"signed_adapters\":[]",                       "\"hubspot_guid\":null"        },
    };
    for (size_t i = 0; i < ARRAY_LEN(slugs); i++) {
        CLEANUP(buf_done) struct buf text;
        struct json_writer json;
        buf_init(&text, 1U << 20);
        json_writer_init(&json, &text);
        catalog_write_entry(&json, form_entry(slugs[i][0]), catalog);
        assert_null(strstr(text.data, "secret"));
        assert_non_null(strstr(text.data, slugs[i][1]));
        assert_non_null(strstr(text.data, slugs[i][2]));
        json_auto_t *shown = json_from(text.data); /* each name once */
        assert_non_null(shown);
    }
}

static void test_a_guid_names_one_form(void **state)
{
    (void)state;
    struct uuid guid;
    assert_true(uuid_parse(STR_LITERAL(GUID), &guid));
    const struct form *form = catalog_form_by_hubspot(catalog, guid);
    assert_non_null(form);
    assert_str_is(form->slug, "signed");
    guid.bytes[15] ^= 1;
    assert_null(catalog_form_by_hubspot(catalog, guid));
    assert_null(catalog_form_by_hubspot(catalog, (struct uuid){.bytes = {0}}));
    assert_refused(NULL, NEW_FORM("\"hubspot_guid\":\"" GUID "\""), "/hubspot_guid duplicate");
    assert_refused("old", "{\"hubspot_guid\":\"" GUID "\"}", "/hubspot_guid duplicate");
    assert_refused(NULL, NEW_FORM("\"hubspot_guid\":\"x\""), "/hubspot_guid format");
    assert_stored("signed", "{\"name\":\"X\"}", "hubspot_guid", "\"" GUID "\"");
    assert_stored("signed", "{\"hubspot_guid\":null}", "hubspot_guid", "null");
    assert_stored(NULL, NEW_FORM("\"hubspot_guid\":\"88C2891F-EBDD-44C0-BD94-15C012BBBFBF\""),
                  "hubspot_guid", "\"88c2891f-ebdd-44c0-bd94-15c012bbbfbf\"");
}

static void test_the_map_is_checked(void **state)
{
    (void)state;
    assert_stored(NULL,
                  NEW_FORM("\"fields\":{\"Votre e-mail ?\":\"email\",\"token\":\"id\",\"am\":"
                           "\"occurred_at\",\"ok\":\"consent_marketing_email\",\"src\":"
                           "\"utm_source\",\"x\":\"x_y-z\"}"),
                  "fields",
                  "{\"Votre e-mail ?\":\"email\",\"token\":\"id\",\"am\":\"occurred_at\",\"ok\":"
                  "\"consent_marketing_email\",\"src\":\"utm_source\",\"x\":\"x_y-z\"}");
    assert_refused(NULL,
                   NEW_FORM("\"fields\":{\"a\":\"seniority\",\"b\":\"free_mail\",\"c\":"
                            "\"consent_\",\"d\":\"Not Ours\",\"e\":7}"),
                   "/fields/a reserved, /fields/b reserved, /fields/c format, /fields/d format, "
                   "/fields/e type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secrets_are_checked),
        cmocka_unit_test(test_a_patch_names_one_secret),
        cmocka_unit_test(test_secrets_are_never_shown),
        cmocka_unit_test(test_a_guid_names_one_form),
        cmocka_unit_test(test_the_map_is_checked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
