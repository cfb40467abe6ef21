/*
 * A contact's interest from its activities.
 *
 * The replay takes the scored activities sorted by instant and id, and makes one interest_step of
 * each instant: the very function that the short way of a single activity uses, so both end in the
 * same bits.
 *
 * Why the explanation sums to the interest: a rule's value is the sum of the changes made at its
 * steps, each faded since. At a step a rule changes by its points and what clipping cut off (shared
 * by the activities that matched it), then by the caps (kept per cap). Fading is linear, so fading
 * each change on its own and summing gives what fading the sum gives.
 */
#include "domain/score.h"

#include <assert.h>
#include <stdlib.h>

#include "domain/logic_value.h"

enum { FACT_COUNT = 8 };

struct scored_activity {
    const struct activity_facts *facts;
    uint64_t rules; /* not 0 */
};

struct scored_history {
    struct scored_activity *items; /* sorted */
    size_t count;
};

/* What is being explained while the replay runs. */
struct explainer {
    const struct model *model;
    struct score_line *lines;
    size_t line_count;  /* lines of activities in `lines` */
    size_t pairs_ahead; /* activity-rule pairs not replayed yet, this step's included */
    int64_t now_us;     /* of the reading, not before the last step */
    struct score_line earlier;
    struct score_line groups[MODEL_GROUPS_MAX];
    struct score_line total;
};

static struct logic_value facts_value(const struct activity_facts *facts,
                                      struct logic_member members[static FACT_COUNT])
{
    const struct logic_member all[FACT_COUNT] = {
        {STR_LITERAL("kind"),         logic_text(facts->kind)                    },
        {STR_LITERAL("form"),         logic_text(facts->form)                    },
        {STR_LITERAL("offer"),        logic_text(facts->offer)                   },
        {STR_LITERAL("offer_kind"),   logic_text(facts->offer_kind)              },
        {STR_LITERAL("journey_step"), logic_text(facts->journey_step)            },
        {STR_LITERAL("campaign"),     logic_text(facts->campaign)                },
        {STR_LITERAL("channel"),      logic_text(facts->channel)                 },
        {STR_LITERAL("properties"),
         facts->properties != NULL ? logic_json(facts->properties) : logic_null()},
    };
    memcpy(members, all, sizeof all);
    return logic_object(members, FACT_COUNT);
}

static enum err_code match_at_once(const struct model *model, const struct logic_value *data,
                                   struct arena *scratch, struct activity_match *match)
{
    match->at_once = MODEL_NO_RULE;
    for (size_t i = 0; i < model->at_once_count; i++) {
        switch (model_rule_test(model->at_once[i], data, scratch)) {
        case RULE_MISSES:
            break;
        case RULE_MATCHES:
            match->at_once = (int)i;
            return OK;
        case RULE_FAILS:
            match->failed_at_once |= UINT32_C(1) << i;
            break;
        case RULE_NOMEM:
            return ERR_NOMEM;
        }
    }
    return OK;
}

static enum err_code match_interest(const struct model *model, const struct logic_value *data,
                                    int64_t occurred_at_us, struct arena *scratch,
                                    struct activity_match *match)
{
    for (size_t r = 0; r < model->interest_rule_count; r++) {
        const struct model_rule *rule = &model->interest_rules[r];
        if (!model_rule_counts_at(rule, occurred_at_us))
            continue;
        switch (model_rule_test(rule->when, data, scratch)) {
        case RULE_MISSES:
            break;
        case RULE_MATCHES:
            match->rules |= UINT64_C(1) << r;
            break;
        case RULE_FAILS:
            match->failed |= UINT64_C(1) << r;
            break;
        case RULE_NOMEM:
            return ERR_NOMEM;
        }
    }
    return OK;
}

enum err_code activity_match(const struct model *model, const struct activity_facts *facts,
                             struct arena *scratch, struct activity_match *ret_match)
{
    assert(facts->occurred_at_us != TIME_NONE);
    struct logic_member members[FACT_COUNT];
    const struct logic_value data = facts_value(facts, members);
    struct activity_match match = {0};
    enum err_code code = match_interest(model, &data, facts->occurred_at_us, scratch, &match);
    if (code == OK)
        code = match_at_once(model, &data, scratch, &match);
    if (code == OK)
        *ret_match = match;
    return code;
}

static int compare_activities(const void *left, const void *right)
{
    const struct activity_facts *a = ((const struct scored_activity *)left)->facts;
    const struct activity_facts *b = ((const struct scored_activity *)right)->facts;
    int64_t a_us = interest_instant_us(a->occurred_at_us);
    int64_t b_us = interest_instant_us(b->occurred_at_us);
    if (a_us != b_us)
        return a_us < b_us ? -1 : 1;
    return uuid_compare(a->id, b->id);
}

/* Keeps the activities that match a rule, in the order of the replay. */
static enum err_code select_scored(const struct model *model,
                                   const struct activity_facts *activities, size_t count,
                                   struct arena *arena, struct arena *scratch,
                                   struct scored_history *history, struct history_score *score)
{
    history->items = arena_array(arena, count, sizeof *history->items);
    if (history->items == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct logic_member members[FACT_COUNT];
        const struct logic_value data = facts_value(&activities[i], members);
        struct activity_match match = {0};
        enum err_code code =
            match_interest(model, &data, activities[i].occurred_at_us, scratch, &match);
        if (code != OK)
            return code;
        score->failed |= match.failed;
        score->failure_count += (size_t)__builtin_popcountll(match.failed);
        if (match.rules != 0) {
            history->items[history->count++] =
                (struct scored_activity){.facts = &activities[i], .rules = match.rules};
        }
    }
    qsort(history->items, history->count, sizeof *history->items, compare_activities);
    score->scored = history->count;
    return OK;
}

static void line_add(struct score_line *line, const struct explainer *explainer, int64_t at_us,
                     double change)
{
    line->at_us = at_us;
    line->counted += change;
    line->left += change * interest_fade(explainer->model, at_us, explainer->now_us);
}

static void explain_activity(struct explainer *explainer, const struct scored_activity *activity,
                             int64_t at_us, const struct interest_hits *hits,
                             const struct interest_trace *trace)
{
    for (size_t r = 0; r < explainer->model->interest_rule_count; r++) {
        if ((activity->rules >> r & 1U) == 0)
            continue;
        double change = trace->change[r] / hits->count[r];
        size_t place = --explainer->pairs_ahead; /* newest first, so the last pair has line 0 */
        if (place >= SCORE_LINES_MAX) {
            line_add(&explainer->earlier, explainer, at_us, change);
            continue;
        }
        const struct model_rule *rule = &explainer->model->interest_rules[r];
        explainer->lines[place] = (struct score_line){.kind = LINE_ACTIVITY,
                                                      .name = rule->name,
                                                      .activity = activity->facts,
                                                      .points = rule->points};
        line_add(&explainer->lines[place], explainer, at_us, change);
    }
}

static void explain_step(struct explainer *explainer, const struct scored_activity *activities,
                         size_t count, int64_t at_us, const struct interest_hits *hits,
                         const struct interest_trace *trace)
{
    for (size_t i = 0; i < count; i++)
        explain_activity(explainer, &activities[i], at_us, hits, trace);
    for (size_t g = 0; g < explainer->model->group_count; g++)
        if (trace->group[g] < 0.0)
            line_add(&explainer->groups[g], explainer, at_us, trace->group[g]);
    if (trace->total < 0.0)
        line_add(&explainer->total, explainer, at_us, trace->total);
}

/* `explainer` may be NULL. */
static void replay(const struct model *model, const struct scored_history *history,
                   struct interest *interest, struct explainer *explainer)
{
    interest_init(model, interest);
    for (size_t first = 0, next = 0; first < history->count; first = next) {
        int64_t at_us = interest_instant_us(history->items[first].facts->occurred_at_us);
        struct interest_hits hits = {0};
        while (next < history->count &&
               interest_instant_us(history->items[next].facts->occurred_at_us) == at_us)
            interest_hits_add(&hits, history->items[next++].rules);
        struct interest_trace trace;
        interest_step(model, interest, at_us, &hits, &trace);
        if (explainer != NULL)
            explain_step(explainer, &history->items[first], next - first, at_us, &hits, &trace);
    }
}

enum err_code score_recompute(const struct model *model, const struct activity_facts *activities,
                              size_t count, struct arena *arena, struct arena *scratch,
                              struct history_score *ret_score)
{
    struct scored_history history = {0};
    struct history_score score = {0};
    enum err_code code = select_scored(model, activities, count, arena, scratch, &history, &score);
    if (code != OK)
        return code;
    replay(model, &history, &score.interest, /* explainer= */ NULL);
    *ret_score = score;
    return OK;
}

static enum err_code explainer_init(struct explainer *explainer, const struct model *model,
                                    const struct scored_history *history, int64_t now_us,
                                    struct arena *arena)
{
    *explainer = (struct explainer){
        .model = model,
        .now_us = now_us,
        .earlier = {.kind = LINE_EARLIER,   .at_us = TIME_NONE},
        .total = {.kind = LINE_TOTAL_CAP, .at_us = TIME_NONE},
    };
    for (size_t g = 0; g < model->group_count; g++) {
        explainer->groups[g] = (struct score_line){
            .kind = LINE_GROUP_CAP, .name = model->groups[g].name, .at_us = TIME_NONE};
    }
    for (size_t i = 0; i < history->count; i++)
        explainer->pairs_ahead += (size_t)__builtin_popcountll(history->items[i].rules);
    if (history->count > 0) {
        int64_t last_us =
            interest_instant_us(history->items[history->count - 1].facts->occurred_at_us);
        explainer->now_us = now_us > last_us ? now_us : last_us;
    }
    explainer->line_count = explainer->pairs_ahead < SCORE_LINES_MAX ? explainer->pairs_ahead
                                                                     : SCORE_LINES_MAX;
    /* And one line each for what is earlier, the groups, the total and the floor. */
    explainer->lines = arena_array(arena, explainer->line_count + model->group_count + 3,
                                   sizeof *explainer->lines);
    return explainer->lines != NULL ? OK : ERR_NOMEM;
}

static void finish_lines(struct explainer *explainer, const struct interest *interest)
{
    if (explainer->earlier.at_us != TIME_NONE)
        explainer->lines[explainer->line_count++] = explainer->earlier;
    for (size_t g = 0; g < explainer->model->group_count; g++)
        if (explainer->groups[g].at_us != TIME_NONE)
            explainer->lines[explainer->line_count++] = explainer->groups[g];
    if (explainer->total.at_us != TIME_NONE)
        explainer->lines[explainer->line_count++] = explainer->total;
    if (interest_sum(interest) < 0.0) {
        double left = 0.0;
        for (size_t i = 0; i < explainer->line_count; i++)
            left += explainer->lines[i].left;
        explainer->lines[explainer->line_count++] = (struct score_line){
            .kind = LINE_FLOOR, .at_us = TIME_NONE, .counted = -left, .left = -left};
    }
}

enum err_code score_explain(const struct model *model, const struct activity_facts *activities,
                            size_t count, int64_t now_us, struct arena *arena,
                            struct arena *scratch, struct history_score *ret_score,
                            struct explanation *ret_explanation)
{
    struct scored_history history = {0};
    struct history_score score = {0};
    struct explainer explainer;
    enum err_code code = select_scored(model, activities, count, arena, scratch, &history, &score);
    if (code == OK)
        code = explainer_init(&explainer, model, &history, now_us, arena);
    if (code != OK)
        return code;
    replay(model, &history, &score.interest, &explainer);
    finish_lines(&explainer, &score.interest);
    *ret_score = score;
    *ret_explanation =
        (struct explanation){.lines = explainer.lines,
                             .line_count = explainer.line_count,
                             .interest = interest_read(model, &score.interest, now_us)};
    return OK;
}
