/*
 * Scoring models from any JSON: what does not compile says why; what compiles scores a small
 * history within its bounds, the same in any order, and explains it to the last point.
 */
#include <assert.h>
#include <math.h>

#include "domain/fit.h"
#include "domain/score.h"
#include "schema/json.h"

enum { ARENA_BYTES_MAX = 256 * 1024 * 1024, ACTIVITIES = 6 };

static const int64_t start_us = INT64_C(1795420800) * US_PER_SECOND;

static void make_history(struct activity_facts activities[static ACTIVITIES])
{
    static const char *const kinds[] = {"page_view", "form_submission", "demo_request"};
    static const int64_t hours[ACTIVITIES] = {0, 1, 1, 30, 700, 700};
    for (size_t i = 0; i < ACTIVITIES; i++) {
        activities[i] = (struct activity_facts){
            .id = {.bytes = {(uint8_t)i}},
            .occurred_at_us = start_us + hours[i] * 3600 * US_PER_SECOND,
            .kind = str_from(kinds[i % ARRAY_LEN(kinds)]),
            .form = i % 2 == 0 ? STR_LITERAL("form") : (struct str){.data = NULL},
            .journey_step = STR_LITERAL("awareness"),
        };
    }
}

static void check_interest(const struct model *model, const struct interest *interest)
{
    int64_t now_us = start_us + INT64_C(701) * 3600 * US_PER_SECOND;
    double value = interest_read(model, interest, now_us);
    assert(value >= 0.0 && value <= model->interest_max * (1.0 + 1e-9));
    for (size_t r = 0; r < model->interest_rule_count; r++)
        assert(fabs(interest->v[r]) <= model->interest_rules[r].max);
    int64_t cools_us = interest_cools_at(model, interest, now_us);
    if (cools_us != TIME_NONE)
        assert(cools_us > now_us &&
               interest_grade_of(model, interest_read(model, interest, cools_us)) >
                   interest_grade_of(model, value));
}

static void check_scores(const struct model *model, struct arena *arena, struct arena *scratch)
{
    struct activity_facts activities[ACTIVITIES];
    struct activity_facts reversed[ACTIVITIES];
    struct history_score score;
    struct history_score again;
    struct explanation explanation;
    make_history(activities);
    for (size_t i = 0; i < ACTIVITIES; i++)
        reversed[i] = activities[ACTIVITIES - 1 - i];
    assert(score_explain(model, activities, ACTIVITIES, start_us, arena, scratch, &score,
                         &explanation) == OK);
    assert(score_recompute(model, reversed, ACTIVITIES, arena, scratch, &again) == OK);
    assert(score.interest.at_us == again.interest.at_us &&
           memcmp(score.interest.v, again.interest.v, sizeof again.interest.v) == 0);
    double left = 0.0;
    double size = 1.0;
    for (size_t i = 0; i < explanation.line_count; i++) {
        left += explanation.lines[i].left;
        size += fabs(explanation.lines[i].left);
    }
    assert(fabs(left - explanation.interest) <= 1e-12 * size);
    check_interest(model, &score.interest);

    struct activity_match match;
    assert(activity_match(model, &activities[0], scratch, &match) == OK);
    struct logic_member country = {STR_LITERAL("country"), logic_text(STR_LITERAL("FR"))};
    struct logic_value attributes = logic_object(&country, 1);
    struct fit fit;
    assert(fit_evaluate(model, &attributes, start_us, scratch, &fit) == OK);
    assert(fit.known >= 0.0 && fit.known <= 1.0 && isfinite(fit.points));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *definition = NULL;
    if (json_parse(str_slice((const char *)data, size), &definition, /* reterr= */ NULL) != OK)
        return 0;
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(arena_done) struct arena scratch;
    arena_init(&arena, ARENA_BYTES_MAX);
    arena_init(&scratch, MODEL_SCRATCH_BYTES);
    struct faults faults;
    faults_init(&faults, &arena);
    struct model *model = NULL;
    enum err_code code = model_compile(definition, /* zone= */ NULL, &model, &faults);
    assert(code == OK || code == ERR_INVALID);
    assert((code == OK) == (faults.count == 0) && (code == OK) == (model != NULL));
    if (model != NULL)
        check_scores(model, &arena, &scratch);
    model_free(model);
    return 0;
}
