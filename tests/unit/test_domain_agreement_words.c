/*
 * Proves: every metric, bound, period and delay has its sentence in both languages, with the
 * languages' own numbers, plurals and spaces. The texts are what people sign, so they stand here in
 * full. "_" stands for a no-break space, "~" for a narrow one.
 */
#include "test_domain_catalog_support.h"

#include "domain/agreement_words.h"
#include "domain/commitment.h"

static struct catalog *catalog;
static struct default_rows rows;

static int set_up(void **state)
{
    (void)state;
    default_rows_init(&rows);
    catalog = build_catalog(&rows);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    catalog_unref(catalog);
    default_rows_done(&rows);
    return 0;
}

/* With the spaces as they can be seen. */
static void assert_says(const struct buf *said, const char *expected)
{
    struct buf seen;
    buf_init(&seen, 1 << 16);
    for (size_t i = 0; i < said->len; i++) {
        if (i + 1 < said->len && memcmp(said->data + i, "\u00a0", 2) == 0) {
            buf_append_char(&seen, '_');
            i += 1;
        } else if (i + 2 < said->len && memcmp(said->data + i, "\u202f", 3) == 0) {
            buf_append_char(&seen, '~');
            i += 2;
        } else {
            buf_append_char(&seen, said->data[i]);
        }
    }
    assert_string_equal(buf_str(&seen).data, expected);
    buf_done(&seen);
}

static void assert_commitment(const char *body, const char *fr, const char *en)
{
    json_t *commitment = json_from(body);
    const char *const expected[] = {fr, en};
    for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        words_commitment(&out, commitment, STR_LITERAL("EUR"), catalog, (enum language)language);
        assert_says(&out, expected[language]);
        buf_done(&out);
    }
    json_decref(commitment);
}

#define PROMISE(team, metric, bound, every)                                                        \
    "{\"team\":\"" team "\",\"metric\":\"" metric "\"," bound ",\"period\":{\"every\":\"" every    \
    "\",\"starts\":null}}"

static void test_every_metric_has_its_sentence(void **state)
{
    (void)state;
    assert_commitment(PROMISE("marketing", "leads_captured", "\"at_least\":1200", "month"),
                      "Le marketing s’engage à capter au moins 1~200 leads chaque mois.",
                      "Marketing promises to capture at least 1,200 leads every month.");
    assert_commitment(
        PROMISE("marketing", "leads_delivered", "\"at_least\":50", "week"),
        "Le marketing s’engage à remettre aux ventes au moins 50 leads qualifiés (MQL) chaque "
        "semaine.",
        "Marketing promises to hand at least 50 qualified leads (MQLs) to sales every week.");
    assert_commitment(PROMISE("marketing", "fit_share", "\"at_least\":0.6", "week"),
                      "Le marketing s’engage à veiller à ce qu’au moins 60_% des MQL remis aux "
                      "ventes correspondent au "
                      "profil visé chaque semaine.",
                      "Marketing promises to see to it that at least 60% of the MQLs handed to "
                      "sales fit the target "
                      "profile every week.");
    assert_commitment(PROMISE("marketing", "data_quality", "\"at_least\":0.955", "month"),
                      "Le marketing s’engage à veiller à ce qu’au moins 95,5_% des MQL remis aux "
                      "ventes soient bien "
                      "renseignés chaque mois.",
                      "Marketing promises to see to it that at least 95.5% of the MQLs handed to "
                      "sales come with complete and correct data every month.");
    assert_commitment(
        PROMISE("both", "mql_to_sql_rate", "\"at_least\":0.42", "quarter"),
        "Le marketing et les ventes s’engagent ensemble à transformer au moins 42_% des "
        "MQL en SQL chaque trimestre.",
        "Marketing and sales promise together to turn at least 42% of MQLs into SQLs "
        "every quarter.");
    assert_commitment(
        PROMISE("sales", "contacted_in_time_rate", "\"at_least\":0.9", "week"),
        "Les ventes s’engagent à prendre contact dans les délais avec au moins 90_% des MQL chaque "
        "semaine.",
        "Sales promises to contact at least 90% of MQLs in time every week.");
    assert_commitment(
        PROMISE("sales", "verdict_in_time_rate", "\"at_least\":1", "week"),
        "Les ventes s’engagent à qualifier, recycler ou rejeter dans les délais au moins 100_% des "
        "MQL "
        "chaque semaine.",
        "Sales promises to qualify, recycle or reject at least 100% of MQLs in time every week.");
    assert_commitment(
        PROMISE("sales", "attempts_per_lead", "\"at_least\":5", "month"),
        "Les ventes s’engagent à faire en moyenne au moins 5 tentatives de contact par MQL chaque "
        "mois.",
        "Sales promises to make at least 5 attempts to reach each MQL on average every month.");
    assert_commitment(
        PROMISE("sales", "acceptance_rate", "\"at_least\":0.8", "month"),
        "Les ventes s’engagent à faire en sorte qu’au moins 80_% des MQL soient acceptés par les "
        "ventes "
        "chaque mois.",
        "Sales promises to see to it that at least 80% of MQLs are accepted by sales every month.");
    assert_commitment(
        PROMISE("both", "conversion_rate", "\"at_least\":0.05", "quarter"),
        "Le marketing et les ventes s’engagent ensemble à convertir en clients au moins "
        "5_% des leads chaque trimestre.",
        "Marketing and sales promise together to turn at least 5% of leads into "
        "customers every quarter.");
    assert_commitment(
        PROMISE("both", "revenue", "\"at_least\":120000000", "quarter"),
        "Le marketing et les ventes s’engagent ensemble à réaliser au moins "
        "1~200~000_€ de chiffre d’affaires chaque trimestre.",
        "Marketing and sales promise together to bring in at least €1,200,000 of revenue "
        "every quarter.");
    assert_commitment(
        PROMISE("sales", "average_deal", "\"at_least\":1500050", "month"),
        "Les ventes s’engagent à conclure des affaires d’au moins 15~000,50_€ en moyenne "
        "chaque mois.",
        "Sales promises to close deals worth at least €15,000.50 on average every month.");
    assert_commitment(
        PROMISE("marketing", "cost_per_customer", "\"at_most\":90000", "month"),
        "Le marketing s’engage à dépenser au plus 900_€ par nouveau client chaque mois.",
        "Marketing promises to spend at most €900 for each new customer every month.");
    assert_commitment(PROMISE("marketing", "cost_per_lead", "\"at_most\":4500", "month"),
                      "Le marketing s’engage à dépenser au plus 45_€ par lead chaque mois.",
                      "Marketing promises to spend at most €45 for each lead every month.");
}

static void test_bounds_plurals_and_details(void **state)
{
    (void)state;
    assert_commitment(
        PROMISE("marketing", "leads_delivered", "\"at_least\":1", "day"),
        "Le marketing s’engage à remettre aux ventes au moins 1 lead qualifié (MQL) chaque "
        "jour.",
        "Marketing promises to hand at least 1 qualified lead (MQL) to sales every day.");
    /* French counts from two, English everything but one. */
    assert_commitment(
        PROMISE("sales", "attempts_per_lead", "\"at_least\":1.5", "month"),
        "Les ventes s’engagent à faire en moyenne au moins 1,5 tentative de contact par "
        "MQL chaque mois.",
        "Sales promises to make at least 1.5 attempts to reach each MQL on average every "
        "month.");
    assert_commitment(PROMISE("marketing", "leads_captured", "\"at_most\":0", "day"),
                      "Le marketing s’engage à capter au plus 0 lead chaque jour.",
                      "Marketing promises to capture at most 0 leads every day.");
    assert_commitment(
        "{\"team\":\"marketing\",\"metric\":\"leads_delivered\",\"at_least\":50,\"at_most\":null,"
        "\"period\":{\"every\":\"week\",\"starts\":\"monday\"},\"capacity\":80,"
        "\"calendar\":\"01936b1e-0000-7000-8000-000000000002\","
        "\"filter\":{\"==\":[{\"var\":\"channel\"},\"event\"]}}",
        "Le marketing s’engage à remettre aux ventes au moins 50 leads qualifiés (MQL) chaque "
        "semaine, à "
        "compter du lundi. Au-delà de 80 par période, les délais des ventes ne comptent pas pour "
        "le "
        "surplus. Calendrier_: «_Heures ouvrées, France_». Condition_: "
        "{\"==\":[{\"var\":\"channel\"},\"event\"]}.",
        "Marketing promises to hand at least 50 qualified leads (MQLs) to sales every week, "
        "starting on "
        "Monday. Beyond 80 in a period, sales’ delays do not count for the surplus. Calendar: "
        "“Heures "
        "ouvrées, France”. Condition: {\"==\":[{\"var\":\"channel\"},\"event\"]}.");
    /* What a newer release promises still makes a sentence. */
    assert_commitment(PROMISE("both", "happiness", "\"at_least\":7", "month"),
                      "Le marketing et les ventes s’engagent ensemble à atteindre au moins 7 "
                      "(happiness) chaque mois.",
                      "Marketing and sales promise together to reach at least 7 (happiness) every "
                      "month.");
}

/* A sentence for each metric that the set-up knows: none falls back to its bare name in brackets.
 */
static void test_no_metric_is_forgotten(void **state)
{
    (void)state;
    for (size_t i = 0; commitment_metric_names[i] != NULL; i++) {
        char body[256];
        char bare[64];
        (void)snprintf(bare, sizeof bare, "(%s)", commitment_metric_names[i]);
        (void)snprintf(body, sizeof body, PROMISE("both", "%s", "\"at_least\":1", "month"),
                       commitment_metric_names[i]);
        json_t *commitment = json_from(body);
        for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
            struct buf out;
            buf_init(&out, 1 << 16);
            words_commitment(&out, commitment, STR_LITERAL("EUR"), catalog,
                             (enum language)language);
            assert_null(strstr(buf_str(&out).data, bare));
            buf_done(&out);
        }
        json_decref(commitment);
    }
}

static void assert_delay(const char *target, bool has_calendar, const char *fr, const char *en)
{
    json_t *value = json_from(target);
    const char *const expected[] = {fr, en};
    for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
        struct buf out;
        buf_init(&out, 4096);
        words_delay(&out, value, has_calendar, (enum language)language);
        assert_says(&out, expected[language]);
        buf_done(&out);
    }
    json_decref(value);
}

static void test_delays(void **state)
{
    (void)state;
    assert_delay("\"PT24H\"", false, "dans les 24_h", "within 24_h");
    assert_delay("\"P1D\"", false, "dans les 24_h", "within 24_h");
    assert_delay("\"P3D\"", false, "dans les 3_jours", "within 3_days");
    assert_delay("\"P2W\"", false, "dans les 14_jours", "within 14_days");
    assert_delay("\"PT45M\"", false, "dans les 45_min", "within 45_min");
    assert_delay("\"PT90M\"", false, "dans les 1_h_30_min", "within 1_h_30_min");
    assert_delay("\"PT20S\"", false, "dans les 20_s", "within 20_s");
    assert_delay("\"PT4H\"", true, "dans les 4_h d’heures ouvrées", "within 4_h of working hours");
    assert_delay("\"P1D\"", true, "au plus tard le jour ouvré suivant à la même heure",
                 "by the same time on the next working day");
    assert_delay("\"P2D\"", true, "au plus tard 2_jours ouvrés après, à la même heure",
                 "by the same time 2_working days later");
    assert_delay("{\"weekday\":\"wednesday\",\"time\":\"18:00\"}", false, "avant mercredi_18_h",
                 "before Wednesday_18:00");
    assert_delay("{\"weekday\":\"friday\",\"time\":\"09:30\",\"at_least\":\"PT24H\"}", false,
                 "avant vendredi_9_h_30 (s’il reste au moins 24_h), sinon la semaine suivante",
                 "before Friday_09:30 (if at least 24_h remain), else the week after");
    assert_delay("\"P1Y\"", false, "dans le délai convenu", "within the agreed time");
}

static void test_policies(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *said[LANGUAGE_COUNT_];
    } cases[] = {
        {"{\"kind\":\"first_contact\",\"starts\":\"mql\",\"target\":\"PT24H\",\"calendar\":null,"
         "\"warn_at\":[0.5,0.8]}",                                                                {"Les ventes prennent un premier contact avec chaque MQL dans les 24_h, à compter de sa "
          "remise "
          "aux ventes. Rappels à 50_% et 80_% du délai.",
          "Sales makes a first contact with each MQL within 24_h, counted from its handoff to "
          "sales. "
          "Reminders at 50% and 80% of that time."}                                                                 },
        {"{\"kind\":\"acceptance\",\"starts\":\"mql\",\"target\":\"PT4H\",\"warn_at\":[]}",
         {"Les ventes acceptent ou refusent chaque MQL dans les 4_h, à compter de sa remise aux "
          "ventes.",
          "Sales accepts or refuses each MQL within 4_h, counted from its handoff to sales."}                                                                  },
        {"{\"kind\":\"qualification\",\"starts\":\"mql\",\"target\":{\"weekday\":\"wednesday\","
         "\"time\":\"18:00\"},\"warn_at\":[0.8]}",                                                {"Les ventes qualifient, recyclent ou rejettent chaque MQL avant mercredi_18_h, à compter "
          "de sa "
          "remise aux ventes. Rappel à 80_% du délai.",
          "Sales qualifies, recycles or rejects each MQL before Wednesday_18:00, counted from its "
          "handoff to sales. Reminder at 80% of that time."}                                        },
        {"{\"kind\":\"attempts\",\"starts\":\"accepted\",\"attempts\":5,\"target\":\"P14D\","
         "\"warn_at\":[0.25,0.5,0.75],\"applies_when\":{\"==\":[{\"var\":\"country\"},\"FR\"]}}", {"Les ventes font au moins 5 tentatives pour joindre chaque MQL dans les 14_jours, à "
          "compter de "
          "son acceptation. Rappels à 25_%, 50_% et 75_% du délai. Condition_: "
          "{\"==\":[{\"var\":\"country\"},\"FR\"]}.",
          "Sales makes at least 5 attempts to reach each MQL within 14_days, counted from its "
          "acceptance. Reminders at 25%, 50% and 75% of that time. Condition: "
          "{\"==\":[{\"var\":\"country\"},\"FR\"]}."}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *body = json_from(cases[i].body);
        for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
            struct buf out;
            buf_init(&out, 1 << 16);
            words_policy(&out, body, catalog, (enum language)language);
            assert_says(&out, cases[i].said[language]);
            buf_done(&out);
        }
        json_decref(body);
    }
}

static void test_numbers_and_dates(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *said[LANGUAGE_COUNT_];
    } numbers[] = {
        {0,          {"0", "0"}                      },
        {999,        {"999", "999"}                  },
        {1000,       {"1~000", "1,000"}              },
        {-1234567.5, {"-1~234~567,5", "-1,234,567.5"}},
        {0.05,       {"0,05", "0.05"}                },
        {10.10,      {"10,1", "10.1"}                },
    };
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
            buf_clear(&out);
            words_number(&out, numbers[i].value, (enum language)language);
            assert_says(&out, numbers[i].said[language]);
        }
    }
    int32_t days;
    assert_true(date_parse(STR_LITERAL("2026-12-01"), &days));
    buf_clear(&out);
    words_date(&out, days, LANGUAGE_FR);
    assert_says(&out, "1er_décembre_2026");
    buf_clear(&out);
    words_date(&out, days + 20, LANGUAGE_EN);
    assert_says(&out, "21_December_2026");
    buf_clear(&out);
    words_money(&out, 1200, STR_LITERAL("JPY"), LANGUAGE_FR);
    assert_says(&out, "1~200_JPY");
    buf_clear(&out);
    words_money(&out, 120000, STR_LITERAL("CHF"), LANGUAGE_EN);
    assert_says(&out, "CHF_1,200");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_metric_has_its_sentence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounds_plurals_and_details, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_metric_is_forgotten, set_up, tear_down),
        cmocka_unit_test(test_delays),
        cmocka_unit_test_setup_teardown(test_policies, set_up, tear_down),
        cmocka_unit_test(test_numbers_and_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
