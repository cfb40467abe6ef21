/*
 * Proves: each tool's webhook is read into answers with all names the form's map may use, the
 * tool's own id and time; values of every type become text by the documented rules; variants and
 * other events are told apart; what is not the tool's is refused with a sentence; limits hold; a
 * failing allocation is ERR_NOMEM.
 */
#include "test_adapter_support.h"

static const char *const kind_names[] = {"", " (email)", " (phone)", " (detail)"};

/* "name|name|name = value (kind) [ticked] ->ours", a line each. */
static void render(const struct adapted *adapted, struct buf *out)
{
    for (size_t i = 0; i < adapted->count; i++) {
        const struct answer *answer = &adapted->answers[i];
        for (size_t j = 0; j < ANSWER_NAMES_MAX && answer->names[j].data != NULL; j++)
            buf_printf(out, "%s%.*s", j > 0 ? "|" : "", STR_ARGS(answer->names[j]));
        buf_printf(out, " = %.*s%s%s", STR_ARGS(answer->value), kind_names[answer->kind],
                   answer->is_ticked ? " [ticked]" : "");
        if (answer->ours != NULL)
            buf_printf(out, " -> %s", answer->ours);
        buf_append_char(out, '\n');
    }
}

static void assert_answers(const char *adapter, const char *sample, const char *expected)
{
    struct arena arena;
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    json_auto_t *body = sample_load(sample);
    struct adapted adapted;
    read_with(adapter, body, &arena, &adapted);
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 64 * 1024);
    render(&adapted, &text);
    assert_string_equal(text.data != NULL ? text.data : "", expected);
    assert_int_equal(adapted.left_out_count, 0);
    arena_done(&arena);
}

static void test_typeform(void **state)
{
    (void)state;
    assert_answers(
        "typeform", "typeform_all_types",
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3a01|f01|Quel est votre *prénom* ? = Zoé\n"
        "01HZX3QW8M6R7C2D4E5F6G7H8J|f02|Et votre nom de famille, {{field:f01}} ? = Lemoine\n"
        "work_email|f03|Où pouvons-nous vous écrire ? = zoe@exemple.fr (email)\n"
        "mobile|f04|Un numéro ? = +33612345678 (phone)\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3a05|f05|Nombre de salariés = 250\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3a06|f06|Avez-vous déjà un prestataire ? = false\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3a07|f07|Votre pays = FR\n"
        "topics|f08|Quels sujets ? = Coûts, Sécurité, Écologie\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3a09|f09|Début du projet = 2027-01-15\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3a10|f10|Site web de l'entreprise = "
        "https://www.exemple.fr\n"
        "brief|f11|Votre cahier des charges = "
        "https://api.typeform.com/responses/files/1/cdc.pdf\n"
        "fee|f12|Participation = 1\n"
        "signature|f13|Signez ici = https://api.typeform.com/responses/files/1/sig.png\n"
        "video|f14|Racontez = Bonjour à tous\n"
        "newsletter_ok|f15|Restons en contact = J'accepte de recevoir vos e-mails [ticked]\n"
        "priorities|f16|Vos priorités = Prix, Délai, Qualité\n"
        "utm_source = newsletter\n"
        "utm_medium = email\n"
        "crm_id = C-1042\n"
        "score = 4 (detail)\n"
        "segment = eti (detail)\n");
}

static void test_typeform_groups(void **state)
{
    (void)state;
    assert_answers(
        "typeform", "typeform_groups",
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3b01|g1a|First name|first_name = Jane\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3b02|g1b|Last name|last_name = van Doe\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3b03|g1c|Email|email = jane@example.com (email)\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3b04|g1d|Company|company = Example & Sons\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3b05|g2a|Prix = Oui\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3b06|g2b|Service = Parfois\n"
        "0c7b0c7e-6a39-4a0b-8f5e-0d6a6f0f3b07|g3a|Ville = Lyon\n");
}

static void test_tally(void **state)
{
    (void)state;
    assert_answers("tally", "tally_all_types",
                   "question_aA1|Nom complet = DURAND Marie-Claire\n"
                   "question_aA2|Adresse e-mail professionnelle = marie@exemple.fr (email)\n"
                   "question_aA3|Téléphone = +33145678901 (phone)\n"
                   "question_aA4|Société = Exemple Industrie\n"
                   "question_aA5|Effectif = Entre 50 et 249\n"
                   "question_aA6|Sujets = Cloud, Sécurité\n"
                   "question_aA6_s1|Sujets (Cloud) = true (detail)\n"
                   "question_aA6_s2|Sujets (IA) = false (detail)\n"
                   "question_aA6_s3|Sujets (Sécurité) = true (detail)\n"
                   "question_aA7|Newsletter = Oui, tenez-moi au courant [ticked]\n"
                   "question_aA7_n1|Newsletter (Oui, tenez-moi au courant) = true (detail)\n"
                   "question_aA8|Satisfaction = Prix: Mauvais; Service: Bon, Mauvais\n"
                   "question_aA9|Vos priorités = Délai, Prix\n"
                   "question_aB1|Cahier des charges = https://storage.tally.so/cdc.pdf, "
                   "https://storage.tally.so/b.pdf\n"
                   "question_aB2|Note = 4\n"
                   "question_aB3|Intérêt = 7.5\n"
                   "question_aB4|Source = Other: un ami\n"
                   "question_aB5 = Sans titre\n"
                   "question_aB6_1|utm_campaign = cloud-2026\n"
                   "question_aB6_2|email = prefilled@exemple.fr\n"
                   "question_aB7|Score = 42 (detail)\n"
                   "question_aB9|Paiement (Card) = 4242 (detail)\n");
}

static void test_webflow(void **state)
{
    (void)state;
    assert_answers("webflow", "webflow",
                   "First Name = Zoé\nLast Name = Lemoine\nEmail 2 = zoe@exemple.fr\n"
                   "Phone Number = 33612345678\nCompany = Exemple\nMessage = Bonjour\n"
                   "Newsletter = true\nutm_source = google\n"
                   "g-recaptcha-response = 03AFcWeA (detail)\n");
    assert_answers("webflow", "webflow_v1", "name = Zoé Lemoine\nemail = zoe@exemple.fr\n");
}

static void test_gravityforms(void **state)
{
    (void)state;
    assert_answers(
        "gravityforms", "gravityforms_entry",
        "id = 1042 (detail)\nform_id = 7 (detail)\n"
        "date_created = 2026-11-16 09:30:00 (detail)\n"
        "date_updated = 2026-11-16 09:30:00 (detail)\n"
        "is_starred = 0 (detail)\nis_read = 0 (detail)\nip = 203.0.113.7 (detail)\n"
        "source_url = https://www.exemple.fr/contact/?utm_source=google&utm_medium=cpc (detail)\n"
        "user_agent = Mozilla/5.0 (detail)\ncurrency = EUR (detail)\nstatus = active (detail)\n"
        "1.3 = Zoé -> first_name\n1.6 = Lemoine -> last_name\n2 = zoe@exemple.fr\n3 = Exemple "
        "Industrie\n4.1 = Cloud\n"
        "4.3 = Sécurité\n5.1 = 1\n5.2 = J'accepte de recevoir vos e-mails\n5.3 = 2\n"
        "6 = Bonjour,\nmerci\n"
        "gpdf_6048 = https://www.exemple.fr/pdf/1 (detail)\n"
        "source_url = https://www.exemple.fr/contact/?utm_source=google&utm_medium=cpc (detail) -> "
        "page_url\n");
}

static void test_fluentforms(void **state)
{
    (void)state;
    assert_answers(
        "fluentforms", "fluentforms",
        "names.first_name|names[first_name]|first_name = Zoé\n"
        "names.last_name|names[last_name]|last_name = Lemoine\n"
        "email = zoe@exemple.fr\nphone = +33 6 12 34 56 78\n"
        "address_1.address_line_1|address_1[address_line_1]|address_line_1 = 1 rue de la Paix\n"
        "address_1.city|address_1[city]|city = Paris\n"
        "address_1.zip|address_1[zip]|zip = 75002\n"
        "address_1.country|address_1[country]|country = FR\n"
        "input_text = Exemple Industrie\ncheckbox = Cloud, Sécurité\n"
        "file-upload = https://www.exemple.fr/wp-content/uploads/ff/cdc.pdf\n"
        "gdpr-agreement = on\nmessage = Bonjour\n"
        "_wp_http_referer = /contact/ (detail)\n"
        "__fluent_form_embded_post_id = 15 (detail)\n"
        "_fluentform_3_fluentformnonce = aa11 (detail)\n"
        "source_url = https://www.exemple.fr/contact/ (detail) -> page_url\n");
    assert_answers("fluentforms", "fluentforms_entry",
                   "names.first_name|names[first_name]|first_name = Paul\n"
                   "names.last_name|names[last_name]|last_name = Durand\n"
                   "email = paul@exemple.fr\n"
                   "source_url = https://www.exemple.fr/contact/ (detail) -> page_url\n");
}

static void test_contactform7(void **state)
{
    (void)state;
    assert_answers(
        "contactform7", "contactform7",
        "your-name = Élodie Ñandú\nyour-email = elodie@exemple.fr\n"
        "your-subject = Demande de devis\n"
        "your-message = Bonjour,\nligne 2 avec \"guillemets\" & <balises>\n"
        "checkbox-42 = Cloud, IA\nfile-7 = https://www.exemple.fr/wp-content/uploads/cdc.pdf\n"
        "acceptance-1 = 1\nutm_medium = cpc\n_url = https://www.exemple.fr/devis/ (detail)\n"
        "_remote_ip = 203.0.113.7 (detail)\n_wpcf7_recaptcha_response = 03AFcWeA (detail)\n"
        "source_url = https://www.exemple.fr/devis/ (detail) -> page_url\n");
}

static void test_hubspot(void **state)
{
    (void)state;
    assert_answers(
        "hubspot", "hubspot",
        "email = zoe@exemple.fr\nfirstname = Zoé\nlastname = Lemoine\n"
        "company|name = Exemple Industrie\nwebsite|0-2/domain = exemple.fr\njobtitle = VP IT\n"
        "numemployees = 1,000+\ncountry = FR\nbudget_range = 10k;20k\n"
        "pageUri = https://www.exemple.fr/devis?utm_source=google&utm_medium=cpc (detail) -> "
        "page_url\n"
        "consent_to_process = true (detail) -> consent_data_processing\n"
        "subscription_999 = true (detail) -> consent_marketing_email\n"
        "subscription_1000 = false (detail) -> consent_marketing_email\n");
}

/* ---- ids, times, events ---- */

static const struct {
    const char *adapter;
    const char *sample;
    const char *occurred_at; /* NULL: the tool does not say */
} dated[] = {
    {"typeform",     "typeform_all_types",  "2026-11-16T09:30:00.000Z"},
    {"typeform",     "typeform_groups",     "2026-11-16T09:30:00.000Z"},
    {"tally",        "tally_all_types",     "2026-11-16T09:30:00.000Z"},
    {"webflow",      "webflow",             "2026-11-16T09:30:00.117Z"},
    {"webflow",      "webflow_v1",          "2026-11-16T09:30:00.117Z"},
    {"webflow",      "webflow_v1_envelope", "2026-11-16T09:30:00.117Z"},
    {"gravityforms", "gravityforms_lists",  "2026-11-16T09:31:00.000Z"},
    {"fluentforms",  "fluentforms_row",     NULL                      },
    {"gravityforms", "gravityforms_entry",  "2026-11-16T09:30:00.000Z"},
    {"fluentforms",  "fluentforms",         NULL                      },
    {"fluentforms",  "fluentforms_entry",   NULL                      },
    {"contactform7", "contactform7",        NULL                      },
    {"hubspot",      "hubspot",             "2026-11-23T09:30:00.000Z"},
};

static void test_when_it_happened(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(dated); i++) {
        struct arena arena;
        arena_init(&arena, ADAPTER_ARENA_BYTES);
        json_auto_t *body = sample_load(dated[i].sample);
        struct adapted adapted;
        char text[TIME_TEXT_BYTES] = "";
        read_with(dated[i].adapter, body, &arena, &adapted);
        if (dated[i].occurred_at == NULL)
            assert_true(adapted.occurred_at_us == TIME_NONE);
        else
            assert_string_equal(time_format(adapted.occurred_at_us, text), dated[i].occurred_at);
        arena_done(&arena);
    }
}

static struct uuid id_of(const char *adapter, const json_t *body)
{
    struct arena arena;
    struct adapted adapted;
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    read_with(adapter, body, &arena, &adapted);
    arena_done(&arena);
    return adapted.id;
}

static void test_the_same_submission_has_the_same_id(void **state)
{
    (void)state;
    struct uuid ids[ARRAY_LEN(dated)];
    for (size_t i = 0; i < ARRAY_LEN(dated); i++) {
        json_auto_t *body = sample_load(dated[i].sample);
        json_auto_t *again = sample_load(dated[i].sample);
        const bool has_id = strcmp(dated[i].adapter, "contactform7") != 0 &&
                            strcmp(dated[i].adapter, "hubspot") != 0;
        ids[i] = id_of(dated[i].adapter, body);
        assert_int_equal(uuid_is_nil(ids[i]), !has_id);
        /* What the tool says about its own sending does not count. */
        (void)json_object_set_new(again, "event_id", json_string("another"));
        (void)json_object_set_new(again, "eventId", json_string("another"));
        (void)json_object_set_new(again, "createdAt", json_string("2026-11-17T00:00:00Z"));
        assert_true(uuid_eq(ids[i], id_of(dated[i].adapter, again)));
        for (size_t j = 0; j < i && has_id; j++)
            assert_false(uuid_eq(ids[i], ids[j]));
    }
}

static void test_a_uuid_is_its_own_id(void **state)
{
    (void)state;
    json_auto_t *body = sample_load("typeform_groups");
    struct uuid expected;
    assert_true(uuid_parse(STR_LITERAL("3f0c6a52-5d0e-4c5e-9a39-7d9d1a2b3c08"), &expected));
    assert_true(uuid_eq(id_of("typeform", body), expected));
}

/* Entries are numbered anew in every WordPress. */
static void test_an_entry_of_another_site_is_another(void **state)
{
    (void)state;
    static const char *const names[] = {"id", "form_id", "date_created", "source_url"};
    json_auto_t *body = sample_load("gravityforms_entry");
    const struct uuid id = id_of("gravityforms", body);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_auto_t *other = json_copy(body);
        (void)json_object_set_new(other, names[i], json_string("999"));
        assert_false(uuid_eq(id, id_of("gravityforms", other)));
    }
    json_auto_t *chosen = body_of("{\"id\": \"5\", \"email\": \"a@b.fr\"}");
    assert_true(uuid_is_nil(id_of("gravityforms", chosen)));
}

static void test_other_events_are_skipped(void **state)
{
    (void)state;
    static const char *const bodies[][2] = {
        {"typeform", "{\"event_type\": \"form_response_partial\", \"form_response\": {}}"},
        {"tally",    "{\"eventType\": \"FORM_CREATED\", \"data\": {}}"                   },
        {"webflow",  "{\"triggerType\": \"site_publish\", \"payload\": {}}"              },
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct arena arena;
        struct adapted adapted;
        json_auto_t *body = body_of(bodies[i][1]);
        arena_init(&arena, ADAPTER_ARENA_BYTES);
        read_with(bodies[i][0], body, &arena, &adapted);
        assert_non_null(adapted.skipped);
        assert_int_equal(adapted.count, 0);
        arena_done(&arena);
    }
}

static void test_what_is_not_the_tools_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}", "{\"form_response\": 7, \"data\": [], \"payload\": \"x\", \"fields\": {}}",
        "{\"data\": {\"fields\": {}}, \"payload\": {\"data\": 1}}"};
    static const char *const strict[] = {"typeform", "tally", "webflow", "hubspot"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        json_auto_t *body = body_of(bodies[i]);
        for (size_t j = 0; j < ARRAY_LEN(strict); j++) {
            struct arena arena;
            struct adapted adapted;
            struct err err = {.code = OK};
            arena_init(&arena, ADAPTER_ARENA_BYTES);
            if (i == 2 && strcmp(strict[j], "webflow") == 0) {
                arena_done(&arena);
                continue; /* an object called data is what its first version sends */
            }
            assert_int_equal(adapter_read(adapter_named(strict[j]), body, &arena, &adapted, &err),
                             ERR_INVALID);
            assert_non_null(strstr(err.detail, "missing"));
            arena_done(&arena);
        }
    }
}

/* Members of the wrong type are as good as absent. */
static void test_odd_shapes_do_no_harm(void **state)
{
    (void)state;
    static const char *const bodies[][2] = {
        {"typeform",
         "{\"form_response\": {\"token\": 7, \"submitted_at\": 1, \"hidden\": [1], \"variables\": "
         "{}, \"definition\": {\"fields\": [1, {\"id\": 2, \"properties\": {\"fields\": [null]}}]},"
         " \"answers\": [null, 1, \"x\", {}, {\"type\": \"text\"}, {\"type\": \"text\", \"text\": "
         "{\"a\": [1, {\"b\": null}]}, \"field\": 7}, {\"type\": \"choices\", \"choices\": "
         "{\"other\": \"o\"}}, {\"type\": \"payment\", \"payment\": \"x\"}]}}"                   },
        {"tally",
         "{\"data\": {\"submissionId\": [], \"fields\": [null, 1, {}, {\"value\": {}}, {\"type\": "
         "\"MATRIX\", \"value\": [\"x\"]}, {\"type\": \"MATRIX\", \"value\": {\"r\": 1}, \"rows\": "
         "7}, {\"type\": \"CHECKBOXES\", \"value\": [null, 1], \"options\": [1, {\"id\": 1}]}]}}"},
        {"webflow",      "{\"payload\": {\"data\": {\"a\": {\"b\": {\"c\": {\"d\": 1}}}, \"\": 1, "
                    "\"x\": [[[]]]}}}"                                        },
        {"gravityforms", "{\"1\": {\"2\": 3}, \"a\": true}"                                      },
        {"fluentforms",
         "{\"__submission\": 7, \"response\": \"x\", \"names\": {\"a\": {\"b\": {\"c\": 2}}}}"   },
        {"contactform7", "{\"_url\": {}, \"a\": null}"                                           },
        {"hubspot",
         "{\"fields\": [null, 7, {}, {\"name\": \"/\", \"value\": 1}, {\"name\": 5, \"value\": "
         "true}], \"context\": [], \"submittedAt\": \"x\", \"legalConsentOptions\": {\"consent\": "
         "{\"communications\": [1, {\"value\": true}]}}}"                                        },
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct arena arena;
        struct adapted adapted;
        json_auto_t *body = body_of(bodies[i][1]);
        arena_init(&arena, ADAPTER_ARENA_BYTES);
        read_with(bodies[i][0], body, &arena, &adapted);
        for (size_t j = 0; j < adapted.count; j++)
            assert_true(adapted.answers[j].value.len > 0);
        arena_done(&arena);
    }
}

/* ---- limits, memory ---- */

static void test_too_many_answers_are_counted(void **state)
{
    (void)state;
    struct arena arena;
    struct adapted adapted;
    json_auto_t *body = json_object();
    for (int i = 0; i < ANSWERS_MAX + 7; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        (void)json_object_set_new(body, name, json_integer(i));
    }
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    read_with("contactform7", body, &arena, &adapted);
    assert_int_equal(adapted.count, ANSWERS_MAX);
    assert_int_equal(adapted.left_out_count, 7);
    arena_done(&arena);
}

/* A few ids of one long text cannot become a text without end. */
static void test_made_texts_end(void **state)
{
    (void)state;
    struct arena arena;
    struct adapted adapted;
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    json_auto_t *value = json_array();
    for (int i = 0; i < 1000; i++)
        (void)json_array_append_new(value, json_string("o"));
    json_auto_t *body = json_pack("{s{s[{s:s,s:O,s:[{s:s,s:s}]}]}}", "data", "fields", "type",
                                  "MULTI_SELECT", "value", value, "options", "id", "o", "text",
                                  text);
    assert_non_null(body);
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    read_with("tally", body, &arena, &adapted);
    assert_int_equal(adapted.count, 1);
    assert_int_equal(adapted.answers[0].value.len, 8 * 1002 - 2);
    arena_done(&arena);
}

static const char *failing_adapter;
static json_t *failing_body;

static bool run_read(void *context)
{
    (void)context;
    struct arena arena;
    struct adapted adapted;
    struct err err = {.code = OK};
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    const enum err_code code =
        adapter_read(adapter_named(failing_adapter), failing_body, &arena, &adapted, &err);
    arena_done(&arena);
    assert_true(code == OK || code == ERR_NOMEM);
    return code == OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(dated); i++) {
        failing_adapter = dated[i].adapter;
        failing_body = sample_load(dated[i].sample);
        assert_true(testing_fail_each_allocation(run_read, NULL) > 0);
        json_decref(failing_body);
    }
}

/* ---- bodies as forms ---- */

static void assert_tree(const char *body, const char *expected)
{
    struct arena arena;
    struct media_type type;
    struct form_body form;
    struct err err = {.code = OK};
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    assert_int_equal(
        media_type_parse(STR_LITERAL("application/x-www-form-urlencoded"), &arena, &type, &err),
        OK);
    assert_int_equal(form_body_decode(&type, str_from(body), &arena, &form, &err), OK);
    json_auto_t *tree = adapter_form_tree(&form);
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 4096);
    json_serialize(&text, tree);
    assert_string_equal(text.data, expected);
    arena_done(&arena);
}

static void test_forms_as_php_reads_them(void **state)
{
    (void)state;
    assert_tree("a=1&b=2&a=3", "{\"a\":\"3\",\"b\":\"2\"}");
    assert_tree("names[first_name]=Z&names[last_name]=L",
                "{\"names\":{\"first_name\":\"Z\",\"last_name\":\"L\"}}");
    assert_tree("c[]=x&c[]=y&d[e][]=1", "{\"c\":[\"x\",\"y\"],\"d\":{\"e\":[\"1\"]}}");
    assert_tree("a=1&a[b]=2&c[]=1&c[d]=2", "{\"a\":\"1\",\"c\":[\"1\"]}");
    assert_tree("a[b=1&a]b=2&[x]=3&a[b]c=4",
                "{\"a[b\":\"1\",\"a]b\":\"2\",\"[x]\":\"3\",\"a[b]c\":\"4\"}");
    assert_tree("a[1][2][3][4][5][6][7][8][9]=x", "{\"a[1][2][3][4][5][6][7][8][9]\":\"x\"}");
    assert_tree("r[][x]=1&r[][x]=2", "{\"r\":[{\"x\":\"1\"},{\"x\":\"2\"}]}");
    assert_tree("", "{}");
}

/* ---- signatures ---- */

#define SECRET "s3cr3t-of-the-webhook"
#define BODY   "{\"a\":1}"

static enum signature_verdict verdict_of(const char *adapter, const char *signature,
                                         const char *sent_at, int64_t now_us)
{
    struct arena arena;
    enum signature_verdict verdict;
    arena_init(&arena, ADAPTER_ARENA_BYTES);
    const struct signed_request request = {.signature = str_from(signature),
                                           .sent_at = str_from(sent_at),
                                           .body = STR_LITERAL(BODY),
                                           .now_us = now_us};
    assert_int_equal(adapter_check_signature(adapter_named(adapter), STR_LITERAL(SECRET), &request,
                                             &arena, &verdict),
                     OK);
    arena_done(&arena);
    return verdict;
}

/* python3 -c 'import hmac,base64; print(base64.b64encode(hmac.digest(SECRET, BODY, "sha256")))' */
#define BASE64_OF_BODY "ZYJBpBb0L/lPnX2ttIptNg9Ot7vi9d0RKsEd9BlntTg="
#define HEX_OF_BODY                                                                                \
    "6558f0bb42d52bf35ccf5736bf76faa19690a1dcd480d323ac19a3138dfff939" /* of "1795426200000:" BODY \
                                                                        */
#define HEX_IN_SECONDS                                                                             \
    "aaa2de2aea99780d8f2f3d45ab40f4825e9388edd3ce9a153eae77a9cc6309d2" /* of "1795426200:" BODY */

static void test_signatures_of_the_body(void **state)
{
    (void)state;
    assert_int_equal(verdict_of("typeform", "sha256=" BASE64_OF_BODY, NULL, 0), SIGNATURE_VALID);
    assert_int_equal(verdict_of("typeform", BASE64_OF_BODY, NULL, 0), SIGNATURE_WRONG);
    assert_int_equal(verdict_of("typeform", "sha256=AAAA", NULL, 0), SIGNATURE_WRONG);
    assert_int_equal(verdict_of("typeform", "sha256=", NULL, 0), SIGNATURE_WRONG);
    assert_int_equal(verdict_of("typeform", "", NULL, 0), SIGNATURE_MISSING);
    assert_int_equal(verdict_of("typeform", NULL, NULL, 0), SIGNATURE_MISSING);
    assert_int_equal(verdict_of("tally", BASE64_OF_BODY, NULL, 0), SIGNATURE_VALID);
    assert_int_equal(verdict_of("tally", "sha256=" BASE64_OF_BODY, NULL, 0), SIGNATURE_WRONG);
}

static void test_signatures_with_a_time(void **state)
{
    (void)state;
    const int64_t sent_us = INT64_C(1795426200) * US_PER_SECOND;
    const int64_t minute_us = 60 * US_PER_SECOND;
    static const char ms[] = "1795426200000";
    assert_int_equal(verdict_of("webflow", HEX_OF_BODY, ms, sent_us), SIGNATURE_VALID);
    assert_int_equal(verdict_of("webflow", HEX_OF_BODY, ms, sent_us + 5 * minute_us),
                     SIGNATURE_VALID);
    assert_int_equal(verdict_of("webflow", HEX_OF_BODY, ms, sent_us + 5 * minute_us + 1),
                     SIGNATURE_TOO_OLD);
    assert_int_equal(verdict_of("webflow", HEX_OF_BODY, ms, sent_us - 5 * minute_us - 1),
                     SIGNATURE_TOO_OLD);
    assert_int_equal(verdict_of("webflow", HEX_OF_BODY, "1795426200001", sent_us), SIGNATURE_WRONG);
    assert_int_equal(verdict_of("webflow", HEX_IN_SECONDS, "1795426200", sent_us), SIGNATURE_VALID);
    assert_int_equal(verdict_of("webflow", HEX_OF_BODY, NULL, sent_us), SIGNATURE_MISSING);
    assert_int_equal(verdict_of("webflow", NULL, ms, sent_us), SIGNATURE_MISSING);
}

static void test_plain_secrets(void **state)
{
    (void)state;
    static const char *const plugins[] = {"gravityforms", "fluentforms", "contactform7"};
    for (size_t i = 0; i < ARRAY_LEN(plugins); i++) {
        assert_int_equal(verdict_of(plugins[i], SECRET, NULL, 0), SIGNATURE_VALID);
        assert_int_equal(verdict_of(plugins[i], SECRET "x", NULL, 0), SIGNATURE_WRONG);
        assert_int_equal(verdict_of(plugins[i], NULL, NULL, 0), SIGNATURE_MISSING);
    }
}

static void test_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; adapter_names[i] != NULL; i++) {
        assert_string_equal(adapters[i].name, adapter_names[i]);
        assert_ptr_equal(adapter_find(str_from(adapter_names[i])), &adapters[i]);
        assert_int_equal(adapters[i].scheme == SIGNATURE_HEX_WITH_TIME,
                         adapters[i].time_header != NULL);
    }
    assert_null(adapter_find(STR_LITERAL("hubspot")));
    assert_null(adapter_find(STR_LITERAL("Typeform")));
    assert_null(adapter_find((struct str){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typeform),
        cmocka_unit_test(test_typeform_groups),
        cmocka_unit_test(test_tally),
        cmocka_unit_test(test_webflow),
        cmocka_unit_test(test_gravityforms),
        cmocka_unit_test(test_fluentforms),
        cmocka_unit_test(test_contactform7),
        cmocka_unit_test(test_hubspot),
        cmocka_unit_test(test_when_it_happened),
        cmocka_unit_test(test_the_same_submission_has_the_same_id),
        cmocka_unit_test(test_a_uuid_is_its_own_id),
        cmocka_unit_test(test_an_entry_of_another_site_is_another),
        cmocka_unit_test(test_other_events_are_skipped),
        cmocka_unit_test(test_what_is_not_the_tools_is_refused),
        cmocka_unit_test(test_odd_shapes_do_no_harm),
        cmocka_unit_test(test_too_many_answers_are_counted),
        cmocka_unit_test(test_made_texts_end),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_forms_as_php_reads_them),
        cmocka_unit_test(test_signatures_of_the_body),
        cmocka_unit_test(test_signatures_with_a_time),
        cmocka_unit_test(test_plain_secrets),
        cmocka_unit_test(test_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
