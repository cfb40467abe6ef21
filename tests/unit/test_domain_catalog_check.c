/* Set-up writes: what is filled in, what is refused and with which faults, what may not change. */
#include "test_domain_catalog_support.h"

#include "domain/catalog_kinds.h"

#define OFFER_ID    "01936b1f-0000-7000-8000-000000000001"
#define FORM_ID     "01936b1f-0000-7000-8000-000000000002"
#define MEMBER_ID   "01936b1f-0000-7000-8000-000000000003"
#define KEY_ID      "01936b1f-0000-7000-8000-000000000004"
#define DRAFT_ID    "01936b1f-0000-7000-8000-000000000005"
#define CHOICE_ID   "01936b1f-0000-7000-8000-000000000006"
#define CAMPAIGN_ID "01936b1f-0000-7000-8000-000000000007"
#define NEW_ID      "01936b1f-0000-7000-8000-0000000000ff"
#define POLICY_ID   "01936b1e-0000-7000-8000-000000000003"
#define CALENDAR_ID "01936b1e-0000-7000-8000-000000000002"
#define HASH        "aa00000000000000000000000000000000000000000000000000000000000000"
#define MADE        "\"prefix\":\"relais_sk_\",\"last4\":\"abcd\",\"hash\":\"" HASH "\""
#define DEFINITION                                                                                 \
    "{\"name\":\"small\",\"fit\":{\"rules\":[],\"grades\":{\"A\":3,\"B\":2,\"C\":1}},"             \
    "\"interest\":{\"half_life\":\"P1D\",\"rules\":[],\"grades\":{\"1\":3,\"2\":2,\"3\":1}},"      \
    "\"decision\":{\"*\":\"stay\"}}"

static const int64_t now_us = INT64_C(1795000010000000); /* 2026-11-18T11:06:50Z */

struct fixture {
    struct default_rows rows;
    struct catalog *catalog;
    struct arena arena; /* of the latest check */
    struct faults faults;
    struct err err;
};

/* A fresh database and one of each kind that it lacks. */
static int set_up(void **state)
{
    static struct fixture fixture;
    struct default_rows *rows = &fixture.rows;
    default_rows_init(rows);
    default_rows_add(rows, CATALOG_OFFER, OFFER_ID, "guide",
                     "{\"slug\":\"guide\",\"title\":\"Guide\",\"kind\":\"guide\","
                     "\"journey_step\":\"consideration\",\"url\":null,\"summary\":null,"
                     "\"audience\":\"public\",\"published_at\":null}");
    default_rows_add(rows, CATALOG_FORM, FORM_ID, "guide-form",
                     "{\"slug\":\"guide-form\",\"name\":\"Guide\",\"activity\":\"form_submission\","
                     "\"makes\":\"lead\",\"offer\":\"guide\",\"campaign\":null,\"open\":false,"
                     "\"required\":[\"email\"],\"fields\":null,\"allowed_origins\":null,"
                     "\"redirect_url\":null,\"consent_text\":null,\"protection\":{"
                     "\"honeypot\":true,\"token\":false,\"disposable\":false,\"repeats\":false}}");
    default_rows_add(rows, CATALOG_MEMBER, MEMBER_ID, MEMBER_ID,
                     "{\"name\":\"Ana\",\"email\":null,\"team\":\"sales\",\"role\":\"member\","
                     "\"weekly_capacity\":20,\"time_zone\":null,\"active\":true}");
    default_rows_add(rows, CATALOG_KEY, KEY_ID, KEY_ID,
                     "{\"name\":\"CRM\",\"kind\":\"secret\",\"scopes\":[\"read\",\"sales\"],"
                     "\"member\":null,\"form\":null,\"prefix\":\"relais_sk_\",\"last4\":\"wxyz\","
                     "\"expires_at\":null,\"previous_expires_at\":null,\"hash\":\"" HASH "\","
                     "\"previous_hash\":null}");
    default_rows_add(rows, CATALOG_MODEL, DRAFT_ID, "2",
                     "{\"version\":2,\"activated\":0,\"activated_at\":null,\"activation\":null,"
                     "\"definition\":" DEFINITION "}");
    default_rows_add(rows, CATALOG_ATTRIBUTE, CHOICE_ID, "size",
                     "{\"name\":\"size\",\"type\":\"choice\",\"choices\":[\"S\",\"L\"],"
                     "\"label\":{\"fr\":\"Taille\",\"en\":\"Size\"}}");
    default_rows_add(rows, CATALOG_CAMPAIGN, CAMPAIGN_ID, "spring",
                     "{\"slug\":\"spring\",\"name\":\"Spring\",\"persona\":null,"
                     "\"starts_on\":\"2027-03-01\",\"ends_on\":\"2027-05-31\",\"goal\":null,"
                     "\"budget\":null,\"currency\":null,\"brief\":null}");
    fixture.catalog = build_catalog(rows);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_done(&fixture->arena);
    catalog_unref(fixture->catalog);
    default_rows_done(&fixture->rows);
    return 0;
}

/* As the store does it: a PATCH is merged first. `target` NULL: a new one. */
static enum err_code check(struct fixture *fixture, enum catalog_kind kind, const char *target,
                           const char *text, json_t **ret_body, struct str *ret_slug)
{
    arena_done(&fixture->arena);
    arena_init(&fixture->arena, 1U << 22);
    faults_init(&fixture->faults, &fixture->arena);
    json_auto_t *sent = json_from(text);
    const struct catalog_entry *existing =
        target != NULL ? catalog_find(fixture->catalog, kind, str_from(target)) : NULL;
    assert_true(target == NULL || existing != NULL);
    json_auto_t *whole = existing != NULL ? json_merge_patch(existing->body, sent)
                                          : json_incref(sent);
    struct catalog_proposal proposal = {
        .kind = kind, .existing = existing, .body = whole, .now_us = now_us};
    assert_true(uuid_parse(STR_LITERAL(NEW_ID), &proposal.id));
    return catalog_check(fixture->catalog, &proposal, &fixture->arena, ret_body, ret_slug,
                         &fixture->faults, &fixture->err);
}

/* `faults`: "pointer code, pointer code", in their order. */
static void assert_refused(struct fixture *fixture, enum catalog_kind kind, const char *target,
                           const char *text, const char *faults)
{
    json_t *body = NULL;
    struct str slug = {.data = NULL};
    const enum err_code code = check(fixture, kind, target, text, &body, &slug);
    CLEANUP(buf_done) struct buf told;
    buf_init(&told, 4096);
    for (size_t i = 0; i < fixture->faults.count; i++)
        buf_printf(&told, "%s%s %s", i > 0 ? ", " : "", fixture->faults.items[i].pointer,
                   fixture->faults.items[i].code);
    if (code != ERR_INVALID || !str_is(buf_str(&told), faults))
        fail_msg("%s %s: %s [%.*s], expected [%s]", catalog_kind_names[kind], text, err_name(code),
                 STR_ARGS(buf_str(&told)), faults);
    assert_null(body);
    assert_null(slug.data);
}

/* `expected` is compared as text: the order of fields is part of it. */
static void assert_taken(struct fixture *fixture, enum catalog_kind kind, const char *target,
                         const char *text, const char *slug, const char *expected)
{
    json_t *body = NULL;
    struct str got = {.data = NULL};
    if (check(fixture, kind, target, text, &body, &got) != OK)
        fail_msg("%s %s: %s %s: %s", catalog_kind_names[kind], text,
                 fixture->faults.items[0].pointer, fixture->faults.items[0].code,
                 fixture->faults.items[0].detail);
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 1U << 16);
    json_serialize(&buf, body);
    json_decref(body);
    if (!str_is(buf_str(&buf), expected))
        fail_msg("%s\n is not\n%s", buf.data, expected);
    assert_str_is(got, slug);
    if (target != NULL)
        return;
    /* What is taken can be read back. */
    struct default_rows rows = fixture->rows;
    default_rows_add(&rows, kind, NEW_ID, slug, expected);
    catalog_unref(build_catalog(&rows));
}

static const struct {
    enum catalog_kind kind;
    const char *text;
    const char *slug;
    const char *expected;
} defaults[] = {
    {CATALOG_ATTRIBUTE, "{\"name\":\"segment\",\"type\":\"text\"}",                                    "segment",
     "{\"name\":\"segment\",\"type\":\"text\",\"choices\":null,"
     "\"label\":{\"fr\":\"segment\",\"en\":\"segment\"}}"                            },
    {CATALOG_ATTRIBUTE,
     "{\"label\":{\"en\":\"Tier\"},\"type\":\"choice\",\"choices\":[\"a\",\"b\"],"
     "\"name\":\"tier\"}",                                                                             "tier",
     "{\"name\":\"tier\",\"type\":\"choice\",\"choices\":[\"a\",\"b\"],"
     "\"label\":{\"fr\":\"Tier\",\"en\":\"Tier\"}}"                                  },
    {CATALOG_OFFER,
     "{\"slug\":\"e\",\"title\":\"E\",\"kind\":\"ebook\",\"journey_step\":\"awareness\","
     "\"published_at\":\"2026-11-18T12:00:00+01:00\",\"audience\":null}",                              "e",
     "{\"slug\":\"e\",\"title\":\"E\",\"kind\":\"ebook\",\"journey_step\":\"awareness\","
     "\"url\":null,\"summary\":null,\"audience\":\"public\","
     "\"published_at\":\"2026-11-18T11:00:00.000Z\"}"                                },
    {CATALOG_FORM,      "{\"slug\":\"f\",\"name\":\"F\"}",                                             "f",
     "{\"slug\":\"f\",\"name\":\"F\",\"activity\":\"form_submission\",\"makes\":\"lead\","
     "\"offer\":null,\"campaign\":null,\"open\":false,\"required\":[\"email\"],"
     "\"fields\":null,\"allowed_origins\":null,\"redirect_url\":null,\"consent_text\":null,"
     "\"protection\":{\"honeypot\":false,\"token\":false,\"disposable\":false,"
     "\"repeats\":false},\"adapter_secrets\":null,\"hubspot_guid\":null}"            },
    {CATALOG_FORM,
     "{\"slug\":\"f\",\"name\":\"F\",\"offer\":\"" OFFER_ID "\",\"campaign\":\"spring\","
     "\"open\":true,\"required\":[],\"fields\":{\"Mail\":\"email\"},"
     "\"allowed_origins\":[\"https://a.example:8443\"],"
     "\"redirect_url\":\"https://a.example/merci?x=é\",\"protection\":{\"token\":true}}",             "f",
     "{\"slug\":\"f\",\"name\":\"F\",\"activity\":\"form_submission\",\"makes\":\"lead\","
     "\"offer\":\"guide\",\"campaign\":\"spring\",\"open\":true,\"required\":[],"
     "\"fields\":{\"Mail\":\"email\"},\"allowed_origins\":[\"https://a.example:8443\"],"
     "\"redirect_url\":\"https://a.example/merci?x=é\",\"consent_text\":null,"
     "\"protection\":{\"honeypot\":false,\"token\":true,\"disposable\":false,"
     "\"repeats\":false},\"adapter_secrets\":null,\"hubspot_guid\":null}"            },
    {CATALOG_CAMPAIGN,
     "{\"slug\":\"c\",\"name\":\"C\",\"starts_on\":\"2027-01-01\",\"ends_on\":\"2027-01-01\","
     "\"budget\":100}",                                                                                "c",
     "{\"slug\":\"c\",\"name\":\"C\",\"persona\":null,\"starts_on\":\"2027-01-01\","
     "\"ends_on\":\"2027-01-01\",\"goal\":null,\"budget\":100,\"currency\":\"EUR\","
     "\"brief\":null}"                                                               },
    {CATALOG_MEMBER,    "{\"name\":\"Bo\",\"team\":\"marketing\",\"email\":\" Bo@A.FR \"}",            NEW_ID,
     "{\"name\":\"Bo\",\"email\":\"bo@a.fr\",\"team\":\"marketing\",\"role\":\"member\","
     "\"weekly_capacity\":null,\"time_zone\":null,\"calendar\":null,\"active\":true}"},
    {CATALOG_REASON,    "{\"code\":\"merger\",\"kind\":\"lose\",\"label\":\"Fusion\"}",                "lose:merger",
     "{\"code\":\"merger\",\"kind\":\"lose\",\"label\":{\"fr\":\"Fusion\",\"en\":\"Fusion\"},"
     "\"active\":true}"                                                              },
    {CATALOG_KEY,       "{\"name\":\"K\",\"scopes\":[\"sales\",\"read\",\"sales\"]," MADE "}",         NEW_ID,
     "{\"name\":\"K\",\"kind\":\"secret\",\"scopes\":[\"read\",\"sales\"],\"member\":null,"
     "\"form\":null,\"prefix\":\"relais_sk_\",\"last4\":\"abcd\",\"expires_at\":null,"
     "\"previous_expires_at\":null,\"hash\":\"" HASH "\",\"previous_hash\":null}"    },
    {CATALOG_KEY,       "{\"name\":\"K\",\"kind\":\"publishable\",\"form\":\"" FORM_ID "\"," MADE "}",
     NEW_ID,                                                                                                          "{\"name\":\"K\",\"kind\":\"publishable\",\"scopes\":[\"submit\"],\"member\":null,"
     "\"form\":\"guide-form\",\"prefix\":\"relais_sk_\",\"last4\":\"abcd\","
     "\"expires_at\":null,\"previous_expires_at\":null,\"hash\":\"" HASH
     "\",\"previous_hash\":null}"                                        },
    {CATALOG_POLICY,    "{\"name\":\"P\",\"kind\":\"attempts\",\"target\":\"P7D\"}",                   NEW_ID,
     "{\"name\":\"P\",\"position\":2,\"kind\":\"attempts\",\"starts\":\"mql\",\"attempts\":5,"
     "\"target\":\"P7D\",\"calendar\":null,\"assignee_calendar\":false,\"warn_at\":[0.5,0.8],"
     "\"escalate\":[],\"applies_when\":"
     "null,"
     "\"active\":true}"                                                              },
    {CATALOG_CALENDAR,
     "{\"name\":\"C\",\"time_zone\":\"UTC\",\"hours\":{\"monday\":[[\"00:00\",\"24:00\"]]}}",          NEW_ID,
     "{\"name\":\"C\",\"time_zone\":\"UTC\",\"hours\":{\"monday\":[[\"00:00\",\"24:00\"]]},"
     "\"holidays\":null,\"exceptions\":[]}"                                          },
    {CATALOG_MODEL,     DEFINITION,                                                                    "3",
     "{\"version\":3,\"activated\":0,\"activated_at\":null,\"activation\":null,"
     "\"definition\":" DEFINITION "}"                                                },
};

static void test_tables_are_sound(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < CATALOG_KIND_COUNT_; kind++)
        assert_true(schema_is_sound(&catalog_kind_rules[kind].schema));
}

static void test_fills_in_defaults(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
        assert_taken(*state, defaults[i].kind, NULL, defaults[i].text, defaults[i].slug,
                     defaults[i].expected);
}

static const struct {
    enum catalog_kind kind;
    const char *text;
    const char *faults;
} refusals[] = {
    {CATALOG_OFFER,        "[]",                                                                 " type"                                                },
    {CATALOG_OFFER,        "{}",
     "/slug required, /title required, /kind required, "
     "/journey_step required"                                                                                                                           },
    {CATALOG_OFFER,
     "{\"slug\":\"E b\",\"title\":\"\",\"kind\":\"book\",\"journey_step\":null,"
     "\"url\":\"ftp://x\",\"id\":\"x\",\"published_at\":\"2026-11-18\"}",                        "/slug format, /title too_short, /kind choice, /journey_step required, "
     "/published_at format, /id unknown, /url format"                          },
    {CATALOG_OFFER,
     "{\"slug\":\"" NEW_ID "\",\"title\":\"T\",\"kind\":\"demo\","
     "\"journey_step\":\"decision\",\"url\":\"https://a b\"}",                                   "/slug format, /url format"                            },
    {CATALOG_ATTRIBUTE,    "{\"name\":\"seniority\",\"type\":\"text\"}",                         "/name reserved"                                       },
    {CATALOG_ATTRIBUTE,    "{\"name\":\"email\",\"type\":\"text\"}",                             "/name reserved"                                       },
    {CATALOG_ATTRIBUTE,    "{\"name\":\"x\",\"type\":\"choice\"}",                               "/choices required"                                    },
    {CATALOG_ATTRIBUTE,    "{\"name\":\"x\",\"type\":\"choice\",\"choices\":[]}",                "/choices too_few"                                     },
    {CATALOG_ATTRIBUTE,    "{\"name\":\"x\",\"type\":\"text\",\"choices\":[\"a\"]}",
     "/choices not_allowed"                                                                                                                             },
    {CATALOG_ATTRIBUTE,
     "{\"name\":\"x\",\"type\":\"choice\",\"choices\":[\"a\",\"b\",\"a\"],\"label\":7}",         "/choices/2 duplicate, /label type"                    },
    {CATALOG_ATTRIBUTE,    "{\"name\":\"x\",\"type\":\"text\",\"label\":{\"de\":\"X\"}}",
     "/label/de unknown"                                                                                                                                },
    {CATALOG_FORM,
     "{\"slug\":\"f\",\"name\":\"F\",\"offer\":\"none\",\"campaign\":\"" OFFER_ID
     "\",\"required\":[\"A B\"],\"fields\":{\"a/b\":\"Not Ours\",\"\":1},"
     "\"allowed_origins\":[\"https://a.example/\",\"*\",\"https://a.example\"],"
     "\"redirect_url\":\"/thanks\",\"protection\":{\"captcha\":true},\"makes\":\"mql\"}",        "/makes choice, /required/0 format, "
     "/allowed_origins/0 format, /allowed_origins/1 format, /fields/a~1b format, "
     "/fields/ format, /fields/ type, /redirect_url format, /protection/captcha unknown, "
     "/offer reference, "
     "/campaign reference"                                     },
    {CATALOG_CAMPAIGN,
     "{\"slug\":\"c\",\"name\":\"C\",\"starts_on\":\"2027-02-01\",\"ends_on\":\"2027-01-31\","
     "\"budget\":-1,\"currency\":\"eur\"}",                                                      "/budget range, /ends_on order, /currency format"      },
    {CATALOG_MEMBER,
     "{\"name\":\"B\",\"team\":\"it\",\"email\":\"nobody\",\"time_zone\":\"Europe//Paris\"}",    "/team choice, /time_zone format, /email format"       },
    {CATALOG_REASON,       "{\"kind\":\"lose\"}",                                                "/code required"                                       },
    {CATALOG_REASON,       "{\"code\":\"a:b\",\"kind\":\"win\"}",                                "/code format, /kind choice"                           },
    {CATALOG_STAGE,        "{\"label\":\"x\",\"definition\":\"y\",\"guidance\":\"z\"}",          " fixed"                                               },
    {CATALOG_ORGANISATION, "{}",                                                                 " fixed"                                               },
    {CATALOG_KEY,          "{\"name\":\"K\"}",
     "/prefix required, /last4 required, /hash required, /scopes required"                                                                              },
    {CATALOG_KEY,
     "{\"name\":\"K\",\"scopes\":[\"root\"],\"form\":\"none\",\"member\":\"" OFFER_ID
     "\",\"expires_at\":\"2020-01-01T00:00:00Z\"," MADE "}",
     "/scopes/0 choice, /expires_at range, /form not_allowed, /form reference, "
     "/member reference"                                                                                                                                },
    {CATALOG_KEY,
     "{\"name\":\"K\",\"kind\":\"publishable\",\"scopes\":[\"submit\",\"read\"],"
     "\"previous_hash\":\"" HASH "\"," MADE "}",
     "/previous_expires_at required, /scopes choice"                                                                                                    },
    {CATALOG_POLICY,       "{}",                                                                 "/name required, /kind required, /target required"     },
    {CATALOG_POLICY,
     "{\"name\":\"P\",\"kind\":\"first_contact\",\"target\":\"1 day\",\"attempts\":3,"
     "\"warn_at\":[0,1],\"applies_when\":{\"and\":[{\"near\":1},{\"far\":2}]},"
     "\"position\":0}",                                                                          "/position range, /warn_at/0 range, /warn_at/1 range, /target format, "
     "/attempts not_allowed, /applies_when/and/0/near unknown_operator, "
     "/applies_when/and/1/far unknown_operator"                                                                                  },
    {CATALOG_POLICY,
     "{\"name\":\"P\",\"kind\":\"acceptance\",\"starts\":\"accepted\",\"target\":{"
     "\"weekday\":\"wednesday\",\"time\":\"18:00\"},\"calendar\":\"" CALENDAR_ID "\"}",
     "/starts not_allowed"                                                                                                                              },
    {CATALOG_POLICY,
     "{\"name\":\"P\",\"kind\":\"acceptance\",\"target\":\"P1DT2H\",\"calendar\":\"" CALENDAR_ID
     "\"}",                                                                                      "/target format"                                       },
    {CATALOG_POLICY,
     "{\"name\":\"P\",\"kind\":\"acceptance\",\"target\":\"PT4000H\",\"calendar\":\"" CALENDAR_ID
     "\"}",                                                                                      "/target range"                                        },
    {CATALOG_POLICY,
     "{\"name\":\"P\",\"kind\":\"acceptance\",\"target\":\"PT4H\",\"calendar\":\"" NEW_ID "\"}",
     "/calendar reference"                                                                                                                              },
    {CATALOG_POLICY,       "{\"name\":\"P\",\"kind\":\"acceptance\",\"target\":\"PT0S\"}",
     "/target range"                                                                                                                                    },
    {CATALOG_POLICY,       "{\"name\":\"P\",\"kind\":\"acceptance\",\"target\":24}",             "/target type"                                         },
    {CATALOG_CALENDAR,
     "{\"name\":\"C\",\"time_zone\":\"Mars\",\"hours\":{\"monday\":[[\"09:00\",\"12:00\"],"
     "[\"11:00\",\"13:00\"]],\"tuesday\":[[\"9:00\",\"12:00\"],[\"14:00\"],7],"
     "\"someday\":[]},\"holidays\":\"XX\",\"exceptions\":[{\"date\":\"2026-12-24\","
     "\"hours\":[[\"12:00\",\"09:00\"]]},{\"date\":\"2026-12-24\",\"hours\":[]}]}",              "/hours/someday unknown, /holidays choice, /hours/monday/1 order, "
     "/hours/tuesday/0 format, /hours/tuesday/1 format, /hours/tuesday/2 format, "
     "/exceptions/0/hours/0 order, /exceptions/1/date duplicate"     },
    {CATALOG_MODEL,        "{\"name\":\"m\"}",                                                   "/fit required, /interest required, /decision required"},
};

static void test_refuses_with_all_faults_at_once(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        assert_refused(*state, refusals[i].kind, NULL, refusals[i].text, refusals[i].faults);
}

static void test_a_patch_changes_what_it_names(void **state)
{
    assert_taken(*state, CATALOG_ORGANISATION, "organisation",
                 "{\"name\":\"Acme\",\"locale\":\"en\",\"time_zone\":\"America/New_York\"}",
                 "organisation",
                 "{\"name\":\"Acme\",\"time_zone\":\"America/New_York\",\"currency\":\"EUR\","
                 "\"locale\":\"en\",\"week_starts_on\":\"monday\"}");
    /* null: the default again */
    assert_taken(*state, CATALOG_ORGANISATION, "organisation", "{\"currency\":null}",
                 "organisation",
                 "{\"name\":\"\",\"time_zone\":\"Europe/Paris\",\"currency\":\"EUR\","
                 "\"locale\":\"fr\",\"week_starts_on\":\"monday\"}");
    assert_taken(*state, CATALOG_ATTRIBUTE, "size",
                 "{\"choices\":[\"S\",\"M\",\"L\"],\"label\":{\"fr\":\"Gabarit\"}}", "size",
                 "{\"name\":\"size\",\"type\":\"choice\",\"choices\":[\"S\",\"M\",\"L\"],"
                 "\"label\":{\"fr\":\"Gabarit\",\"en\":\"Size\"}}");
    assert_taken(*state, CATALOG_FORM, "guide-form",
                 "{\"offer\":null,\"slug\":\"guide-form\",\"protection\":{\"repeats\":true}}",
                 "guide-form",
                 "{\"slug\":\"guide-form\",\"name\":\"Guide\",\"activity\":\"form_submission\","
                 "\"makes\":\"lead\",\"offer\":null,\"campaign\":null,\"open\":false,"
                 "\"required\":[\"email\"],\"fields\":null,\"allowed_origins\":null,"
                 "\"redirect_url\":null,\"consent_text\":null,\"protection\":{\"honeypot\":true,"
                 "\"token\":false,\"disposable\":false,\"repeats\":true},"
                 "\"adapter_secrets\":null,\"hubspot_guid\":null}");
    assert_taken(*state, CATALOG_MEMBER, MEMBER_ID, "{\"active\":false}", MEMBER_ID,
                 "{\"name\":\"Ana\",\"email\":null,\"team\":\"sales\",\"role\":\"member\","
                 "\"weekly_capacity\":20,\"time_zone\":null,\"calendar\":null,\"active\":false}");
    /* A key that is rotated. */
    assert_taken(*state, CATALOG_KEY, KEY_ID,
                 "{\"hash\":\"bb00000000000000000000000000000000000000000000000000000000000000\","
                 "\"last4\":\"1234\",\"previous_hash\":\"" HASH
                 "\",\"previous_expires_at\":\"2026-11-19T11:06:50Z\"}",
                 KEY_ID,
                 "{\"name\":\"CRM\",\"kind\":\"secret\",\"scopes\":[\"read\",\"sales\"],"
                 "\"member\":null,\"form\":null,\"prefix\":\"relais_sk_\",\"last4\":\"1234\","
                 "\"expires_at\":null,\"previous_expires_at\":\"2026-11-19T11:06:50.000Z\","
                 "\"hash\":\"bb00000000000000000000000000000000000000000000000000000000000000\","
                 "\"previous_hash\":\"" HASH "\"}");
}

static void test_a_stage_may_be_renamed(void **state)
{
    json_t *body = NULL;
    struct str slug;
    assert_int_equal(check(*state, CATALOG_STAGE, "lead",
                           "{\"label\":\"Piste\",\"owner\":null,\"guidance\":{\"en\":\"\"}}", &body,
                           &slug),
                     OK);
    const json_t *label = json_object_get(body, "label");
    assert_string_equal(json_string_value(json_object_get(label, "fr")), "Piste");
    assert_string_equal(json_string_value(json_object_get(label, "en")), "Piste");
    assert_true(json_is_null(json_object_get(body, "owner")));
    const json_t *guidance = json_object_get(body, "guidance");
    assert_string_equal(json_string_value(json_object_get(guidance, "en")), "");
    assert_true(json_string_length(json_object_get(guidance, "fr")) > 0);
    assert_str_is(slug, "lead");
    json_decref(body);
    assert_refused(*state, CATALOG_STAGE, "lead", "{\"label\":null,\"definition\":{\"fr\":7}}",
                   "/label required, /definition/fr type");
    assert_refused(*state, CATALOG_STAGE, "lead", "{\"label\":{\"fr\":null,\"en\":null}}",
                   "/label required");
}

static void test_a_patch_cannot_change_what_others_hold_on_to(void **state)
{
    static const struct {
        enum catalog_kind kind;
        const char *target;
        const char *text;
        const char *faults;
    } cases[] = {
        {CATALOG_ORGANISATION, "organisation", "{\"id\":\"x\",\"time_zone\":\"Paris!\"}",
         "/id unknown, /time_zone format"                                                                                      },
        {CATALOG_ATTRIBUTE,    "size",         "{\"name\":\"big\",\"type\":\"text\",\"choices\":null}",
         "/name immutable, /type immutable"                                                                                    },
        {CATALOG_ATTRIBUTE,    "size",         "{\"choices\":null}",                                    "/choices required"    },
        {CATALOG_OFFER,        "guide",        "{\"slug\":\"other\",\"title\":null}",
         "/title required, /slug immutable"                                                                                    },
        {CATALOG_FORM,         "guide-form",   "{\"slug\":\"other\"}",                                  "/slug immutable"      },
        {CATALOG_FORM,         "guide-form",   "{\"created_at\":\"2026-11-18T11:00:00Z\"}",
         "/created_at unknown"                                                                                                 },
        {CATALOG_CAMPAIGN,     "spring",       "{\"slug\":\"x\",\"ends_on\":\"2027-01-01\"}",
         "/slug immutable, /ends_on order"                                                                                     },
        {CATALOG_REASON,       "lose:price",   "{\"code\":\"cost\",\"kind\":\"reject\"}",
         "/code immutable, /kind immutable"                                                                                    },
        {CATALOG_KEY,          KEY_ID,         "{\"kind\":\"publishable\",\"scopes\":[\"admin\"]}",
         "/kind immutable, /scopes immutable, /scopes choice"                                                                  },
        {CATALOG_POLICY,       POLICY_ID,      "{\"attempts\":3}",                                      "/attempts not_allowed"},
        {CATALOG_MODEL,        "2",            "{\"version\":1,\"definition\":{\"name\":\"x\"}}",
         "/version immutable, /definition immutable"                                                                           },
        {CATALOG_MODEL,        "2",            "{\"activated\":9}",                                     "/activated immutable" },
        {CATALOG_MODEL,        "2",            "{\"state\":\"retired\"}",                               "/state choice"        },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refused(*state, cases[i].kind, cases[i].target, cases[i].text, cases[i].faults);
}

/* One write puts a model into force and so retires the other; either can be put back. */
static void test_one_write_activates_a_model(void **state)
{
    struct fixture *fixture = *state;
    assert_taken(fixture, CATALOG_MODEL, "2",
                 "{\"state\":\"active\",\"activation\":{\"hand_off\":\"all\"}}", "2",
                 "{\"version\":2,\"activated\":2,\"activated_at\":\"2026-11-18T11:06:50.000Z\","
                 "\"activation\":{\"hand_off\":\"all\"},\"definition\":" DEFINITION "}");
    /* Already in force: nothing happens. */
    json_t *body = NULL;
    struct str slug;
    assert_int_equal(check(fixture, CATALOG_MODEL, "1", "{\"state\":\"active\"}", &body, &slug),
                     OK);
    assert_int_equal(json_integer_value(json_object_get(body, "activated")), 1);
    json_decref(body);

    struct default_rows rows = fixture->rows;
    for (size_t i = 0; i < rows.count; i++)
        if (rows.rows[i].kind == CATALOG_MODEL && str_is(rows.rows[i].slug, "2"))
            rows.rows[i].body = STR_LITERAL("{\"version\":2,\"activated\":2,\"activated_at\":"
                                            "\"2026-11-18T11:06:50.000Z\",\"activation\":null,"
                                            "\"definition\":" DEFINITION "}");
    struct catalog *catalog = build_catalog(&rows);
    int32_t version = 0;
    (void)catalog_active_model(catalog, &version);
    assert_int_equal(version, 2);
    static const char *const states[] = {"retired", "active"};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        CLEANUP(buf_done) struct buf buf;
        buf_init(&buf, 1U << 16);
        struct json_writer json;
        json_writer_init(&json, &buf);
        const struct str slug_of = i == 0 ? STR_LITERAL("1") : STR_LITERAL("2");
        catalog_write_entry(&json, catalog_find(catalog, CATALOG_MODEL, slug_of), catalog);
        json_auto_t *shown = json_from(buf.data);
        assert_string_equal(json_string_value(json_object_get(shown, "state")), states[i]);
    }
    struct catalog *before = fixture->catalog;
    fixture->catalog = catalog;
    assert_int_equal(check(fixture, CATALOG_MODEL, "1", "{\"state\":\"active\"}", &body, &slug),
                     OK);
    assert_int_equal(json_integer_value(json_object_get(body, "activated")), 3);
    json_decref(body);
    fixture->catalog = before;
    catalog_unref(catalog);
}

static void test_every_kind_has_a_limit(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    /* 200 policies are the limit, so many that each handoff may look at all of them. */
    enum { POLICIES = 200 };
    static struct catalog_row many[DEFAULT_ROWS_MAX + POLICIES];
    static char ids[POLICIES][UUID_TEXT_BYTES];
    size_t count = 0;
    for (size_t i = 0; i < rows.count; i++)
        if (rows.rows[i].kind != CATALOG_POLICY)
            many[count++] = rows.rows[i];
    for (size_t i = 0; i < POLICIES; i++) {
        many[count] = (struct catalog_row){
            .kind = CATALOG_POLICY,
            .id = uuid_new(now_us),
            .version = 1,
            .body = STR_LITERAL("{\"name\":\"P\",\"position\":1000,\"kind\":\"acceptance\","
                                "\"starts\":\"mql\",\"target\":\"PT1H\",\"warn_at\":[],"
                                "\"active\":true}"),
        };
        many[count].slug = str_from(uuid_format(many[count].id, ids[i]));
        count++;
    }
    struct fixture fixture = {.rows = rows};
    struct err err;
    assert_int_equal(catalog_build(1, many, count, &fixture.catalog, &err), OK);
    assert_refused(&fixture, CATALOG_POLICY, NULL,
                   "{\"name\":\"P\",\"kind\":\"acceptance\",\"target\":\"PT1H\"}", " too_many");
    /* One may still be changed, and positions end somewhere. */
    assert_taken(&fixture, CATALOG_POLICY, ids[0], "{\"position\":null}", ids[0],
                 "{\"name\":\"P\",\"position\":1000,\"kind\":\"acceptance\",\"starts\":\"mql\","
                 "\"attempts\":null,\"target\":\"PT1H\",\"calendar\":null,\"assignee_calendar\":"
                 "false,\"warn_at\":[],\"escalate\":[],"
                 "\"applies_when\":null,\"active\":true}");
    arena_done(&fixture.arena);
    catalog_unref(fixture.catalog);
    default_rows_done(&rows);
}

struct memory_case {
    struct fixture *fixture;
    enum catalog_kind kind;
    json_t *sent;
};

static bool check_some(void *context)
{
    const struct memory_case *some = context;
    struct arena arena;
    arena_init(&arena, 1U << 22);
    struct faults faults;
    faults_init(&faults, &arena);
    const struct catalog_proposal proposal = {.kind = some->kind, .body = some->sent};
    json_t *body = NULL;
    struct str slug;
    struct err err;
    const enum err_code code =
        catalog_check(some->fixture->catalog, &proposal, &arena, &body, &slug, &faults, &err);
    if (code == OK)
        json_decref(body);
    else
        assert_int_equal(code, ERR_NOMEM);
    arena_done(&arena);
    return code == OK;
}

static void test_survives_every_failing_allocation(void **state)
{
    static const struct {
        enum catalog_kind kind;
        const char *text;
    } cases[] = {
        {CATALOG_FORM,   "{\"slug\":\"f\",\"name\":\"F\",\"offer\":\"guide\",\"required\":[\"email\","
                       "\"company\"]}"                                     },
        {CATALOG_KEY,
         "{\"name\":\"K\",\"scopes\":[\"read\",\"sales\"],\"member\":\"" MEMBER_ID "\"," MADE "}"},
        {CATALOG_MEMBER, "{\"name\":\"B\",\"team\":\"sales\",\"email\":\"Bo@a.fr\"}"             },
        {CATALOG_POLICY,
         "{\"name\":\"P\",\"kind\":\"attempts\",\"target\":\"P7D\",\"applies_when\":{\"==\":[{"
         "\"var\":\"country\"},\"FR\"]}}"                                                        },
        {CATALOG_REASON, "{\"code\":\"c\",\"kind\":\"lose\"}"                                    },
        {CATALOG_MODEL,  DEFINITION                                                              },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct memory_case some = {
            .fixture = *state, .kind = cases[i].kind, .sent = json_from(cases[i].text)};
        assert_true(testing_fail_each_allocation(check_some, &some) > 5);
        json_decref(some.sent);
    }
}

int main(void)
{
    json_set_alloc_funcs(mem_alloc, mem_free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_sound),
        cmocka_unit_test_setup_teardown(test_fills_in_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_with_all_faults_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_patch_changes_what_it_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stage_may_be_renamed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_patch_cannot_change_what_others_hold_on_to, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_one_write_activates_a_model, set_up, tear_down),
        cmocka_unit_test(test_every_kind_has_a_limit),
        cmocka_unit_test_setup_teardown(test_survives_every_failing_allocation, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
