/*
 * Proves: without a map the samples of all tools end where a marketer would put them; a map wins,
 * by any of an answer's names, exactly or nearly; what nobody knows is an attribute of its own that
 * never takes a name with a meaning; the e-mail is found wherever it is; a failing allocation is
 * ERR_NOMEM.
 */
#include "test_adapter_support.h"
#include "test_domain_catalog_support.h"

#include "domain/answers.h"
#include "schema/schema.h"

static struct default_rows rows;
static struct catalog *catalog;

static int setup(void **state)
{
    (void)state;
    struct err err = {.code = OK};
    default_rows_init(&rows);
    default_rows_add(&rows, CATALOG_ATTRIBUTE, "0199e000-0000-7000-8000-0000000000f1", "budget",
                     "{\"name\": \"budget\", \"type\": \"number\", \"choices\": null, \"label\": "
                     "{\"fr\": \"Budget prévu\", \"en\": \"Planned budget\"}}");
    return catalog_build(1, rows.rows, rows.count, &catalog, &err) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    catalog_unref(catalog);
    default_rows_done(&rows);
    return 0;
}

/* "name=value", with "~range" behind it where it is a lower end; a line each. */
static void render(const struct our_field *fields, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%.*s=%.*s", STR_ARGS(fields[i].name), STR_ARGS(fields[i].value));
        if (fields[i].range.data != NULL)
            buf_printf(out, "~%.*s", STR_ARGS(fields[i].range));
        buf_append_char(out, '\n');
    }
}

static void assert_fields(const char *adapter, const json_t *body, const char *map_text,
                          const char *expected)
{
    struct arena arena;
    struct adapted adapted;
    struct our_field *fields;
    size_t count;
    json_auto_t *map = map_text != NULL ? body_of(map_text) : NULL;
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    read_with(adapter, body, &arena, &adapted);
    assert_int_equal(
        answers_resolve(catalog, map, adapted.answers, adapted.count, &arena, &fields, &count), OK);
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 64 * 1024);
    render(fields, count, &text);
    assert_string_equal(text.data != NULL ? text.data : "", expected);
    for (size_t i = 0; i < count; i++)
        assert_true(slug_is_valid(fields[i].name));
    arena_done(&arena);
}

static void assert_sample(const char *adapter, const char *sample, const char *map,
                          const char *expected)
{
    json_auto_t *body = sample_load(sample);
    assert_fields(adapter, body, map, expected);
}

static void assert_flat(const char *body_text, const char *map, const char *expected)
{
    json_auto_t *body = body_of(body_text);
    assert_fields("contactform7", body, map, expected);
}

/* ---- without a map ---- */

static void test_typeform(void **state)
{
    (void)state;
    assert_sample("typeform", "typeform_all_types", /* map= */ NULL,
                  "email=zoe@exemple.fr\nphone=+33612345678\n"
                  "first_name=Zoé\nlast_name=Lemoine\n"
                  "company_size=250\ncountry=FR\nwebsite=https://www.exemple.fr\n"
                  "utm_source=newsletter\nutm_medium=email\n"
                  "avez_vous_deja_un_prestataire=false\n"
                  "topics=Coûts, Sécurité, Écologie\ndebut_du_projet=2027-01-15\n"
                  "brief=https://api.typeform.com/responses/files/1/cdc.pdf\nfee=1\n"
                  "signature=https://api.typeform.com/responses/files/1/sig.png\n"
                  "video=Bonjour à tous\n"
                  "newsletter_ok=J'accepte de recevoir vos e-mails\n"
                  "priorities=Prix, Délai, Qualité\ncrm_id=C-1042\n");
    assert_sample("typeform", "typeform_groups", /* map= */ NULL,
                  "email=jane@example.com\nfirst_name=Jane\nlast_name=van Doe\n"
                  "company=Example & Sons\ncity=Lyon\n"
                  "etes_vous_satisfait_prix=Oui\netes_vous_satisfait_service=Parfois\n");
}

/* Of several addresses and numbers the visitor's own, whatever comes first. */
static void test_whose_address_it_is(void **state)
{
    (void)state;
    assert_sample("typeform", "typeform_colleague", /* map= */ NULL,
                  "phone=+33612345678\nemail=zoe@exemple.fr\nfirst_name=Zoé\ncompany=Exemple\n"
                  "whom_of_your_colleagues_shall_we_invite=colleague@exemple.fr\n"
                  "a_fax_if_you_have_one=+33100000000\n");
}

static void test_tally(void **state)
{
    (void)state;
    assert_sample("tally", "tally_all_types", /* map= */ NULL,
                  "email=marie@exemple.fr\nphone=+33145678901\ncompany=Exemple Industrie\n"
                  "company_size=50~Entre 50 et 249\nutm_campaign=cloud-2026\n"
                  "first_name=Marie-Claire\nlast_name=DURAND\n"
                  "sujets=Cloud, Sécurité\nnewsletter=Oui, tenez-moi au courant\n"
                  "satisfaction=Prix: Mauvais; Service: Bon, Mauvais\nvos_priorites=Délai, Prix\n"
                  "cahier_des_charges=https://storage.tally.so/cdc.pdf, "
                  "https://storage.tally.so/b.pdf\n"
                  "note=4\ninteret=7.5\nsource=Other: un ami\nquestion_ab5=Sans titre\n"
                  "field_email=prefilled@exemple.fr\n");
}

static void test_webflow(void **state)
{
    (void)state;
    assert_sample("webflow", "webflow", /* map= */ NULL,
                  "first_name=Zoé\nlast_name=Lemoine\nemail=zoe@exemple.fr\nphone=33612345678\n"
                  "company=Exemple\nutm_source=google\nmessage=Bonjour\nnewsletter=true\n");
    assert_sample("webflow", "webflow_v1", /* map= */ NULL,
                  "email=zoe@exemple.fr\nfirst_name=Zoé\nlast_name=Lemoine\n");
    assert_sample("webflow", "webflow_v1_envelope", /* map= */ NULL,
                  "page_url=https://www.exemple.fr/contact?utm_source=bing\n"
                  "email=zoe@exemple.fr\nfirst_name=Zoé\nlast_name=Lemoine\n");
}

static void test_wordpress(void **state)
{
    (void)state;
    assert_sample("gravityforms", "gravityforms_entry", /* map= */ NULL,
                  "first_name=Zoé\nlast_name=Lemoine\n"
                  "page_url=https://www.exemple.fr/contact/?utm_source=google&utm_medium=cpc\n"
                  "email=zoe@exemple.fr\nfield_3=Exemple "
                  "Industrie\nfield_4_1=Cloud\n"
                  "field_4_3=Sécurité\nfield_5_1=1\nfield_5_2=J'accepte de recevoir vos e-mails\n"
                  "field_5_3=2\nfield_6=Bonjour,\nmerci\n");
    assert_sample("gravityforms", "gravityforms_lists", /* map= */ NULL,
                  "first_name=Léa\nlast_name=Martin\npage_url=https://www.exemple.fr/contact/\n"
                  "email=lea@exemple.fr\nfield_3_3=Cloud\nfield_3_6=IA\n"
                  "field_4=Cloud, Sécurité\nfield_5=Nom: Paul; Rang: 2\nfield_6=Prix, Délai\n"
                  "field_9=a:2:{not PHP\nfield_10=[not JSON\nfield_11_3=Paul\n"
                  "field_11_6=Durand\n");
    assert_sample("fluentforms", "fluentforms_row", /* map= */ NULL,
                  "page_url=https://www.exemple.fr/contact/\nfirst_name=Noé\nlast_name=Petit\n"
                  "email=noe@exemple.fr\nrepeater=a, b, c, d\n");
    assert_sample("fluentforms", "fluentforms", /* map= */ NULL,
                  "page_url=https://www.exemple.fr/contact/\n"
                  "first_name=Zoé\nlast_name=Lemoine\nemail=zoe@exemple.fr\n"
                  "phone=+33 6 12 34 56 78\ncity=Paris\ncountry=FR\n"
                  "address_1_address_line_1=1 rue de la Paix\naddress_1_zip=75002\n"
                  "input_text=Exemple Industrie\ncheckbox=Cloud, Sécurité\n"
                  "file_upload=https://www.exemple.fr/wp-content/uploads/ff/cdc.pdf\n"
                  "gdpr_agreement=on\nmessage=Bonjour\n");
    assert_sample("contactform7", "contactform7", /* map= */ NULL,
                  "page_url=https://www.exemple.fr/devis/\nemail=elodie@exemple.fr\n"
                  "utm_medium=cpc\nfirst_name=Élodie\nlast_name=Ñandú\n"
                  "your_subject=Demande de devis\n"
                  "your_message=Bonjour,\nligne 2 avec \"guillemets\" & <balises>\n"
                  "checkbox_42=Cloud, IA\n"
                  "file_7=https://www.exemple.fr/wp-content/uploads/cdc.pdf\nacceptance_1=1\n");
}

static void test_hubspot(void **state)
{
    (void)state;
    assert_sample("hubspot", "hubspot", /* map= */ NULL,
                  "page_url=https://www.exemple.fr/devis?utm_source=google&utm_medium=cpc\n"
                  "consent_data_processing=true\nconsent_marketing_email=true\n"
                  "consent_marketing_email=false\n"
                  "email=zoe@exemple.fr\nfirst_name=Zoé\nlast_name=Lemoine\n"
                  "company=Exemple Industrie\nwebsite=exemple.fr\njob_title=VP IT\n"
                  "company_size=1000~1,000+\ncountry=FR\nbudget_range=10k;20k\n");
}

/* ---- with a map ---- */

static void test_a_map_wins(void **state)
{
    (void)state;
    assert_sample("gravityforms", "gravityforms_entry",
                  "{\"1.3\": \"first_name\", \"1.6\": \"last_name\", \"3\": \"company\", \"5.1\": "
                  "\"consent_marketing_email\", \"6\": \"message\", \"ip\": \"visitor_ip\"}",
                  "visitor_ip=203.0.113.7\nfirst_name=Zoé\nlast_name=Lemoine\n"
                  "company=Exemple Industrie\nconsent_marketing_email=1\nmessage=Bonjour,\nmerci\n"
                  "page_url=https://www.exemple.fr/contact/?utm_source=google&utm_medium=cpc\n"
                  "email=zoe@exemple.fr\nfield_4_1=Cloud\nfield_4_3=Sécurité\n"
                  "field_5_2=J'accepte de recevoir vos e-mails\nfield_5_3=2\n");
    assert_sample("hubspot", "hubspot",
                  "{\"subscription_1000\": \"consent_sms\", \"firstname\": \"last_name\", "
                  "\"lastname\": \"first_name\"}",
                  "last_name=Zoé\nfirst_name=Lemoine\nconsent_sms=false\n"
                  "page_url=https://www.exemple.fr/devis?utm_source=google&utm_medium=cpc\n"
                  "consent_data_processing=true\nconsent_marketing_email=true\n"
                  "email=zoe@exemple.fr\n"
                  "company=Exemple Industrie\nwebsite=exemple.fr\njob_title=VP IT\n"
                  "company_size=1000~1,000+\ncountry=FR\nbudget_range=10k;20k\n");
}

/* By reference, id, title; the title also without its accents, markup and punctuation. */
static void test_any_name_will_do(void **state)
{
    (void)state;
    static const char *const names[] = {"0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3b04", "g1d", "Company",
                                        "company ?", "COMPANY"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char map[128];
        snprintf(map, sizeof map, "{\"%s\": \"employer\"}", names[i]);
        assert_sample("typeform", "typeform_groups", map,
                      "employer=Example & Sons\nemail=jane@example.com\nfirst_name=Jane\n"
                      "last_name=van Doe\ncity=Lyon\netes_vous_satisfait_prix=Oui\n"
                      "etes_vous_satisfait_service=Parfois\n");
    }
}

/* A ticked box says yes whatever stands beside it; a choice says what it says. */
static void test_boxes_as_consents(void **state)
{
    (void)state;
    json_auto_t *body = body_of(
        "{\"data\": {\"fields\": [{\"key\": \"a\", \"label\": \"A\", \"type\": \"CHECKBOXES\", "
        "\"value\": [\"1\"], \"options\": [{\"id\": \"1\", \"text\": \"J'accepte\"}]}, {\"key\": "
        "\"b\", \"label\": \"B\", \"type\": \"CHECKBOXES\", \"value\": [\"2\"], \"options\": "
        "[{\"id\": \"1\", \"text\": \"Oui\"}, {\"id\": \"2\", \"text\": \"Non merci\"}]}]}}");
    assert_fields("tally", body, "{\"A\": \"consent_a\", \"B\": \"consent_b\"}",
                  "consent_a=true\nconsent_b=Non merci\n");
}

/* ---- one by one ---- */

static void test_where_the_email_is(void **state)
{
    (void)state;
    /* By its name, though another value is one, too. */
    assert_flat("{\"boss\": \"boss@example.com\", \"your-email\": \"me@example.com\"}", NULL,
                "email=me@example.com\nboss=boss@example.com\n");
    /* By its value, the first one. */
    assert_flat("{\"a\": \"x @ y\", \"b\": \"me@example.com\", \"c\": \"you@example.com\"}", NULL,
                "email=me@example.com\na=x @ y\nc=you@example.com\n");
    /* Details are not searched. */
    assert_flat("{\"_from\": \"wordpress@example.com\", \"b\": \"1\"}", NULL, "b=1\n");
    /* A map may say otherwise. */
    assert_flat("{\"a\": \"a@example.com\", \"email\": \"b@example.com\"}", "{\"a\": \"email\"}",
                "email=a@example.com\nfield_email=b@example.com\n");
}

static void test_names_of_people(void **state)
{
    (void)state;
    assert_flat("{\"Prénom\": \"Zoé\", \"Nom\": \"Lemoine\"}", NULL,
                "first_name=Zoé\nlast_name=Lemoine\n");
    assert_flat("{\"Nom\": \"Lemoine\"}", NULL, "last_name=Lemoine\n");
    assert_flat("{\"Name\": \"Zoé\"}", NULL, "first_name=Zoé\n");
    assert_flat("{\"first_name\": \"Zoé\", \"last_name\": \"L\", \"name\": \"Zoé L\"}", NULL,
                "first_name=Zoé\nlast_name=L\nname=Zoé L\n");
    assert_flat("{\"first_name\": \"Zoé\", \"full name\": \"Zoé L\"}", NULL,
                "first_name=Zoé\nfull_name=Zoé L\n");
    assert_flat("{\"name\": \"Zoé L\"}", "{\"name\": \"last_name\"}", "last_name=Zoé L\n");
}

static void test_attributes_by_their_labels(void **state)
{
    (void)state;
    assert_flat("{\"Votre budget prévu ?\": \"5000\"}", NULL, "budget=5000\n");
    assert_flat("{\"planned-budget\": \"5000\"}", NULL, "budget=5000\n");
    assert_flat("{\"Budget\": \"5000\"}", NULL, "budget=5000\n");
}

static void test_own_attributes(void **state)
{
    (void)state;
    /* Names with a meaning are not taken by chance. */
    assert_flat("{\"ID\": \"7\", \"occurred_at\": \"x\", \"seniority\": \"s\", \"Consent to X\": "
                "\"y\"}",
                NULL, "field_id=7\nfield_occurred_at=x\nfield_seniority=s\nfield_consent_to_x=y\n");
    /* … but one that was called so on purpose is. */
    assert_flat("{\"consent_newsletter\": \"on\"}", NULL, "consent_newsletter=on\n");
    /* The same name twice. */
    assert_flat("{\"Précisez\": \"a\", \"precisez :\": \"b\", \"PRECISEZ\": \"c\"}", NULL,
                "precisez=a\nprecisez_2=b\nprecisez_3=c\n");
    /* No letter that we know. */
    assert_flat("{\"日本\": \"a\", \"質問\": \"b\"}", NULL, "field_1=a\nfield_2=b\n");
    /* As long as can be. */
    assert_flat("{\"On a scale of 1 to 5, what rating would you give the weather in Sydney? 1 is "
                "poor\": \"5\"}",
                NULL, "on_a_scale_of_1_to_5_what_rating_would_you_give_the_weather_in=5\n");
    assert_flat("{\"consent_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx Y\": "
                "\"5\"}",
                NULL, "consent=5\n");
    /* Earlier answers in a title. */
    assert_flat("{\"Thanks, {{field:abc}}! Why? {{\": \"5\"}", NULL, "thanks_why=5\n");
}

static void test_ranges(void **state)
{
    (void)state;
    assert_flat("{\"company_size\": \"Moins de 10\"}", NULL, "company_size=Moins de 10\n");
    assert_flat("{\"company_size\": \" 12 \"}", NULL, "company_size= 12 \n");
    assert_flat("{\"Effectif\": \"11-50\"}", NULL, "company_size=11~11-50\n");
    assert_flat("{\"taille\": \"11-50\"}", "{\"taille\": \"company_size\"}",
                "company_size=11~11-50\n");
}

static void test_nothing(void **state)
{
    (void)state;
    assert_flat("{}", NULL, "");
    assert_flat("{\"a\": \"\", \"b\": \" \", \"c\": null, \"d\": []}", "{}", "");
}

static struct adapted failing;
static struct arena failing_arena;
static json_t *failing_map;

static bool run_resolve(void *context)
{
    (void)context;
    struct arena arena;
    struct our_field *fields;
    size_t count;
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    const enum err_code code = answers_resolve(catalog, failing_map, failing.answers, failing.count,
                                               &arena, &fields, &count);
    arena_done(&arena);
    assert_true(code == OK || code == ERR_NOMEM);
    return code == OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    static const char *const samples[][2] = {
        {"typeform",     "typeform_all_types"},
        {"tally",        "tally_all_types"   },
        {"gravityforms", "gravityforms_entry"}
    };
    failing_map = body_of("{\"1.3\": \"first_name\"}");
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        json_auto_t *body = sample_load(samples[i][1]);
        arena_init(&failing_arena, ADAPTER_ARENA_BYTES);
        read_with(samples[i][0], body, &failing_arena, &failing);
        assert_true(testing_fail_each_allocation(run_resolve, NULL) > 0);
        arena_done(&failing_arena);
    }
    json_decref(failing_map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typeform),
        cmocka_unit_test(test_whose_address_it_is),
        cmocka_unit_test(test_tally),
        cmocka_unit_test(test_webflow),
        cmocka_unit_test(test_wordpress),
        cmocka_unit_test(test_hubspot),
        cmocka_unit_test(test_a_map_wins),
        cmocka_unit_test(test_any_name_will_do),
        cmocka_unit_test(test_boxes_as_consents),
        cmocka_unit_test(test_where_the_email_is),
        cmocka_unit_test(test_names_of_people),
        cmocka_unit_test(test_attributes_by_their_labels),
        cmocka_unit_test(test_own_attributes),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
