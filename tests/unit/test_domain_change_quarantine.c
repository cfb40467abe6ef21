/* Proves that what is not trusted changes nobody and tells nothing, that its release is the
 * submission itself with the times it first had, and that an entry is settled once. */
#include "test_domain_change_support.h"

static int set_up(void **state)
{
    static struct desk desk;
    desk_init(&desk);
    desk_open(&desk);
    *state = &desk;
    return 0;
}

static int tear_down(void **state)
{
    desk_done(*state);
    return 0;
}

#define ENTRY "01936b1f-0000-7000-8000-00000000ff01"

/* Decides what is about nobody, and nothing but that. */
static void decide_alone(struct desk *desk, struct input *input)
{
    desk_begin_batch(desk, NULL, 0);
    assert_false(change_needs_contact(input));
    assert_int_equal(change_decide(NULL, NULL, input, &desk->effects), OK);
    assert_int_equal(desk->effects.events.count, 0);
    assert_int_equal(desk->effects.activities.count, 0);
    assert_false(desk->effects.has_clocks);
}

static struct input *release_of(struct desk *desk, int64_t occurred_at_us, int64_t received_at_us)
{
    struct input *input = as_vp(desk_submission(desk, "guide"));
    input->quarantine.id = desk_uuid(ENTRY);
    input->quarantine.settled_by = STR_LITERAL("member:" DESK_MEMBER);
    input->activity.occurred_at_us = occurred_at_us;
    input->activity.received_at_us = received_at_us;
    return input;
}

static void a_suspicion_is_about_nobody(void **state)
{
    struct desk *desk = *state;
    struct input *input = as_vp(desk_submission(desk, "guide"));
    assert_true(change_needs_contact(input));
    input->quarantine.suspicions = SUSPICION_BIT(SUSPICION_HONEYPOT);
    input->quarantine.found = SUSPICION_BIT(SUSPICION_TOKEN_USED);
    decide_alone(desk, input);
    assert_int_equal(desk->effects.quarantines.count, 1);
    const struct quarantine_row *row = &desk->effects.quarantines.items[0];
    assert_int_equal(row->suspicions,
                     SUSPICION_BIT(SUSPICION_HONEYPOT) | SUSPICION_BIT(SUSPICION_TOKEN_USED));
    assert_int_equal(row->received_at_us, desk->now_us);
    assert_int_equal(row->occurred_at_us, desk->now_us);
    assert_int_equal(input->result.code, OK);
    assert_true(input->result.is_set_aside && input->result.changed);
    assert_true(uuid_eq(input->result.id, input->activity.id));
    assert_true(uuid_is_nil(input->result.contact_id));
    assert_int_equal(input->result.received_at_us, desk->now_us);
}

static void times_of_its_own_are_kept(void **state)
{
    struct desk *desk = *state;
    struct input *input = desk_submission(desk, "guide");
    input->quarantine.suspicions = SUSPICION_BIT(SUSPICION_INVALID_AT_DRAIN);
    input->quarantine.raw = STR_LITERAL("{\"email\": 1}");
    input->activity.received_at_us = desk->now_us - US_PER_HOUR;
    decide_alone(desk, input);
    assert_int_equal(desk->effects.quarantines.items[0].received_at_us, desk->now_us - US_PER_HOUR);
    assert_int_equal(desk->effects.quarantines.items[0].occurred_at_us, desk->now_us - US_PER_HOUR);
    input->activity.occurred_at_us = desk->now_us - 2 * US_PER_HOUR;
    decide_alone(desk, input);
    assert_int_equal(desk->effects.quarantines.items[0].occurred_at_us,
                     desk->now_us - 2 * US_PER_HOUR);
}

static void what_only_the_store_found_leaves_the_contact_alone(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "news"));
    desk_pass(desk, US_PER_HOUR);
    const char *before = NULL;
    struct input *input = as_vp(desk_submission(desk, "demo"));
    claim_consent(input, "marketing_email", true);
    input->quarantine.found = SUSPICION_BIT(SUSPICION_REPEATED_ADDRESS);
    desk_begin_batch(desk, NULL, 0);
    before = everything(&person->contact, &desk->arena);
    desk_decide(desk, &(struct step){.person = person, .input = input});
    desk_end_batch(desk);
    assert_string_equal(everything(&person->contact, &desk->arena), before);
    assert_told(desk, "");
    assert_int_equal(desk->effects.quarantines.count, 1);
    assert_true(uuid_is_nil(input->result.contact_id));
}

static void what_is_watched_is_remembered_either_way(void **state)
{
    struct desk *desk = *state;
    const struct suspicion_watch token_alone = {.token = desk_uuid(ENTRY)};
    const struct suspicion_watch marks = {.address = desk_uuid(ENTRY), .more_than = 1};
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_submission(desk, "guide");
    input->quarantine.watch = &token_alone;
    desk_do(desk, person, input);
    assert_int_equal(desk->effects.traces.count, 0);
    input = desk_submission(desk, "guide");
    input->quarantine.watch = &marks;
    desk_do(desk, person, input);
    assert_int_equal(desk->effects.traces.count, 1);
    assert_ptr_equal(desk->effects.traces.items[0], input);
    input = desk_submission(desk, "guide");
    input->quarantine.watch = &marks;
    input->quarantine.suspicions = SUSPICION_BIT(SUSPICION_HONEYPOT);
    decide_alone(desk, input);
    assert_int_equal(desk->effects.traces.count, 1);
}

static void its_release_is_the_submission_with_the_times_it_had(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    const int64_t occurred_us = desk->now_us - 3 * US_PER_HOUR;
    const int64_t received_us = desk->now_us - 2 * US_PER_HOUR;
    struct input *input = release_of(desk, occurred_us, received_us);
    assert_true(change_needs_contact(input));
    desk_do(desk, person, input);
    assert_stage(person, "mql");
    assert_decision(person, "A2", "mql");
    const struct activity_row *row = &desk->effects.activities.items[0];
    assert_int_equal(row->occurred_at_us, occurred_us);
    assert_int_equal(row->received_at_us, received_us);
    assert_int_equal(input->result.received_at_us, received_us);
    assert_non_null(event_of(desk, "submission.received"));
    /* What sales promised begins when sales can know. */
    assert_true(person->contact.clock_count > 0);
    assert_int_equal(person->contact.clocks[0].started_at_us, desk->now_us);
    assert_int_equal(desk->effects.settlements.count, 1);
    const struct settlement_row *settled = &desk->effects.settlements.items[0];
    assert_int_equal(settled->state, QUARANTINE_RELEASED);
    assert_true(uuid_eq(settled->contact_id, person->contact.contact_id));
    assert_int_equal(settled->occurred_at_us, occurred_us);
}

static void an_entry_is_settled_once(void **state)
{
    struct desk *desk = *state;
    static const struct {
        enum input_kind kind;
        enum quarantine_state stands;
        enum err_code code;
        size_t settled;
    } cases[] = {
        {INPUT_PURGE,      QUARANTINE_HELD,     OK,            1},
        {INPUT_PURGE,      QUARANTINE_PURGED,   OK,            0},
        {INPUT_PURGE,      QUARANTINE_RELEASED, ERR_CONFLICT,  0},
        {INPUT_PURGE,      QUARANTINE_NONE,     ERR_NOT_FOUND, 0},
        {INPUT_SUBMISSION, QUARANTINE_RELEASED, OK,            0},
        {INPUT_SUBMISSION, QUARANTINE_PURGED,   ERR_CONFLICT,  0},
        {INPUT_SUBMISSION, QUARANTINE_NONE,     ERR_NOT_FOUND, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct input *input = release_of(desk, TIME_NONE, 0);
        input->kind = cases[i].kind;
        input->quarantine.state = cases[i].stands;
        input->quarantine.contact_id = desk_uuid(DESK_OTHER);
        decide_alone(desk, input);
        assert_int_equal(input->result.code, cases[i].code);
        assert_int_equal(desk->effects.settlements.count, cases[i].settled);
        assert_int_equal(input->result.changed, cases[i].settled);
        assert_int_equal(input->result.is_replay, cases[i].code == OK && cases[i].settled == 0);
        if (cases[i].settled > 0)
            assert_int_equal(desk->effects.settlements.items[0].state, QUARANTINE_PURGED);
        if (input->result.is_replay && input->kind == INPUT_SUBMISSION)
            assert_true(uuid_eq(input->result.contact_id, desk_uuid(DESK_OTHER)));
        if (cases[i].code != OK)
            assert_non_null(input->result.detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_suspicion_is_about_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_of_its_own_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_only_the_store_found_leaves_the_contact_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_watched_is_remembered_either_way, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(its_release_is_the_submission_with_the_times_it_had, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_entry_is_settled_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
