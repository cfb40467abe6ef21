/*
 * Merges: what the survivor has afterwards. And deals that no handoff won.
 */
#include "test_domain_change_support.h"

/* ---- merge: attributes, consents, past ---- */

static void say(struct desk *desk, struct person *person, enum attribute_source source,
                const char *name, const char *value, int64_t at_us)
{
    struct input *input = desk_input(desk, INPUT_UPSERT);
    input->creates = true;
    input->source = source;
    input->activity.occurred_at_us = at_us;
    claim_text(input, name, value);
    desk_do(desk, person, input);
}

static void attributes_follow_the_source_rule(void **state)
{
    struct desk *desk = *state;
    struct person *survivor = desk_person(desk, "a@example.com");
    struct person *duplicate = desk_person(desk, "b@example.com");
    const int64_t now_us = desk->now_us;
    say(desk, survivor, SOURCE_FORM, "first_name", "form", now_us);
    say(desk, duplicate, SOURCE_PERSON, "first_name", "person", now_us - US_PER_DAY);
    say(desk, survivor, SOURCE_CRM, "last_name", "crm", now_us - US_PER_DAY);
    say(desk, duplicate, SOURCE_FORM, "last_name", "form", now_us);
    say(desk, survivor, SOURCE_FORM, "company", "older", now_us - US_PER_DAY);
    say(desk, duplicate, SOURCE_FORM, "company", "newer", now_us);
    say(desk, survivor, SOURCE_CRM, "phone", "newer", now_us);
    say(desk, duplicate, SOURCE_PERSON, "phone", "older", now_us - US_PER_DAY);
    say(desk, duplicate, SOURCE_IMPORT, "city", "Lyon", now_us);
    desk_pass(desk, US_PER_HOUR);
    const int32_t version = survivor->contact.version;
    desk_merge(desk, duplicate, survivor);
    static const char *const expected[][2] = {
        {"first_name", "person"},
        {"last_name",  "crm"   },
        {"company",    "newer" },
        {"phone",      "newer" },
        {"city",       "Lyon"  },
    };
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_string_equal(attribute_text(desk, survivor, expected[i][0]), expected[i][1]);
    /* With the source and the time they had. */
    assert_int_equal(contact_attribute(&survivor->contact, STR_LITERAL("city"))->source,
                     SOURCE_IMPORT);
    assert_int_equal(contact_attribute(&survivor->contact, STR_LITERAL("first_name"))->at_us,
                     now_us - US_PER_DAY);
    assert_told(desk, "contact.merged contact.updated");
    assert_int_equal(json_array_size(json_object_get(event_of(desk, "contact.updated"), "fields")),
                     3);
    char id[UUID_TEXT_BYTES];
    assert_string_equal(event_value(desk, "contact.merged", "into"),
                        uuid_format(survivor->contact.contact_id, id));
    assert_true(uuid_eq(desk->effects.events.items[0].contact_id, duplicate->contact.contact_id));
    assert_true(uuid_eq(duplicate->contact.merged_into, survivor->contact.contact_id));
    assert_int_equal(survivor->contact.version, version + 1);
    assert_int_equal(desk->effects.merges.count, 1);
    assert_true(uuid_eq(desk->effects.merges.items[0].duplicate, duplicate->contact.contact_id));
    assert_true(uuid_eq(desk->effects.merges.items[0].survivor, survivor->contact.contact_id));
}

enum said { SILENT, EMPTY_BOX, GRANTED, OBJECTED, SAID_COUNT_ };

static void consent_so(struct desk *desk, struct person *person, enum said said)
{
    struct input *input = said == OBJECTED ? desk_input(desk, INPUT_UPSERT)
                                           : desk_submission(desk, "quiet");
    input->creates = true;
    if (said != SILENT)
        claim_consent(input, "marketing_email", said == GRANTED);
    desk_do(desk, person, input);
}

static void consents_are_the_most_restrictive(void **state)
{
    (void)state;
    /* Silence takes over what the other said; then objection > refusal > consent. */
    static const enum said expected[SAID_COUNT_][SAID_COUNT_] = {
        [SILENT] = {SILENT,    EMPTY_BOX, GRANTED,   OBJECTED},
        [EMPTY_BOX] = {EMPTY_BOX, EMPTY_BOX, EMPTY_BOX, OBJECTED},
        [GRANTED] = {GRANTED,   EMPTY_BOX, GRANTED,   OBJECTED},
        [OBJECTED] = {OBJECTED,  OBJECTED,  OBJECTED,  OBJECTED},
    };
    for (int ours = 0; ours < SAID_COUNT_; ours++)
        for (int theirs = 0; theirs < SAID_COUNT_; theirs++) {
            struct desk *desk = calloc(1, sizeof *desk);
            assert_non_null(desk);
            desk_init(desk);
            desk_open(desk);
            struct person *survivor = desk_person(desk, "a@example.com");
            struct person *duplicate = desk_person(desk, "b@example.com");
            consent_so(desk, survivor, (enum said)ours);
            consent_so(desk, duplicate, (enum said)theirs);
            desk_merge(desk, duplicate, survivor);
            const struct contact *contact = &survivor->contact;
            const enum said wanted = expected[ours][theirs];
            assert_int_equal(contact->consent_count, wanted != SILENT);
            assert_int_equal(contact_is_objecting(contact), wanted == OBJECTED);
            if (wanted != SILENT)
                assert_int_equal(contact->consents[0].is_granted, wanted == GRANTED);
            desk_done(desk);
            free(desk);
        }
}

static void the_past_of_both_counts(void **state)
{
    struct desk *desk = *state;
    struct person *survivor = desk_person(desk, "a@example.com");
    struct person *duplicate = desk_handoff_in(desk, "b@example.com", HANDOFF_RECYCLED);
    const int64_t until_us = duplicate->contact.nurture_until_us;
    struct input *input = desk_submission(desk, "paper");
    desk_do(desk, survivor, input);
    struct input *channel = desk_input(desk, INPUT_UPSERT);
    channel->activity.channel = STR_LITERAL("event");
    desk_do(desk, duplicate, channel);
    desk_merge(desk, duplicate, survivor);
    assert_str_is(survivor->contact.channel, "event");
    assert_str_is(survivor->contact.journey_step, "consideration");
    assert_int_equal(survivor->contact.reached, STAGE_MQL);
    assert_int_equal(survivor->contact.nurture_until_us, until_us);
    assert_true(survivor->contact.released_at_us != TIME_NONE);
    assert_int_equal(survivor->contact.cycle, 1);
    /* Its latest handoff is the survivor's now, and the rest holds for the survivor too. */
    assert_state(survivor, "recycled");
    assert_stage(survivor, "lead");
    desk_pass(desk, US_PER_DAY);
    desk_do(desk, survivor, as_vp(desk_submission(desk, "guide")));
    assert_decision(survivor, "A1", "mql");
    assert_false(has_handoff(survivor));
    desk->now_us = until_us;
    desk_do(desk, survivor, desk_submission(desk, "guide"));
    assert_true(has_handoff(survivor));
    assert_int_equal(survivor->contact.handoff.cycle, 2);
}

static void too_many_attributes_together_are_refused(void **state)
{
    struct desk *desk = *state;
    struct person *people[2];
    for (size_t p = 0; p < 2; p++) {
        people[p] = desk_person(desk, arena_printf(&desk->arena, "a%zu@example.com", p));
        struct input *input = desk_submission(desk, "quiet");
        for (size_t i = 0; i < 60; i++)
            claim_text(input, arena_printf(&desk->arena, "a%zu_%zu", p, i), "x");
        desk_do(desk, people[p], input);
    }
    struct step step = {
        .person = people[0], .input = desk_input(desk, INPUT_MERGE), .other = people[1]};
    desk_begin_batch(desk, &step, 1);
    const char *before = everything(&people[1]->contact, &desk->arena);
    desk_decide(desk, &step);
    assert_int_equal(step.input->result.code, ERR_CONFLICT);
    assert_string_equal(everything(&people[1]->contact, &desk->arena), before);
    desk_end_batch(desk);
}

static void a_merge_needs_two(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "paper"));
    struct step step = {.person = person, .input = desk_input(desk, INPUT_MERGE)};
    desk_batch(desk, &step, 1);
    assert_int_equal(step.input->result.code, ERR_INVALID);
    step.input = desk_input(desk, INPUT_MERGE);
    step.other = person;
    desk_batch(desk, &step, 1);
    assert_int_equal(step.input->result.code, ERR_INVALID);
    struct person *other = desk_person(desk, "b@example.com");
    desk_do(desk, other, desk_submission(desk, "paper"));
    step = (struct step){.person = person, .input = desk_input(desk, INPUT_MERGE), .other = other};
    step.input->if_version = 77;
    desk_batch(desk, &step, 1);
    assert_int_equal(step.input->result.code, ERR_STALE);
}

/* What a caller did not prepare is no answer, rather than a wrong one. */
static void what_the_caller_owes(void **state)
{
    struct desk *desk = *state;
    struct person *survivor = desk_person(desk, "a@example.com");
    struct person *duplicate = desk_person(desk, "b@example.com");
    desk_do(desk, survivor, desk_submission(desk, "paper"));
    desk_do(desk, duplicate, desk_submission(desk, "paper"));
    struct input *merge = desk_input(desk, INPUT_MERGE);
    struct input *late = desk_activity(desk, "page_view", desk->now_us - US_PER_DAY);
    struct step step = {.person = duplicate, .input = merge, .other = survivor};
    assert_true(change_needs_history(&duplicate->contact, merge, desk->catalog, desk->now_us));
    assert_true(change_needs_history(&duplicate->contact, late, desk->catalog, desk->now_us));
    desk_begin_batch(desk, &step, 0); /* loads nothing */
    assert_int_equal(change_decide(&duplicate->contact, &survivor->contact, merge, &desk->effects),
                     ERR_BUG);
    desk_begin_batch(desk, &step, 0);
    assert_int_equal(change_decide(&survivor->contact, NULL, late, &desk->effects), ERR_BUG);
    desk_merge(desk, duplicate, survivor);
    desk_begin_batch(desk, &step, 0);
    assert_int_equal(
        change_decide(&duplicate->contact, NULL, desk_submission(desk, "paper"), &desk->effects),
        ERR_BUG);
}

/* ---- merge: score ---- */

static void the_score_is_that_of_the_union(void **state)
{
    struct desk *desk = *state;
    struct person *survivor = desk_person(desk, "a@example.com");
    struct person *duplicate = desk_person(desk, "b@example.com");
    struct person *one = desk_person(desk, "c@example.com"); /* did all of it alone */
    static const struct {
        const char *kind;
        int64_t hours;
        bool by_duplicate;
    } past[] = {
        {"webinar_attended", 900, true },
        {"page_view",        700, false},
        {"webinar_attended", 500, false},
        {"page_view",        500, true },
        {"form_submission",  100, true },
        {"subscription",     2,   false},
    };
    for (size_t i = 0; i < ARRAY_LEN(past); i++) {
        const int64_t at_us = desk->now_us - past[i].hours * US_PER_HOUR;
        struct input *input = desk_activity(desk, past[i].kind, at_us);
        struct input *same = desk_activity(desk, past[i].kind, at_us);
        desk_do(desk, past[i].by_duplicate ? duplicate : survivor, input);
        desk_do(desk, one, same);
    }
    desk_merge(desk, duplicate, survivor);
    const struct interest *merged = &survivor->contact.score.interest;
    const struct interest *whole = &one->contact.score.interest;
    assert_int_equal(merged->at_us, whole->at_us);
    assert_memory_equal(merged->v, whole->v, merged->rule_count * sizeof merged->v[0]);
    assert_string_equal(survivor->contact.score.grade, one->contact.score.grade);
    /* Also after one more step, and one that comes late. */
    desk_pass(desk, US_PER_HOUR);
    for (int late = 0; late < 2; late++) {
        const int64_t at_us = desk->now_us - late * 600 * US_PER_HOUR;
        desk_do(desk, survivor, desk_activity(desk, "webinar_attended", at_us));
        desk_do(desk, one, desk_activity(desk, "webinar_attended", at_us));
        assert_memory_equal(merged->v, whole->v, merged->rule_count * sizeof merged->v[0]);
    }
}

static void a_merge_may_make_an_mql(void **state)
{
    struct desk *desk = *state;
    struct person *survivor = desk_person(desk, "a@example.com");
    struct person *duplicate = desk_person(desk, "b@example.com");
    desk_do(desk, survivor, as_vp(desk_submission(desk, "quiet")));
    desk_do(desk, duplicate, desk_submission(desk, "guide"));
    assert_false(has_handoff(survivor) || has_handoff(duplicate));
    desk_merge(desk, duplicate, survivor);
    assert_decision(survivor, "A2", "mql");
    assert_true(has_handoff(survivor));
    json_auto_t *trigger = json_from(survivor->contact.handoff.trigger.data);
    assert_string_equal(json_string_value(json_object_get(trigger, "because")), "merge");
}

/* ---- merge: stages and handoffs ---- */

static void an_open_handoff_of_the_duplicate_goes_on(void **state)
{
    struct desk *desk = *state;
    struct person *survivor = desk_person(desk, "a@example.com");
    desk_do(desk, survivor, desk_submission(desk, "paper"));
    struct person *duplicate = desk_handoff_in(desk, "b@example.com", HANDOFF_ACCEPTED);
    const struct uuid handoff_id = duplicate->contact.handoff.handoff_id;
    const struct uuid owner = duplicate->contact.contact_id;
    desk_merge(desk, duplicate, survivor);
    assert_true(uuid_eq(survivor->contact.handoff.handoff_id, handoff_id));
    assert_true(uuid_eq(survivor->contact.handoff.contact_id, owner)); /* no history moves */
    assert_state(survivor, "accepted");
    assert_stage(survivor, "sal");
    assert_string_equal(event_value(desk, "contact.stage_changed", "reason"), "merge");
    assert_int_equal(clock_of(survivor, "first_contact")->state, CLOCK_RUNNING);
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, survivor, desk_move(desk, survivor, MOVE_ATTEMPTS));
    assert_true(uuid_eq(desk->effects.attempts.items[0].contact_id, owner));
    assert_int_equal(clock_of(survivor, "first_contact")->state, CLOCK_MET);
}

static void of_two_open_handoffs_the_further_one_goes_on(void **state)
{
    (void)state;
    for (int ours = HANDOFF_OPEN; ours <= HANDOFF_OPPORTUNITY; ours++)
        for (int theirs = HANDOFF_OPEN; theirs <= HANDOFF_OPPORTUNITY; theirs++) {
            struct desk *desk = calloc(1, sizeof *desk);
            assert_non_null(desk);
            desk_init(desk);
            desk_open(desk);
            struct person *survivor =
                desk_handoff_in(desk, "a@example.com", (enum handoff_state)ours);
            desk_pass(desk, US_PER_HOUR);
            struct person *duplicate =
                desk_handoff_in(desk, "b@example.com", (enum handoff_state)theirs);
            const struct uuid our_id = survivor->contact.handoff.handoff_id;
            const struct uuid their_id = duplicate->contact.handoff.handoff_id;
            desk_merge(desk, duplicate, survivor);
            const bool is_theirs = theirs > ours;
            const struct contact *contact = &survivor->contact;
            assert_true(uuid_eq(contact->handoff.handoff_id, is_theirs ? their_id : our_id));
            assert_int_equal(contact->handoff.state, is_theirs ? theirs : ours);
            assert_int_equal(contact->cycle, 2);
            /* The other one is closed, without a verdict, and written. */
            assert_int_equal(desk->effects.handoffs.count, is_theirs);
            const struct handoff *closed = is_theirs ? &desk->effects.handoffs.items[0].handoff
                                                     : &duplicate->contact.handoff;
            assert_int_equal(closed->state, HANDOFF_REJECTED);
            assert_str_is(closed->reason, "duplicate");
            assert_true(closed->is_dirty);
            assert_true(uuid_eq(closed->handoff_id, is_theirs ? our_id : their_id));
            assert_string_equal(event_value(desk, "handoff.rejected", "reason"), "duplicate");
            assert_true(contact->stage != STAGE_DISQUALIFIED);
            desk_done(desk);
            free(desk);
        }
}

static void closing_a_duplicate_is_no_verdict(void **state)
{
    struct desk *desk = *state;
    desk_drop_policies(desk);
    desk_policy(desk, 1,
                "\"position\":1,\"kind\":\"acceptance\",\"starts\":\"mql\",\"target\":"
                "\"PT4H\",\"warn_at\":[]");
    desk_open(desk);
    struct person *survivor = desk_handoff_in(desk, "a@example.com", HANDOFF_ACCEPTED);
    struct person *duplicate = desk_mql(desk, "b@example.com");
    desk_merge(desk, duplicate, survivor);
    assert_int_equal(clock_of(duplicate, "acceptance")->state, CLOCK_CANCELLED);
    assert_str_is(clock_of(duplicate, "acceptance")->end_reason, "merge");
}

static void later_stages_win_and_the_side_exit_pulls_nobody(void **state)
{
    (void)state;
    static const struct {
        enum handoff_state ours;
        enum handoff_state theirs;
        const char *stage;
    } cases[] = {
        {HANDOFF_RECYCLED, HANDOFF_REJECTED,    "lead"        },
        {HANDOFF_REJECTED, HANDOFF_RECYCLED,    "disqualified"},
        {HANDOFF_REJECTED, HANDOFF_ACCEPTED,    "disqualified"},
        {HANDOFF_ACCEPTED, HANDOFF_REJECTED,    "sal"         },
        {HANDOFF_WON,      HANDOFF_REJECTED,    "customer"    },
        {HANDOFF_REJECTED, HANDOFF_WON,         "customer"    },
        {HANDOFF_WON,      HANDOFF_OPPORTUNITY, "customer"    },
        {HANDOFF_OPEN,     HANDOFF_WON,         "customer"    },
        {HANDOFF_LOST,     HANDOFF_QUALIFIED,   "sql"         },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct desk *desk = calloc(1, sizeof *desk);
        assert_non_null(desk);
        desk_init(desk);
        desk_open(desk);
        struct person *survivor = desk_handoff_in(desk, "a@example.com", cases[i].ours);
        struct person *duplicate = desk_handoff_in(desk, "b@example.com", cases[i].theirs);
        desk_merge(desk, duplicate, survivor);
        assert_stage(survivor, cases[i].stage);
        /* Who is a customer is sold more; who is out has no handoff that goes on. */
        if (has_handoff(survivor))
            assert_int_equal(survivor->contact.handoff.purpose,
                             strcmp(cases[i].stage, "customer") == 0 ? PURPOSE_UPSELL
                                                                     : PURPOSE_CLOSE);
        if (strcmp(cases[i].stage, "disqualified") == 0)
            assert_false(has_handoff(survivor) || has_handoff(duplicate));
        desk_done(desk);
        free(desk);
    }
}

/* ---- deals ---- */

static struct input *a_deal(struct desk *desk, int64_t won_at_us)
{
    struct input *input = desk_input(desk, INPUT_DEAL);
    input->deal = (struct deal_input){
        .kind = STR_LITERAL("new"),
        .has_amount = true,
        .amount = 4200,
        .currency = STR_LITERAL("BRL"),
        .won_at_us = won_at_us,
        .assignee = desk_uuid(DESK_MEMBER),
    };
    return input;
}

static void a_deal_implies_the_stages_before_it(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "paper"));
    desk_pass(desk, US_PER_DAY);
    struct input *input = a_deal(desk, desk->now_us - US_PER_HOUR);
    desk_do(desk, person, input);
    assert_stage(person, "customer");
    assert_int_equal(person->contact.reached, STAGE_CUSTOMER);
    static const enum stage expected[] = {STAGE_MQL, STAGE_SAL, STAGE_SQL, STAGE_OPPORTUNITY,
                                          STAGE_CUSTOMER};
    assert_int_equal(desk->effects.stages.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const struct stage_row *row = &desk->effects.stages.items[i];
        assert_int_equal(row->to, expected[i]);
        assert_int_equal(row->from, i == 0 ? STAGE_LEAD : expected[i - 1]);
        assert_int_equal(row->is_implied, expected[i] != STAGE_CUSTOMER);
        assert_int_equal(row->at_us, desk->now_us - US_PER_HOUR);
        assert_false(row->is_historical);
    }
    /* The feed tells what is known. */
    assert_told(desk, "contact.stage_changed");
    assert_string_equal(event_value(desk, "contact.stage_changed", "from"), "lead");
    assert_string_equal(event_value(desk, "contact.stage_changed", "to"), "customer");
    assert_int_equal(desk->effects.deals.count, 1);
    assert_int_equal(desk->effects.deals.items[0].amount, 4200);
    assert_true(uuid_is_nil(desk->effects.deals.items[0].handoff_id));
    assert_true(uuid_eq(desk->effects.deals.items[0].deal_id, input->result.id));
    assert_int_equal(person->contact.cycle, 0); /* no handoff is made up */
    /* A further deal of a customer changes nothing about the contact. */
    const int32_t version = person->contact.version;
    desk_do(desk, person, a_deal(desk, TIME_NONE));
    assert_told(desk, "");
    assert_int_equal(desk->effects.deals.items[0].won_at_us, desk->now_us);
    assert_int_equal(person->contact.version, version);
}

static void a_deal_begins_with_the_lead(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_input(desk, INPUT_UPSERT);
    input->creates = true;
    desk_do(desk, person, input);
    assert_stage(person, "contact");
    desk_do(desk, person, a_deal(desk, TIME_NONE));
    assert_int_equal(desk->effects.stages.items[0].to, STAGE_LEAD);
    assert_true(desk->effects.stages.items[0].is_implied);
    assert_int_equal(desk->effects.stages.count, 6);
}

static void a_deal_of_history(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_ACCEPTED);
    desk_pass(desk, US_PER_DAY);
    struct input *input = a_deal(desk, TIME_NONE);
    assert_int_equal(desk_run(desk, person, input), ERR_CONFLICT); /* win that one */
    assert_true(input->result.has_state);
    input = a_deal(desk, DESK_START_US - 400 * US_PER_DAY);
    input->is_historical = true;
    input->deal.deal_id = desk_uuid(DESK_OTHER);
    desk_do(desk, person, input);
    assert_stage(person, "customer");
    assert_true(desk->effects.deals.items[0].is_historical);
    assert_true(uuid_eq(desk->effects.deals.items[0].deal_id, desk_uuid(DESK_OTHER)));
    for (size_t i = 0; i < desk->effects.stages.count; i++) {
        assert_true(desk->effects.stages.items[i].is_historical);
        assert_int_equal(desk->effects.stages.items[i].at_us, DESK_START_US - 400 * US_PER_DAY);
    }
    assert_true(
        json_is_true(json_object_get(event_of(desk, "contact.stage_changed"), "historical")));
    /* What was open with a customer-to-be is an upsell now: no move lowers the stage. */
    assert_int_equal(person->contact.handoff.purpose, PURPOSE_UPSELL);
    desk_do(desk, person, desk_move(desk, person, MOVE_RECYCLE));
    assert_stage(person, "customer");
}

static void a_deal_of_somebody_disqualified(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_REJECTED);
    assert_int_equal(desk_run(desk, person, a_deal(desk, TIME_NONE)), ERR_CONFLICT);
    assert_stage(person, "disqualified");
    assert_int_equal(desk->effects.deals.count, 0);
    /* What was won in the past was won, whatever was thought since. */
    struct input *input = a_deal(desk, DESK_START_US - 400 * US_PER_DAY);
    input->is_historical = true;
    desk_do(desk, person, input);
    assert_stage(person, "customer");
    assert_int_equal(desk->effects.stages.count, 1);
    assert_string_equal(event_value(desk, "contact.stage_changed", "from"), "disqualified");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(attributes_follow_the_source_rule),
        cmocka_unit_test(consents_are_the_most_restrictive),
        DESK_TEST(the_past_of_both_counts),
        DESK_TEST(too_many_attributes_together_are_refused),
        DESK_TEST(a_merge_needs_two),
        DESK_TEST(what_the_caller_owes),
        DESK_TEST(the_score_is_that_of_the_union),
        DESK_TEST(a_merge_may_make_an_mql),
        DESK_TEST(an_open_handoff_of_the_duplicate_goes_on),
        cmocka_unit_test(of_two_open_handoffs_the_further_one_goes_on),
        CLOSED_DESK_TEST(closing_a_duplicate_is_no_verdict),
        cmocka_unit_test(later_stages_win_and_the_side_exit_pulls_nobody),
        DESK_TEST(a_deal_implies_the_stages_before_it),
        DESK_TEST(a_deal_begins_with_the_lead),
        DESK_TEST(a_deal_of_history),
        DESK_TEST(a_deal_of_somebody_disqualified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
