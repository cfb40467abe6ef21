/*
 * The MQL decision, end to end with the default model: the articles' sentences, and every condition
 * under which a decision opens a handoff or does not.
 */
#include "test_domain_change_support.h"

/* ---- the articles' sentences ---- */

static void a_vp_with_a_consideration_ebook_is_an_mql(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "claire@example.com");
    struct input *input = as_vp(desk_submission(desk, "guide"));
    input->activity.channel = STR_LITERAL("paid_search");
    desk_do(desk, person, input);
    assert_decision(person, "A2", "mql");
    assert_stage(person, "mql");
    assert_told(desk, "submission.received score.grade_changed contact.decision_changed "
                      "contact.stage_changed handoff.opened");
    assert_string_equal(event_value(desk, "submission.received", "stage_to"), "lead");
    assert_string_equal(event_value(desk, "contact.decision_changed", "from"), "stay");
    assert_string_equal(event_value(desk, "contact.decision_changed", "to"), "mql");
    assert_string_equal(event_value(desk, "contact.decision_changed", "grade"), "A2");
    assert_string_equal(event_value(desk, "contact.stage_changed", "from"), "lead");
    assert_string_equal(event_value(desk, "contact.stage_changed", "to"), "mql");
    assert_string_equal(event_value(desk, "contact.stage_changed", "actor"), "system");
    assert_string_equal(event_value(desk, "handoff.opened", "state"), "open");
    assert_string_equal(event_value(desk, "handoff.opened", "actor"), "system");
    assert_true(json_is_null(json_object_get(event_of(desk, "handoff.opened"), "assignee")));

    const struct handoff *handoff = &person->contact.handoff;
    assert_int_equal(handoff->state, HANDOFF_OPEN);
    assert_int_equal(handoff->purpose, PURPOSE_CLOSE);
    assert_int_equal(handoff->cycle, 1);
    assert_int_equal(handoff->opened_at_us, desk->now_us);
    assert_int_equal(handoff->version, 1);
    assert_true(uuid_eq(handoff->contact_id, person->contact.contact_id));
    assert_int_equal(person->contact.clock_count, 1);
    const struct clock_record *clock = clock_of(person, "first_contact");
    assert_int_equal(clock->state, CLOCK_RUNNING);
    assert_int_equal(clock->due_at_us, desk->now_us + US_PER_DAY);
    assert_int_equal(clock->warning_count, 2);
    assert_int_equal(clock->warnings_us[0], desk->now_us + 12 * US_PER_HOUR);
    assert_true(desk->effects.has_clocks);
    assert_string_equal(stage_owner(person->contact.stage, has_handoff(person)), "sales");

    json_auto_t *trigger = json_from(handoff->trigger.data);
    assert_string_equal(json_string_value(json_object_get(trigger, "because")), "activity");
    assert_string_equal(json_string_value(json_object_get(trigger, "form")), "guide");
    assert_string_equal(json_string_value(json_object_get(trigger, "offer")), "ebook");
    assert_string_equal(json_string_value(json_object_get(trigger, "actor")), "form:guide");
    json_auto_t *snapshot = json_from(handoff->snapshot.data);
    const json_t *contact = json_object_get(snapshot, "contact");
    assert_string_equal(json_string_value(json_object_get(contact, "email")), "claire@example.com");
    assert_string_equal(json_string_value(json_object_get(contact, "journey_step")),
                        "consideration");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(contact, "attributes"), "seniority")),
        "vp");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(snapshot, "score"), "grade")), "A2");
    /* Two stages in the history: a lead first, then handed over. */
    assert_int_equal(desk->effects.stages.count, 2);
    assert_int_equal(desk->effects.stages.items[1].from, STAGE_LEAD);
    assert_true(uuid_eq(desk->effects.stages.items[1].handoff_id, handoff->handoff_id));
}

static void two_downloads_of_somebody_unknown_are_reviewed(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "paper"));
    assert_decision(person, "D3", "stay");
    desk_pass(desk, 13 * US_PER_DAY);
    desk_do(desk, person, desk_submission(desk, "paper"));
    assert_decision(person, "D2", "review");
    assert_false(has_handoff(person));
    assert_stage(person, "lead");
}

static void the_vp_with_only_the_newsletter_is_nurtured(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, as_vp(desk_submission(desk, "news")));
    assert_decision(person, "A4", "nurture");
    assert_stage(person, "prospect");
    assert_false(has_handoff(person));
}

static void a_demo_or_a_buying_guide_is_an_mql_at_once_whoever_asks(void **state)
{
    struct desk *desk = *state;
    static const char *const forms[] = {"demo", "choosing"};
    static const char *const titles[] = {NULL, "Étudiant", "VP IT"};
    for (size_t i = 0; i < ARRAY_LEN(forms) * ARRAY_LEN(titles); i++) {
        struct person *person =
            desk_person(desk, arena_printf(&desk->arena, "a%zu@example.com", i));
        struct input *input = desk_submission(desk, forms[i % 2]);
        claim_text(input, "job_title", titles[i / 2]);
        desk_do(desk, person, input);
        assert_stage(person, "mql");
        assert_true(has_handoff(person));
        assert_string_equal(decision_name(person->contact.score.decision), "mql");
        json_auto_t *trigger = json_from(person->contact.handoff.trigger.data);
        assert_string_equal(json_string_value(json_object_get(trigger, "because")), "at_once");
    }
}

static void a_student_without_these_is_never_one(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    for (size_t i = 0; i < 20; i++) {
        struct input *input = desk_submission(desk, i % 2 == 0 ? "guide" : "paper");
        claim_text(input, "job_title", "Étudiante");
        claim_number(input, "company_size", "5000");
        claim_text(input, "country", "FR");
        desk_do(desk, person, input);
        desk_pass(desk, US_PER_HOUR);
        desk_do(desk, person, desk_activity(desk, "webinar_attended", TIME_NONE));
        desk_pass(desk, US_PER_HOUR);
    }
    assert_decision(person, "D1", "review");
    assert_stage(person, "lead");
    assert_false(has_handoff(person));
}

/* ---- what takes a decision ---- */

static void attributes_may_make_an_mql(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_decision(person, "D2", "review");
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, by_member(as_vp(desk_input(desk, INPUT_PATCH))));
    assert_decision(person, "A2", "mql");
    assert_stage(person, "mql");
    assert_told(desk, "contact.updated score.grade_changed contact.decision_changed "
                      "contact.stage_changed handoff.opened");
    assert_string_equal(event_value(desk, "handoff.opened", "actor"), "system");
    json_auto_t *trigger = json_from(person->contact.handoff.trigger.data);
    assert_string_equal(json_string_value(json_object_get(trigger, "because")), "attributes");
    assert_string_equal(json_string_value(json_object_get(trigger, "actor")),
                        "member:" DESK_MEMBER);
}

static void time_alone_decides_nothing(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_decision(person, "D2", "review");
    desk_pass(desk, 60 * US_PER_DAY); /* cooled to grade 4 by now */
    struct input *input = desk_input(desk, INPUT_PATCH);
    claim_text(input, "city", "Lyon"); /* no fit rule looks at it */
    desk_do(desk, person, input);
    assert_told(desk, "contact.updated");
    assert_decision(person, "D2", "review");
    desk_do(desk, person, desk_submission(desk, "quiet")); /* no interest rule either */
    assert_told(desk, "submission.received");
    assert_decision(person, "D2", "review");
    desk_do(desk, person, desk_activity(desk, "page_view", TIME_NONE)); /* this one does */
    assert_told(desk, "score.grade_changed contact.decision_changed");
    assert_decision(person, "D3", "stay");
    assert_stage(person, "lead"); /* a stage never falls because interest fades */
}

static void historical_input_opens_nothing(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    static const char *const kinds[] = {"form_submission", "demo_request"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct input *input =
            as_vp(desk_activity(desk, kinds[i], desk->now_us - (int64_t)(2 - i) * US_PER_DAY));
        input->is_historical = true;
        input->source = SOURCE_IMPORT;
        input->activity.offer = STR_LITERAL("ebook");
        desk_do(desk, person, input);
        assert_false(has_handoff(person));
        assert_stage(person, "lead");
        assert_string_equal(decision_name(person->contact.score.decision), "mql");
    }
    /* The next thing that happens does. */
    desk_do(desk, person, desk_submission(desk, "paper"));
    assert_true(has_handoff(person));
}

static void properties_count_when_it_comes_as_when_it_is_computed_again(void **state)
{
    struct desk *desk = *state;
    desk_use_model(desk, "{\"name\":\"m\",\"fit\":{\"rules\":[],\"grades\":{\"A\":0,\"B\":-1,"
                         "\"C\":-2}},\"interest\":{\"half_life\":\"P30D\",\"rules\":[{\"name\":"
                         "\"long\",\"when\":{\">\":[{\"var\":\"properties.minutes\"},30]},"
                         "\"points\":40,\"max\":100}],\"grades\":{\"1\":30,\"2\":20,\"3\":10}},"
                         "\"decision\":{\"A1\":\"mql\",\"*\":\"stay\"}}");
    desk_open(desk);
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_activity(desk, "call", TIME_NONE);
    input->activity.properties = STR_LITERAL("{\"minutes\":45}");
    desk_do(desk, person, input);
    assert_decision(person, "A1", "mql");
    assert_true(has_handoff(person));
    const double interest = interest_sum(&person->contact.score.interest);
    /* One that comes late: the whole history is read again. */
    input = desk_activity(desk, "call", desk->now_us - US_PER_DAY);
    input->activity.properties = STR_LITERAL("{\"minutes\":20}");
    desk_do(desk, person, input);
    assert_true(person->contact.history.is_loaded);
    assert_true(interest_sum(&person->contact.score.interest) == interest);
}

static void a_model_may_hand_over_to_be_warmed(void **state)
{
    struct desk *desk = *state;
    desk_use_model(desk, "{\"name\":\"m\",\"fit\":{\"rules\":[],\"grades\":{\"A\":1,\"B\":0,"
                         "\"C\":-1}},\"interest\":{\"half_life\":\"P30D\",\"rules\":[{\"name\":"
                         "\"any\",\"when\":true,\"points\":40,\"max\":100}],\"grades\":{\"1\":30,"
                         "\"2\":20,\"3\":10}},\"decision\":{\"*\":\"stimulate\"}}");
    desk_open(desk);
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "quiet"));
    assert_int_equal(person->contact.handoff.purpose, PURPOSE_STIMULATE);
    assert_stage(person, "mql");
}

static void a_model_is_put_into_force_without_a_decision(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "quiet"));
    assert_stage(person, "lead");
    /* Everybody is an MQL from now on … */
    desk_use_model(desk, "{\"name\":\"m\",\"fit\":{\"rules\":[{\"name\":\"size\",\"when\":{\">\":["
                         "{\"var\":\"company_size\"},1]},\"points\":1}],\"grades\":{\"A\":1,\"B\":"
                         "0,\"C\":-1}},\"interest\":{\"half_life\":\"P30D\",\"rules\":[{\"name\":"
                         "\"any\",\"when\":{\"!=\":[{\"var\":\"kind\"},\"page_view\"]},\"points\":"
                         "40,\"max\":100}],\"grades\":{\"1\":30,\"2\":20,\"3\":10}},\"decision\":"
                         "{\"*\":\"mql\"}}");
    /* … but neither what matches no rule nor what changes no fit hands over. */
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_activity(desk, "page_view", TIME_NONE));
    assert_told(desk, "");
    assert_decision(person, "B1", "mql");
    assert_int_equal(person->contact.score.model, 2);
    assert_true(interest_sum(&person->contact.score.interest) == 40.0); /* of the whole history */
    assert_false(has_handoff(person));
    struct input *input = desk_input(desk, INPUT_PATCH);
    claim_text(input, "city", "Lyon");
    desk_do(desk, person, input);
    assert_false(has_handoff(person));
    input = desk_input(desk, INPUT_PATCH);
    claim_number(input, "company_size", "10");
    desk_do(desk, person, input);
    assert_true(has_handoff(person));
}

static void failing_rules_are_counted(void **state)
{
    struct desk *desk = *state;
    desk_use_model(desk, "{\"name\":\"m\",\"fit\":{\"rules\":[{\"name\":\"x\",\"when\":{\"throw\":"
                         "\"e\"},\"points\":1}],\"grades\":{\"A\":1,\"B\":0,\"C\":-1}},"
                         "\"interest\":{\"half_life\":\"P30D\",\"rules\":[{\"name\":\"any\","
                         "\"when\":{\"throw\":\"e\"},\"points\":40,\"max\":100}],\"grades\":{\"1\":"
                         "30,\"2\":20,\"3\":10}},\"decision\":{\"*\":\"stay\"}}");
    desk_open(desk);
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "quiet"));
    assert_decision(person, "B4", "stay");
    assert_int_equal(person->contact.score.rule_errors, 2);
    desk_do(desk, person, desk_submission(desk, "quiet"));
    assert_int_equal(person->contact.score.rule_errors, 3);
    assert_true(person->contact.score.is_dirty);
}

/* ---- what a decision opens ---- */

static void input_during_an_open_handoff_is_its_activity(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    const struct uuid handoff_id = person->contact.handoff.handoff_id;
    static const char *const forms[] = {"guide", "demo", "quiet"};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        desk_pass(desk, US_PER_HOUR);
        desk_do(desk, person, desk_submission(desk, forms[i]));
        assert_true(uuid_eq(person->contact.handoff.handoff_id, handoff_id));
        assert_string_equal(event_value(desk, "handoff.activity", "state"), "open");
        assert_non_null(strstr(told(desk), "submission.received"));
        assert_null(strstr(told(desk), "handoff.opened"));
    }
    assert_stage(person, "mql");
}

static void object(struct desk *desk, struct person *person)
{
    struct input *input = desk_input(desk, INPUT_UPSERT);
    input->creates = true;
    claim_consent(input, "marketing_email", false);
    desk_do(desk, person, input);
}

static void who_objects_is_not_handed_over(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    object(desk, person);
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, as_vp(desk_submission(desk, "guide")));
    assert_decision(person, "A2", "mql");
    assert_stage(person, "lead");
    assert_false(has_handoff(person));
    /* A box left empty grants nothing … */
    desk_pass(desk, US_PER_HOUR);
    struct input *input = desk_submission(desk, "guide");
    claim_consent(input, "marketing_email", false);
    desk_do(desk, person, input);
    assert_false(has_handoff(person));
    /* … a form that grants anew does. */
    desk_pass(desk, US_PER_HOUR);
    input = desk_submission(desk, "guide");
    claim_consent(input, "marketing_email", true);
    desk_do(desk, person, input);
    assert_true(has_handoff(person));
}

static void who_objects_but_asks_at_once_is_handed_over(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    object(desk, person);
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_submission(desk, "demo"));
    assert_true(has_handoff(person));
    assert_true(contact_is_objecting(&person->contact));
}

static void granting_another_purpose_counts_too(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    object(desk, person);
    desk_pass(desk, US_PER_HOUR);
    struct input *input = as_vp(desk_submission(desk, "guide"));
    claim_consent(input, "call_me", true);
    desk_do(desk, person, input);
    assert_true(has_handoff(person));
    assert_true(contact_is_objecting(&person->contact));
}

static void after_a_recycle_only_scored_input_and_not_before_its_time(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_RECYCLED);
    const int64_t until_us = desk->now_us + 14 * US_PER_DAY;
    assert_int_equal(person->contact.nurture_until_us, until_us);
    assert_int_equal(person->contact.handoff.nurture_until_us, until_us);
    assert_stage(person, "lead");
    desk_pass(desk, 7 * US_PER_DAY);
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_decision(person, "A1", "mql");
    assert_false(has_handoff(person));
    desk->now_us = until_us - US_PER_MS;
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_false(has_handoff(person));
    /* The time has come: neither that, nor attributes, nor what matches no rule hands over. */
    desk->now_us = until_us + US_PER_DAY;
    struct input *input = desk_input(desk, INPUT_PATCH);
    claim_number(input, "company_size", "100"); /* B1: an MQL still */
    desk_do(desk, person, input);
    assert_non_null(strstr(told(desk), "score.grade_changed"));
    assert_false(has_handoff(person));
    desk_do(desk, person, as_vp(desk_submission(desk, "quiet")));
    assert_false(has_handoff(person));
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_true(has_handoff(person));
    assert_int_equal(person->contact.handoff.cycle, 2);
    assert_int_equal(person->contact.cycle, 2);
}

static void who_recycles_may_say_until_when(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    struct input *input = desk_move(desk, person, MOVE_RECYCLE);
    input->move.until_us = desk->now_us + 2 * US_PER_DAY;
    desk_do(desk, person, input);
    desk_pass(desk, 2 * US_PER_DAY - US_PER_MS);
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_false(has_handoff(person));
    desk_pass(desk, US_PER_MS);
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_true(has_handoff(person));
}

static void asking_at_once_ignores_a_recycle(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_RECYCLED);
    const struct uuid first = person->contact.handoff.handoff_id;
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_submission(desk, "choosing"));
    assert_true(has_handoff(person));
    assert_false(uuid_eq(person->contact.handoff.handoff_id, first));
    assert_stage(person, "mql");
}

static void after_a_loss_only_scored_input(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_LOST);
    assert_stage(person, "lead");
    desk_pass(desk, US_PER_HOUR);
    struct input *input = desk_input(desk, INPUT_PATCH);
    claim_number(input, "company_size", "9000");
    desk_do(desk, person, input);
    assert_false(has_handoff(person));
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_true(has_handoff(person));
}

static void disqualified_stays_so(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_REJECTED);
    assert_stage(person, "disqualified");
    assert_string_equal(stage_owner(person->contact.stage, false), "marketing");
    static const char *const forms[] = {"guide", "demo", "choosing", "news"};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        desk_pass(desk, 20 * US_PER_DAY);
        desk_do(desk, person, as_vp(desk_submission(desk, forms[i])));
        assert_stage(person, "disqualified");
        assert_null(event_value(desk, "submission.received", "stage_to"));
    }
    struct input *input = desk_input(desk, INPUT_HANDOFF);
    assert_int_equal(desk_run(desk, person, input), ERR_CONFLICT);
    input = desk_input(desk, INPUT_UPSERT);
    input->stage = STAGE_LEAD;
    desk_do(desk, person, input);
    assert_stage(person, "disqualified");
}

static void who_is_requalified_is_handed_over_when_it_next_does_something(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_REJECTED);
    desk_pass(desk, US_PER_DAY);
    struct input *input = desk_input(desk, INPUT_REQUALIFY);
    input->reason = STR_LITERAL(BY_HAND);
    desk_do(desk, person, input);
    assert_stage(person, "lead");
    assert_told(desk, "contact.stage_changed");
    assert_str_is(desk->effects.stages.items[0].reason, BY_HAND);
    assert_null(event_value(desk, "contact.stage_changed", "reason"));
    assert_int_equal(desk_run(desk, person, desk_input(desk, INPUT_REQUALIFY)), ERR_CONFLICT);
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_true(has_handoff(person));
}

/* ---- customers ---- */

static void a_new_demand_of_a_customer_is_an_upsell_whose_moves_leave_the_stage(void **state)
{
    struct desk *desk = *state;
    static const enum move last[] = {MOVE_WIN, MOVE_LOSE, MOVE_RECYCLE};
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_WON);
    assert_stage(person, "customer");
    assert_string_equal(stage_owner(person->contact.stage, false), "sales");
    desk_pass(desk, US_PER_DAY);
    desk_do(desk, person, as_vp(desk_submission(desk, "guide"))); /* interest is no demand */
    assert_false(has_handoff(person));
    for (size_t i = 0; i < ARRAY_LEN(last); i++) {
        desk_pass(desk, US_PER_DAY);
        desk_do(desk, person, desk_submission(desk, "demo"));
        assert_int_equal(person->contact.handoff.purpose, PURPOSE_UPSELL);
        assert_stage(person, "customer");
        assert_null(strstr(told(desk), "contact.stage_changed"));
        assert_non_null(clock_of(person, "first_contact"));
        static const enum move moves[] = {MOVE_ACCEPT, MOVE_ATTEMPTS, MOVE_QUALIFY,
                                          MOVE_OPPORTUNITY};
        for (size_t m = 0; m < ARRAY_LEN(moves); m++) {
            desk_do(desk, person, desk_move(desk, person, moves[m]));
            assert_stage(person, "customer");
        }
        desk_do(desk, person, desk_move(desk, person, last[i]));
        assert_stage(person, "customer");
        assert_false(has_handoff(person));
        assert_int_equal(desk->effects.stages.count, 0);
        if (last[i] == MOVE_WIN)
            assert_str_is(desk->effects.deals.items[0].kind, "upsell");
    }
    /* Refusing it does not disqualify a customer. */
    desk_pass(desk, US_PER_DAY);
    desk_do(desk, person, desk_submission(desk, "demo"));
    desk_do(desk, person, desk_move(desk, person, MOVE_REJECT));
    assert_stage(person, "customer");
}

/* ---- by people ---- */

static void by_hand(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "paper"));
    desk_pass(desk, US_PER_HOUR);
    struct input *input = by_member(desk_input(desk, INPUT_HANDOFF));
    input->reason = STR_LITERAL(BY_HAND);
    desk_do(desk, person, input);
    assert_true(uuid_eq(input->result.id, person->contact.handoff.handoff_id));
    assert_told(desk, "contact.stage_changed handoff.opened");
    assert_string_equal(event_value(desk, "handoff.opened", "actor"), "member:" DESK_MEMBER);
    assert_str_is(desk->effects.stages.items[0].reason, BY_HAND);
    assert_int_equal(person->contact.handoff.purpose, PURPOSE_CLOSE);
    json_auto_t *trigger = json_from(person->contact.handoff.trigger.data);
    assert_string_equal(json_string_value(json_object_get(trigger, "because")), "by_hand");
    assert_string_equal(json_string_value(json_object_get(trigger, "reason")), BY_HAND);
    assert_non_null(clock_of(person, "first_contact"));

    input = desk_input(desk, INPUT_HANDOFF);
    assert_int_equal(desk_run(desk, person, input), ERR_CONFLICT);
    assert_true(uuid_eq(input->result.id, person->contact.handoff.handoff_id));
    assert_true(input->result.has_state);
    assert_int_equal(input->result.state, HANDOFF_OPEN);
}

static void by_hand_with_a_purpose(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "paper"));
    struct input *input = desk_input(desk, INPUT_HANDOFF);
    input->purpose = PURPOSE_UPSELL;
    assert_int_equal(desk_run(desk, person, input), ERR_INVALID);
    assert_string_equal(input->result.faults->items[0].pointer, "/purpose");
    input = desk_input(desk, INPUT_HANDOFF);
    input->purpose = PURPOSE_STIMULATE;
    desk_do(desk, person, input);
    assert_int_equal(person->contact.handoff.purpose, PURPOSE_STIMULATE);
    struct person *customer = desk_handoff_in(desk, "b@example.com", HANDOFF_WON);
    desk_do(desk, customer, desk_input(desk, INPUT_HANDOFF));
    assert_int_equal(customer->contact.handoff.purpose, PURPOSE_UPSELL);
    assert_stage(customer, "customer");
}

/* People know better: neither a recycle nor an objection stands in the way. */
static void by_hand_ignores_what_stops_the_score(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_RECYCLED);
    object(desk, person);
    desk_do(desk, person, desk_input(desk, INPUT_HANDOFF));
    assert_true(has_handoff(person));
    assert_int_equal(person->contact.handoff.cycle, 2);
}

static struct person *under_review(struct desk *desk, const char *email)
{
    struct person *person = desk_person(desk, email);
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_decision(person, "D2", "review");
    desk_pass(desk, US_PER_HOUR);
    return person;
}

static struct input *decide_as(struct desk *desk, enum decision decision)
{
    struct input *input = by_member(desk_input(desk, INPUT_DECISION));
    input->decision = decision;
    input->note = STR_LITERAL(BY_HAND);
    return input;
}

static void a_review_is_decided_by_a_person(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *stage;
        enum decision decision;
        enum purpose purpose;
    } cases[] = {
        {"mql",  DECISION_MQL,       PURPOSE_CLOSE    },
        {"mql",  DECISION_STIMULATE, PURPOSE_STIMULATE},
        {"lead", DECISION_NURTURE,   PURPOSE_CLOSE    },
        {"lead", DECISION_STAY,      PURPOSE_CLOSE    },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct person *person =
            under_review(desk, arena_printf(&desk->arena, "a%zu@example.com", i));
        desk_do(desk, person, decide_as(desk, cases[i].decision));
        assert_stage(person, cases[i].stage);
        assert_int_equal(person->contact.score.decision, cases[i].decision);
        assert_string_equal(event_value(desk, "contact.decision_changed", "from"), "review");
        assert_int_equal(has_handoff(person), strcmp(cases[i].stage, "mql") == 0);
        if (has_handoff(person)) {
            assert_int_equal(person->contact.handoff.purpose, cases[i].purpose);
            assert_string_equal(event_value(desk, "handoff.opened", "actor"),
                                "member:" DESK_MEMBER);
            json_auto_t *trigger = json_from(person->contact.handoff.trigger.data);
            assert_string_equal(json_string_value(json_object_get(trigger, "because")), "review");
        }
        /* Decided: no review any more. */
        assert_int_equal(desk_run(desk, person, decide_as(desk, DECISION_MQL)), ERR_CONFLICT);
        /* It holds until evidence comes. */
        struct input *input = desk_input(desk, INPUT_PATCH);
        claim_text(input, "city", "Lyon");
        desk_do(desk, person, input);
        assert_int_equal(person->contact.score.decision, cases[i].decision);
    }
}

static void a_review_hands_over_nobody_who_objects_or_is_disqualified(void **state)
{
    struct desk *desk = *state;
    struct person *person = under_review(desk, "a@example.com");
    object(desk, person);
    assert_int_equal(desk_run(desk, person, decide_as(desk, DECISION_MQL)), ERR_CONFLICT);
    desk_do(desk, person, decide_as(desk, DECISION_NURTURE));

    person = under_review(desk, "b@example.com");
    desk_do(desk, person, desk_input(desk, INPUT_HANDOFF));
    assert_int_equal(desk_run(desk, person, decide_as(desk, DECISION_MQL)), ERR_CONFLICT);
    desk_do(desk, person, desk_move(desk, person, MOVE_REJECT));
    assert_int_equal(desk_run(desk, person, decide_as(desk, DECISION_STIMULATE)), ERR_CONFLICT);
    desk_do(desk, person, decide_as(desk, DECISION_STAY));
}

/* A decision looks at the score of the model in force, also when that is new. */
static void a_review_under_a_new_model(void **state)
{
    struct desk *desk = *state;
    struct person *person = under_review(desk, "a@example.com");
    desk_use_model(desk, "{\"name\":\"m\",\"fit\":{\"rules\":[],\"grades\":{\"A\":1,\"B\":0,"
                         "\"C\":-1}},\"interest\":{\"half_life\":\"P30D\",\"rules\":[{\"name\":"
                         "\"any\",\"when\":true,\"points\":40,\"max\":100}],\"grades\":{\"1\":30,"
                         "\"2\":20,\"3\":10}},\"decision\":{\"B1\":\"review\",\"*\":\"mql\"}}");
    desk_do(desk, person, decide_as(desk, DECISION_NURTURE));
    assert_int_equal(person->contact.score.model, 2);
    assert_decision(person, "B1", "nurture");
    struct person *other = desk_person(desk, "b@example.com");
    desk_do(desk, other, desk_submission(desk, "quiet"));
    desk_do(desk, other, desk_input(desk, INPUT_HANDOFF));
    assert_decision(other, "B1", "review");
    assert_true(has_handoff(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_vp_with_a_consideration_ebook_is_an_mql),
        DESK_TEST(two_downloads_of_somebody_unknown_are_reviewed),
        DESK_TEST(the_vp_with_only_the_newsletter_is_nurtured),
        DESK_TEST(a_demo_or_a_buying_guide_is_an_mql_at_once_whoever_asks),
        DESK_TEST(a_student_without_these_is_never_one),
        DESK_TEST(attributes_may_make_an_mql),
        DESK_TEST(time_alone_decides_nothing),
        DESK_TEST(historical_input_opens_nothing),
        CLOSED_DESK_TEST(properties_count_when_it_comes_as_when_it_is_computed_again),
        CLOSED_DESK_TEST(a_model_may_hand_over_to_be_warmed),
        DESK_TEST(a_model_is_put_into_force_without_a_decision),
        CLOSED_DESK_TEST(failing_rules_are_counted),
        DESK_TEST(input_during_an_open_handoff_is_its_activity),
        DESK_TEST(who_objects_is_not_handed_over),
        DESK_TEST(who_objects_but_asks_at_once_is_handed_over),
        DESK_TEST(granting_another_purpose_counts_too),
        DESK_TEST(after_a_recycle_only_scored_input_and_not_before_its_time),
        DESK_TEST(who_recycles_may_say_until_when),
        DESK_TEST(asking_at_once_ignores_a_recycle),
        DESK_TEST(after_a_loss_only_scored_input),
        DESK_TEST(disqualified_stays_so),
        DESK_TEST(who_is_requalified_is_handed_over_when_it_next_does_something),
        DESK_TEST(a_new_demand_of_a_customer_is_an_upsell_whose_moves_leave_the_stage),
        DESK_TEST(by_hand),
        DESK_TEST(by_hand_with_a_purpose),
        DESK_TEST(by_hand_ignores_what_stops_the_score),
        DESK_TEST(a_review_is_decided_by_a_person),
        DESK_TEST(a_review_hands_over_nobody_who_objects_or_is_disqualified),
        DESK_TEST(a_review_under_a_new_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
