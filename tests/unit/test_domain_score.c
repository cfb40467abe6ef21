/*
 * Scoring: the articles' sentences on the default model, the arithmetic of steps, and the
 * properties that everything else relies on (a score is defined by its history, explanations sum,
 * heat does not move).
 */
#include "test_domain_score_support.h"

#include <float.h>
#include <math.h>

#include "domain/logic_value.h"

static const int64_t day_us = US_PER_DAY;

struct world {
    struct model *model;
    struct arena arena;
    struct arena scratch;
};

static void world_init(struct world *world, struct model *model)
{
    world->model = model;
    arena_init(&world->arena, TEST_ARENA_BYTES);
    arena_init(&world->scratch, MODEL_SCRATCH_BYTES);
}

static void world_done(struct world *world)
{
    model_free(world->model);
    arena_done(&world->arena);
    arena_done(&world->scratch);
}

static struct interest interest_of(struct world *world, const struct activity_facts *activities,
                                   size_t count)
{
    struct history_score score;
    assert_int_equal(
        score_recompute(world->model, activities, count, &world->arena, &world->scratch, &score),
        OK);
    return score.interest;
}

static struct fit fit_of(struct world *world, const char *attributes)
{
    json_t *json = test_json(attributes);
    struct logic_value value = logic_json(json);
    struct fit fit;
    assert_int_equal(fit_evaluate(world->model, &value, test_start_us, &world->scratch, &fit), OK);
    json_decref(json);
    return fit;
}

/* "A2 mql" for these attributes and this history, read at `now_us`. */
static const char *verdict(struct world *world, const char *attributes,
                           const struct activity_facts *activities, size_t count, int64_t now_us)
{
    struct fit fit = fit_of(world, attributes);
    struct interest interest = interest_of(world, activities, count);
    bool is_at_once = false;
    for (size_t i = 0; i < count; i++) {
        struct activity_match match;
        assert_int_equal(activity_match(world->model, &activities[i], &world->scratch, &match), OK);
        is_at_once |= match.at_once != MODEL_NO_RULE;
    }
    enum interest_grade grade =
        interest_grade_of(world->model, interest_read(world->model, &interest, now_us));
    char text[GRADE_TEXT_BYTES];
    char *result =
        arena_printf(&world->arena, "%s %s", grade_format(fit.grade, grade, text),
                     decision_name(decision_of(world->model, fit.grade, grade, is_at_once)));
    assert_non_null(result);
    return result;
}

#define VP                                                                                         \
    "{\"company_size\": 5000, \"job_title\": \"VP IT\", \"seniority\": \"vp\", \"country\": "      \
    "\"FR\"}"
#define STUDENT "{\"job_title\": \"Student\", \"seniority\": \"student\", \"country\": \"FR\"}"
#define NOBODY  "{\"seniority\": \"unknown\"}"

static void vp_with_one_consideration_ebook_is_mql(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    const struct activity_facts ebook = test_download(1, test_start_us, "ebook", "consideration");
    assert_string_equal(verdict(&world, VP, &ebook, 1, test_start_us), "A2 mql");

    struct fit fit = fit_of(&world, VP);
    assert_true(fit.points == 70.0);
    assert_true(fit.known == 1.0);
    assert_int_equal(fit.missing_count, 0);
    world_done(&world);
}

static void unknown_with_two_downloads_in_two_weeks_is_reviewed(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    const struct activity_facts downloads[] = {
        test_download(1, test_start_us, "ebook", "awareness"),
        test_download(2, test_start_us + 14 * day_us, "white_paper", NULL),
    };
    assert_string_equal(verdict(&world, NOBODY, downloads, 2, test_start_us + 14 * day_us),
                        "D2 review");
    assert_string_equal(verdict(&world, NOBODY, downloads, 1, test_start_us), "D3 stay");

    /* Missing information is not a misfit: it is asked for, by the names a form has. */
    struct fit fit = fit_of(&world, NOBODY);
    assert_true(fit.known == 0.0);
    assert_int_equal(fit.missing_count, 3);
    assert_true(str_is(fit.missing[0], "company_size"));
    assert_true(str_is(fit.missing[1], "job_title"));
    assert_true(str_is(fit.missing[2], "country"));
    world_done(&world);
}

static void vp_with_only_the_newsletter_is_nurtured(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    const struct activity_facts newsletter = test_activity(1, test_start_us, "subscription");
    assert_string_equal(verdict(&world, VP, &newsletter, 1, test_start_us), "A4 nurture");
    world_done(&world);
}

static void demo_or_buying_guide_is_mql_at_once(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    const struct activity_facts demo = test_activity(1, test_start_us, "demo_request");
    static const char *const offer_kinds[] = {"demo", "buying_guide", "trial", "quote"};
    static const char *const people[] = {VP, STUDENT, NOBODY};
    for (size_t p = 0; p < ARRAY_LEN(people); p++) {
        assert_non_null(strstr(verdict(&world, people[p], &demo, 1, test_start_us), " mql"));
        for (size_t k = 0; k < ARRAY_LEN(offer_kinds); k++) {
            const struct activity_facts asked =
                test_download(1, test_start_us, offer_kinds[k], "decision");
            assert_non_null(strstr(verdict(&world, people[p], &asked, 1, test_start_us), " mql"));
        }
    }
    struct activity_match match;
    assert_int_equal(activity_match(world.model, &demo, &world.scratch, &match), OK);
    assert_int_equal(match.at_once, 0);
    const struct activity_facts guide = test_download(1, test_start_us, "buying_guide", NULL);
    assert_int_equal(activity_match(world.model, &guide, &world.scratch, &match), OK);
    assert_int_equal(match.at_once, 1);
    world_done(&world);
}

static void student_is_never_mql_otherwise(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    struct activity_facts all[60];
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        static const char *const steps[] = {"awareness", "consideration", "decision"};
        all[i] =
            test_download(i, test_start_us + (int64_t)i * US_PER_SECOND, "ebook", steps[i % 3]);
        assert_null(strstr(verdict(&world, STUDENT, all, i + 1, all[i].occurred_at_us), "mql"));
    }
    assert_string_equal(verdict(&world, STUDENT, all, ARRAY_LEN(all), test_start_us), "D1 review");
    /* However large and near the company: −40 + 30 + 10. */
    struct fit fit = fit_of(
        &world, "{\"company_size\": 90000, \"country\": \"FR\", \"seniority\": \"student\"}");
    assert_true(fit.points == 0.0);
    assert_int_equal(fit.grade, FIT_D);
    for (unsigned grade = INTEREST_1; grade <= INTEREST_4; grade++) {
        assert_int_not_equal(
            decision_of(world.model, FIT_D, (enum interest_grade)grade, /* is_at_once= */ false),
            DECISION_MQL);
    }
    world_done(&world);
}

static void white_paper_weighs_more_than_an_article(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    const struct activity_facts paper = test_download(1, test_start_us, "white_paper", "awareness");
    const struct activity_facts article = test_activity(1, test_start_us, "page_view");
    struct interest of_paper = interest_of(&world, &paper, 1);
    struct interest of_article = interest_of(&world, &article, 1);
    assert_true(interest_read(world.model, &of_paper, test_start_us) == 15.0);
    assert_true(interest_read(world.model, &of_article, test_start_us) == 3.0);
    world_done(&world);
}

static void fit_windows_and_errors(void **state)
{
    (void)state;
    struct world world;
    world_init(
        &world,
        test_compile(test_json(
            "{\"name\": \"m\", \"fit\": {\"rules\": ["
            "{\"name\": \"fair\", \"when\": true, \"points\": 5, \"from\": \"2026-11-23\", "
            "\"until\": \"2026-11-25\"},"
            "{\"name\": \"broken\", \"when\": {\"+\": [\"x\"]}, \"points\": 7},"
            "{\"name\": \"mail\", \"when\": {\"!\": [{\"var\": \"free_mail\"}]}, \"points\": 1}],"
            "\"grades\": {\"A\": 6, \"B\": 1, \"C\": -1}},"
            "\"interest\": {\"half_life\": \"P1D\", \"rules\": [], "
            "\"grades\": {\"1\": 3, \"2\": 2, \"3\": 1}}, \"decision\": {\"*\": \"stay\"}}")));
    struct fit fit = fit_of(&world, "{\"free_mail\": false}");
    assert_true(fit.points == 6.0);
    assert_int_equal(fit.grade, FIT_A);
    assert_int_equal(fit.matched, 5);
    assert_int_equal(fit.failed, 2);
    assert_true(fit.known == 1.0);
    fit = fit_of(&world, "{}");
    assert_true(fit.known == 0.0);
    assert_true(str_is(fit.missing[0], "email"));

    int64_t opens_us = INT64_C(1795392000) * US_PER_SECOND;
    assert_int_equal(fit_window_next(world.model, opens_us - 1), opens_us);
    assert_int_equal(fit_window_next(world.model, opens_us), opens_us + 2 * day_us);
    assert_int_equal(fit_window_next(world.model, opens_us + 2 * day_us), TIME_NONE);
    struct logic_value nothing = logic_object(&(struct logic_member){.name = STR_LITERAL("x")}, 1);
    assert_int_equal(fit_evaluate(world.model, &nothing, opens_us - 1, &world.scratch, &fit), OK);
    assert_int_equal(fit.matched & 1, 0);
    assert_int_equal(
        fit_evaluate(world.model, &nothing, opens_us + 2 * day_us, &world.scratch, &fit), OK);
    assert_int_equal(fit.matched & 1, 0);
    world_done(&world);
}

/* Rules that match a kind each; groups and caps as given. */
#define KINDS_MODEL(half_life, rules, rest)                                                        \
    "{\"name\": \"m\", \"fit\": {\"rules\": [], \"grades\": {\"A\": 3, \"B\": 2, \"C\": 1}},"      \
    "\"interest\": {\"half_life\": \"" half_life "\", \"rules\": [" rules "]" rest                 \
    ", \"grades\": {\"1\": 45, \"2\": 25, \"3\": 8}}, \"decision\": {\"*\": \"stay\"}}"
#define KIND_RULE(kind, points, max, rest)                                                         \
    "{\"name\": \"" kind "\", \"when\": {\"==\": [{\"var\": \"kind\"}, \"" kind "\"]}, "           \
    "\"points\": " points ", \"max\": " max rest "}"

static void one_half_life_halves(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    struct activity_facts ebook = test_download(1, test_start_us, NULL, "consideration");
    struct interest interest = interest_of(&world, &ebook, 1);
    assert_int_equal(interest.at_us, test_start_us);
    assert_true(interest_read(world.model, &interest, test_start_us) == 30.0);
    assert_true(interest_read(world.model, &interest, test_start_us + 30 * day_us) == 15.0);
    assert_true(interest_read(world.model, &interest, test_start_us + 60 * day_us) == 7.5);
    /* A reading before the step (an activity may lie minutes ahead) shows no more than the step. */
    assert_true(interest_read(world.model, &interest, test_start_us - day_us) == 30.0);

    struct activity_facts two[] = {ebook, ebook};
    two[1].id = test_id(2);
    two[1].occurred_at_us += 30 * day_us;
    interest = interest_of(&world, two, 2);
    assert_true(interest_sum(&interest) == 45.0);
    world_done(&world);
}

static void a_rule_holds_at_most_its_max_both_ways(void **state)
{
    (void)state;
    struct world world;
    world_init(
        &world,
        test_compile(test_json(KINDS_MODEL(
            "P10D", KIND_RULE("good", "30", "50", "") "," KIND_RULE("bad", "-30", "50", ""), ""))));
    struct activity_facts good[3];
    struct activity_facts bad[3];
    for (size_t i = 0; i < 3; i++) {
        good[i] = test_activity(i, test_start_us + (int64_t)i * US_PER_MS, "good");
        bad[i] = test_activity(i, test_start_us + (int64_t)i * US_PER_MS, "bad");
    }
    struct interest interest = interest_of(&world, good, 3);
    assert_true(interest_sum(&interest) == 50.0);
    interest = interest_of(&world, bad, 3);
    assert_true(interest_sum(&interest) == -50.0);
    assert_true(interest_read(world.model, &interest, test_start_us + day_us) == 0.0);
    assert_true(isnan(interest_heat(world.model, &interest)));
    assert_true(interest_from_heat(world.model, (double)NAN, test_start_us) == 0.0);
    assert_int_equal(interest_cools_at(world.model, &interest, test_start_us), TIME_NONE);
    /* Of one instant, the points are summed before anything is cut. */
    for (size_t i = 0; i < 3; i++)
        good[i].occurred_at_us = test_start_us + (int64_t)i;
    interest = interest_of(&world, good, 3);
    assert_true(interest_sum(&interest) == 50.0);
    assert_int_equal(interest.at_us, test_start_us);
    world_done(&world);
}

static void caps_scale_what_is_positive(void **state)
{
    (void)state;
    struct world world;
    world_init(
        &world,
        test_compile(test_json(KINDS_MODEL(
            "P10D",
            KIND_RULE("a", "30", "99", ", \"group\": \"g\"") "," KIND_RULE(
                "b", "10", "99",
                ", \"group\": \"g\"") "," KIND_RULE("c", "-5", "99",
                                                    ", \"group\": \"g\"") "," KIND_RULE("d", "60",
                                                                                        "99", ""),
            ", \"groups\": {\"g\": {\"max\": 20}}, \"max\": 40"))));
    struct activity_facts all[] = {
        test_activity(1, test_start_us, "a"), test_activity(2, test_start_us, "b"),
        test_activity(3, test_start_us, "c"), test_activity(4, test_start_us, "d")};
    /* The group: a and b share 20 as 15 and 5; c stays. The total: 15 + 5 + 60 → 40, so all halved.
     */
    struct interest interest = interest_of(&world, all, 3);
    assert_true(interest.v[0] == 15.0 && interest.v[1] == 5.0 && interest.v[2] == -5.0);
    interest = interest_of(&world, all, 4);
    assert_true(interest.v[0] == 7.5 && interest.v[1] == 2.5 && interest.v[2] == -5.0 &&
                interest.v[3] == 30.0);
    assert_true(interest_read(world.model, &interest, test_start_us) == 35.0);
    world_done(&world);
}

static void rules_count_within_their_window(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_compile(
                           test_json(KINDS_MODEL("P10D",
                                                 KIND_RULE("a", "30", "99",
                                                           ", \"from\": \"2026-11-23\", \"until\": "
                                                           "\"2026-11-24T01:00:00+01:00\""),
                                                 ""))));
    int64_t from_us = INT64_C(1795392000) * US_PER_SECOND;
    static const struct {
        int64_t after_us;
        bool matches;
    } cases[] = {
        {-1,             false},
        {0,              true },
        {US_PER_DAY - 1, true },
        {US_PER_DAY,     false}
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct activity_facts facts = test_activity(1, from_us + cases[i].after_us, "a");
        struct activity_match match;
        assert_int_equal(activity_match(world.model, &facts, &world.scratch, &match), OK);
        assert_int_equal(match.rules, cases[i].matches);
    }
    world_done(&world);
}

static void rules_see_the_facts_and_their_errors_are_counted(void **state)
{
    (void)state;
    struct world world;
    world_init(
        &world,
        test_compile(test_json(
            "{\"name\": \"m\", \"fit\": {\"rules\": [], \"grades\": {\"A\": 3, \"B\": 2, \"C\": "
            "1}},"
            "\"interest\": {\"half_life\": \"P1D\", \"rules\": ["
            "{\"name\": \"facts\", \"points\": 1, \"max\": 9, \"when\": {\"==\": [{\"cat\": ["
            "{\"var\": \"kind\"}, {\"var\": \"form\"}, {\"var\": \"offer\"}, {\"var\": "
            "\"offer_kind\"}, {\"var\": \"journey_step\"}, {\"var\": \"campaign\"}, {\"var\": "
            "\"channel\"}, {\"var\": \"properties.depth\"}]}, \"abcdefg7\"]}},"
            "{\"name\": \"nulls\", \"points\": 1, \"max\": 9, \"when\": {\"and\": ["
            "{\"===\": [{\"var\": \"form\"}, null]}, {\"===\": [{\"var\": \"properties\"}, "
            "null]}]}},"
            "{\"name\": \"broken\", \"points\": 1, \"max\": 9, \"when\": {\"throw\": \"no\"}},"
            "{\"name\": \"contact\", \"points\": 1, \"max\": 9, \"when\": {\"var\": "
            "\"company_size\"}}"
            "], \"grades\": {\"1\": 3, \"2\": 2, \"3\": 1}}, \"decision\": {\"*\": \"stay\"},"
            "\"mql_at_once\": [{\"+\": [\"x\"]}, {\"==\": [{\"var\": \"kind\"}, \"a\"]}]}")));
    json_t *properties = test_json("{\"depth\": 7}");
    struct activity_facts all[] = {
        test_activity(1, test_start_us, "a"),
        test_activity(2, test_start_us, "b"),
    };
    all[0].form = str_from("b");
    all[0].offer = str_from("c");
    all[0].offer_kind = str_from("d");
    all[0].journey_step = str_from("e");
    all[0].campaign = str_from("f");
    all[0].channel = str_from("g");
    all[0].properties = properties;
    struct activity_match match;
    assert_int_equal(activity_match(world.model, &all[0], &world.scratch, &match), OK);
    assert_int_equal(match.rules, 1);
    assert_int_equal(match.failed, 4);
    assert_int_equal(match.failed_at_once, 1);
    assert_int_equal(match.at_once, 1);
    assert_int_equal(activity_match(world.model, &all[1], &world.scratch, &match), OK);
    assert_int_equal(match.rules, 2);
    assert_int_equal(match.at_once, MODEL_NO_RULE);

    struct history_score score;
    assert_int_equal(score_recompute(world.model, all, 2, &world.arena, &world.scratch, &score),
                     OK);
    assert_int_equal(score.scored, 2);
    assert_int_equal(score.failed, 4);
    assert_int_equal(score.failure_count, 2);
    json_decref(properties);
    world_done(&world);
}

/* ---- properties ---- */

enum { PROPERTY_KINDS = 6, PROPERTY_ACTIVITIES_MAX = 40 };

static const char *const kinds[] = {"k0", "k1", "k2", "k3", "k4", "nothing"};

/* A model whose rules match one kind, or two, with windows, groups and caps now and then. */
static struct model *random_model(struct random *random)
{
    json_t *definition = test_json(KINDS_MODEL("P1D", "", ""));
    json_t *interest = json_object_get(definition, "interest");
    json_t *rules = json_object_get(interest, "rules");
    bool has_groups = random_below(random, 2) == 0;
    char text[32];
    snprintf(text, sizeof text, "PT%dH", 1 + (int)random_below(random, 24 * 90));
    json_object_set_new(interest, "half_life", json_string(text));
    if (has_groups) {
        json_object_set_new(interest, "groups",
                            json_pack("{s{sf}s{si}}", "g", "max", 1.0 + 60.0 * random_unit(random),
                                      "h", "max", 30));
    }
    if (random_below(random, 2) == 0)
        json_object_set_new(interest, "max", json_real(5.0 + 90.0 * random_unit(random)));
    size_t count = random_below(random, 10);
    for (size_t r = 0; r < count; r++) {
        snprintf(text, sizeof text, "rule %zu", r);
        const char *first = kinds[random_below(random, 5)];
        const char *second = kinds[random_below(random, 5)];
        json_t *rule = json_pack(
            "{ss s{s[{ss}[ss]]} sf sf}", "name", text, "when", "in", "var", "kind", first, second,
            "points", -30.0 + 90.0 * random_unit(random), "max", 1.0 + 80.0 * random_unit(random));
        assert_non_null(rule);
        if (has_groups && random_below(random, 2) == 0)
            json_object_set_new(rule, "group", json_string(random_below(random, 2) ? "g" : "h"));
        if (random_below(random, 8) == 0)
            json_object_set_new(rule, "from", json_string("2026-12-10"));
        json_array_append_new(rules, rule);
    }
    return test_compile(definition);
}

/* Times over about 100 days, with many ties in the millisecond and differing ids and microseconds.
 */
static size_t random_history(struct random *random,
                             struct activity_facts activities[static PROPERTY_ACTIVITIES_MAX])
{
    size_t count = random_below(random, PROPERTY_ACTIVITIES_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        int64_t at_us = test_start_us + (int64_t)random_below(random, 8640000) * US_PER_SECOND;
        if (i > 0 && random_below(random, 3) == 0)
            at_us = interest_instant_us(activities[random_below(random, i)].occurred_at_us);
        at_us += (int64_t)random_below(random, 1000);
        activities[i] =
            test_activity(random_u64(random), at_us, kinds[random_below(random, PROPERTY_KINDS)]);
    }
    return count;
}

static void shuffle(struct random *random, struct activity_facts *activities, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = random_below(random, i);
        struct activity_facts swap = activities[i - 1];
        activities[i - 1] = activities[j];
        activities[j] = swap;
    }
}

/* What a caller does with activities as they arrive: a step when later, else the whole history. */
static struct interest interest_by_arrival(struct world *world,
                                           const struct activity_facts *activities, size_t count)
{
    struct interest interest;
    interest_init(world->model, &interest);
    for (size_t i = 0; i < count; i++) {
        struct activity_match match;
        assert_int_equal(activity_match(world->model, &activities[i], &world->scratch, &match), OK);
        if (match.rules == 0)
            continue;
        if (interest_is_later(&interest, activities[i].occurred_at_us)) {
            struct interest_hits hits = {0};
            interest_hits_add(&hits, match.rules);
            interest_step(world->model, &interest, activities[i].occurred_at_us, &hits,
                          /* ret_trace= */ NULL);
        } else {
            interest = interest_of(world, activities, i + 1);
        }
    }
    return interest;
}

static void interest_is_defined_by_the_history_alone(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, test_seed());
    for (int round = 0; round < 150; round++) {
        struct world world;
        world_init(&world, random_model(&random));
        struct activity_facts activities[PROPERTY_ACTIVITIES_MAX];
        size_t count = random_history(&random, activities);
        struct interest expected = interest_of(&world, activities, count);
        for (int arrival = 0; arrival < 4; arrival++) {
            shuffle(&random, activities, count);
            struct interest interest = interest_by_arrival(&world, activities, count);
            assert_int_equal(interest.at_us, expected.at_us);
            assert_memory_equal(interest.v, expected.v, sizeof expected.v); /* bit for bit */
            arena_clear(&world.arena);
        }
        for (size_t r = 0; r < world.model->interest_rule_count; r++)
            assert_true(fabs(expected.v[r]) <= world.model->interest_rules[r].max);
        double value = interest_read(world.model, &expected, expected.at_us);
        assert_true(value <= world.model->interest_max * (1.0 + 1e-12));
        world_done(&world);
    }
}

static void second_of_an_instant_can_join_its_step(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, test_seed());
    for (int round = 0; round < 50; round++) {
        struct world world;
        world_init(&world, random_model(&random));
        struct activity_facts activities[3] = {
            test_activity(3, test_start_us, kinds[random_below(&random, 5)]),
            test_activity(2, test_start_us + day_us, kinds[random_below(&random, 5)]),
            test_activity(1, test_start_us + day_us, kinds[random_below(&random, 5)])};
        struct interest interest = interest_of(&world, activities, 1);
        const struct interest previous = interest;
        struct interest_hits hits = {0};
        for (size_t i = 1; i < 3; i++) {
            struct activity_match match;
            assert_int_equal(activity_match(world.model, &activities[i], &world.scratch, &match),
                             OK);
            interest_hits_add(&hits, match.rules);
            interest = previous;
            interest_step(world.model, &interest, activities[i].occurred_at_us, &hits, NULL);
        }
        struct interest expected = interest_of(&world, activities, 3);
        assert_int_equal(interest.at_us, expected.at_us);
        assert_memory_equal(interest.v, expected.v, sizeof expected.v);
        world_done(&world);
    }
}

static double sum_of_lines(const struct explanation *explanation)
{
    double left = 0.0;
    for (size_t i = 0; i < explanation->line_count; i++)
        left += explanation->lines[i].left;
    return left;
}

static void explanations_sum_to_the_interest(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, test_seed());
    for (int round = 0; round < 300; round++) {
        struct world world;
        world_init(&world, random_model(&random));
        struct activity_facts activities[PROPERTY_ACTIVITIES_MAX];
        size_t count = random_history(&random, activities);
        int64_t now_us = test_start_us + (int64_t)random_below(&random, 12000000) * US_PER_SECOND;
        struct history_score score;
        struct explanation explanation;
        assert_int_equal(score_explain(world.model, activities, count, now_us, &world.arena,
                                       &world.scratch, &score, &explanation),
                         OK);
        struct interest interest = interest_of(&world, activities, count);
        assert_memory_equal(score.interest.v, interest.v, sizeof interest.v);
        assert_true(explanation.interest == interest_read(world.model, &interest, now_us));
        assert_true(fabs(sum_of_lines(&explanation) - explanation.interest) < 1e-9);
        world_done(&world);
    }
}

static void explanation_names_rules_evidence_and_caps(void **state)
{
    (void)state;
    struct world world;
    world_init(&world,
               test_compile(test_json(KINDS_MODEL(
                   "P10D",
                   KIND_RULE("a", "30", "40", ", \"group\": \"g\"") "," KIND_RULE(
                       "b", "30", "40", ", \"group\": \"g\"") "," KIND_RULE("c", "-90", "90", ""),
                   ", \"groups\": {\"g\": {\"max\": 50}}, \"max\": 25"))));
    struct activity_facts all[] = {
        test_activity(2, test_start_us + 10 * day_us, "a"),
        test_activity(1, test_start_us, "a"),
        test_activity(3, test_start_us + 10 * day_us, "b"),
        test_activity(4, test_start_us + 10 * day_us, "a"),
    };
    struct history_score score;
    struct explanation explanation;
    assert_int_equal(score_explain(world.model, all, 4, test_start_us + 20 * day_us, &world.arena,
                                   &world.scratch, &score, &explanation),
                     OK);
    /* Day 0: a 30 → total cap 25. Day 10: a 12.5 + 60 → 40, b 30; group 70 → 50; total 50 → 25. */
    static const struct {
        enum score_line_kind kind;
        const char *name;
        uint64_t id;
        double counted, left;
    } expected[] = {
        {LINE_ACTIVITY,  "a",  4, 13.75, 6.875             },
        {LINE_ACTIVITY,  "b",  3, 30,    15                },
        {LINE_ACTIVITY,  "a",  2, 13.75, 6.875             },
        {LINE_ACTIVITY,  "a",  1, 30,    7.5               },
        {LINE_GROUP_CAP, "g",  0, -20,   -10               },
        {LINE_TOTAL_CAP, NULL, 0, -30,   -12.5 + -5.0 / 4.0},
    };
    assert_int_equal(explanation.line_count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const struct score_line *line = &explanation.lines[i];
        assert_int_equal(line->kind, expected[i].kind);
        if (expected[i].name != NULL)
            assert_string_equal(line->name, expected[i].name);
        else
            assert_null(line->name);
        if (expected[i].kind == LINE_ACTIVITY) {
            assert_true(uuid_eq(line->activity->id, test_id(expected[i].id)));
            assert_true(line->points == 30.0);
            assert_int_equal(line->at_us, line->activity->occurred_at_us);
        } else {
            assert_null(line->activity);
            assert_int_equal(line->at_us, test_start_us + 10 * day_us);
        }
        assert_true(fabs(line->counted - expected[i].counted) < 1e-12);
        assert_true(fabs(line->left - expected[i].left) < 1e-12);
    }
    assert_true(fabs(explanation.interest - 12.5) < 1e-12);

    const struct activity_facts against[] = {all[1], test_activity(9, test_start_us, "c")};
    assert_int_equal(score_explain(world.model, against, 2, test_start_us, &world.arena,
                                   &world.scratch, &score, &explanation),
                     OK);
    assert_int_equal(explanation.lines[explanation.line_count - 1].kind, LINE_FLOOR);
    assert_true(explanation.lines[explanation.line_count - 1].left == 65.0);
    assert_true(explanation.interest == 0.0 && sum_of_lines(&explanation) == 0.0);
    world_done(&world);
}

static void long_histories_end_in_one_line_for_the_rest(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    enum { COUNT = SCORE_LINES_MAX + 500 };
    static struct activity_facts all[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        all[i] = test_activity(i, test_start_us + (int64_t)i * 3600 * US_PER_SECOND, "page_view");
    struct history_score score;
    struct explanation explanation;
    int64_t now_us = all[COUNT - 1].occurred_at_us;
    assert_int_equal(score_explain(world.model, all, COUNT, now_us, &world.arena, &world.scratch,
                                   &score, &explanation),
                     OK);
    assert_int_equal(explanation.line_count, SCORE_LINES_MAX + 1);
    assert_true(explanation.lines[0].activity == &all[COUNT - 1]);
    assert_true(explanation.lines[SCORE_LINES_MAX - 1].activity == &all[500]);
    const struct score_line *rest = &explanation.lines[SCORE_LINES_MAX];
    assert_int_equal(rest->kind, LINE_EARLIER);
    assert_int_equal(rest->at_us, all[499].occurred_at_us);
    assert_true(fabs(sum_of_lines(&explanation) - explanation.interest) < 1e-9);

    assert_int_equal(score_explain(world.model, all, 0, now_us, &world.arena, &world.scratch,
                                   &score, &explanation),
                     OK);
    assert_int_equal(explanation.line_count, 0);
    assert_true(explanation.interest == 0.0);
    world_done(&world);
}

static void heat_does_not_move_and_orders_by_interest(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, test_seed());
    for (int round = 0; round < 200; round++) {
        struct world world;
        world_init(&world, random_model(&random));
        struct activity_facts activities[PROPERTY_ACTIVITIES_MAX];
        size_t count = random_history(&random, activities);
        struct interest one = interest_of(&world, activities, count);
        struct interest other = interest_of(&world, activities, count / 2);
        double heat = interest_heat(world.model, &one);
        double other_heat = interest_heat(world.model, &other);
        int64_t last_us = test_start_us + 101 * day_us;
        for (int i = 0; i < 20; i++) {
            int64_t now_us = last_us + (int64_t)random_below(&random, 200 * 86400) * US_PER_SECOND;
            double value = interest_read(world.model, &one, now_us);
            double back = interest_from_heat(world.model, heat, now_us);
            /* As small as numbers get, they have fewer digits. */
            assert_true(fabs(value - back) <= 1e-9 * value + DBL_MIN);
            if (isnan(heat) || isnan(other_heat) || fabs(heat - other_heat) < 1e-9)
                continue;
            double other_value = interest_read(world.model, &other, now_us);
            assert_true((heat > other_heat) == (value > other_value) || value < DBL_MIN);
            for (unsigned grade = INTEREST_1; grade <= INTEREST_3; grade++) {
                double bound = world.model->interest_bounds[grade - INTEREST_1];
                bool is_reached =
                    heat >= interest_heat_floor(world.model, (enum interest_grade)grade, now_us);
                assert_true(is_reached == (value >= bound) || fabs(value - bound) < 1e-9 * bound);
            }
        }
        assert_true(interest_heat_floor(world.model, INTEREST_4, last_us) < -1e300);
        world_done(&world);
    }
}

static void cools_at_is_the_first_millisecond_of_the_next_grade(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, test_seed());
    for (int round = 0; round < 200; round++) {
        struct world world;
        world_init(&world, random_model(&random));
        struct activity_facts activities[PROPERTY_ACTIVITIES_MAX];
        size_t count = random_history(&random, activities);
        struct interest interest = interest_of(&world, activities, count);
        int64_t now_us = interest_instant_us(
            test_start_us + (int64_t)random_below(&random, 100 * 86400) * US_PER_SECOND);
        /* Down all the grades: each moment of cooling is exact, and the last is never. */
        for (;;) {
            enum interest_grade grade =
                interest_grade_of(world.model, interest_read(world.model, &interest, now_us));
            int64_t cools_us = interest_cools_at(world.model, &interest, now_us);
            if (grade == INTEREST_4) {
                assert_int_equal(cools_us, TIME_NONE);
                break;
            }
            assert_true(cools_us > now_us);
            assert_int_equal(cools_us % US_PER_MS, 0);
            double before = interest_read(world.model, &interest, cools_us - US_PER_MS);
            double after = interest_read(world.model, &interest, cools_us);
            assert_true(interest_grade_of(world.model, before) <= grade);
            assert_true(interest_grade_of(world.model, after) > grade);
            now_us = cools_us;
        }
        world_done(&world);
    }
}

static void cools_at_of_round_numbers(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, test_default_model());
    /* 50 points have grade 1 (45) for 30 d · log2(50/45); exactly the bound still has the grade. */
    struct activity_facts facts = test_download(1, test_start_us, NULL, "decision");
    struct interest interest = interest_of(&world, &facts, 1);
    double days =
        (double)(interest_cools_at(world.model, &interest, test_start_us) - test_start_us) /
        (double)day_us;
    assert_true(fabs(days - 30.0 * log2(50.0 / 45.0)) < 1e-7);
    interest.v[4] = 90.0;
    assert_int_equal(interest_cools_at(world.model, &interest, test_start_us),
                     test_start_us + 30 * day_us + US_PER_MS);
    interest.v[4] = 45.0;
    assert_int_equal(interest_cools_at(world.model, &interest, test_start_us),
                     test_start_us + US_PER_MS);
    assert_int_equal(interest_cools_at(world.model, &interest, test_start_us - 5 * US_PER_SECOND),
                     test_start_us + US_PER_MS);
    world_done(&world);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct model *model = test_default_model();
    struct activity_facts activities[20];
    for (size_t i = 0; i < ARRAY_LEN(activities); i++)
        activities[i] = test_activity(i, test_start_us + (int64_t)i * day_us, "page_view");
    enum err_code code = ERR_NOMEM;
    int64_t allocations = 0;
    for (; code == ERR_NOMEM && allocations < 1000; allocations++) {
        struct world world;
        world_init(&world, NULL);
        struct history_score score;
        struct explanation explanation;
        struct activity_match match;
        struct fit fit;
        struct logic_member member = {STR_LITERAL("country"), logic_text(STR_LITERAL("FR"))};
        struct logic_value attributes = logic_object(&member, 1);
        mem_fail_after(allocations);
        code = score_explain(model, activities, ARRAY_LEN(activities), test_start_us, &world.arena,
                             &world.scratch, &score, &explanation);
        if (code == OK)
            code = activity_match(model, &activities[0], &world.scratch, &match);
        if (code == OK)
            code = fit_evaluate(model, &attributes, test_start_us, &world.scratch, &fit);
        mem_fail_after(-1);
        world_done(&world);
    }
    assert_int_equal(code, OK);
    assert_true(allocations > 2);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vp_with_one_consideration_ebook_is_mql),
        cmocka_unit_test(unknown_with_two_downloads_in_two_weeks_is_reviewed),
        cmocka_unit_test(vp_with_only_the_newsletter_is_nurtured),
        cmocka_unit_test(demo_or_buying_guide_is_mql_at_once),
        cmocka_unit_test(student_is_never_mql_otherwise),
        cmocka_unit_test(white_paper_weighs_more_than_an_article),
        cmocka_unit_test(fit_windows_and_errors),
        cmocka_unit_test(one_half_life_halves),
        cmocka_unit_test(a_rule_holds_at_most_its_max_both_ways),
        cmocka_unit_test(caps_scale_what_is_positive),
        cmocka_unit_test(rules_count_within_their_window),
        cmocka_unit_test(rules_see_the_facts_and_their_errors_are_counted),
        cmocka_unit_test(interest_is_defined_by_the_history_alone),
        cmocka_unit_test(second_of_an_instant_can_join_its_step),
        cmocka_unit_test(explanations_sum_to_the_interest),
        cmocka_unit_test(explanation_names_rules_evidence_and_caps),
        cmocka_unit_test(long_histories_end_in_one_line_for_the_rest),
        cmocka_unit_test(heat_does_not_move_and_orders_by_interest),
        cmocka_unit_test(cools_at_is_the_first_millisecond_of_the_next_grade),
        cmocka_unit_test(cools_at_of_round_numbers),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("domain_score", tests, NULL, NULL);
}
