/*
 * Erasure: what it leaves of a contact, who may bring an erased address back, and what is answered
 * about somebody who is not there any more.
 */
#include "test_domain_change_support.h"

static void erase(struct desk *desk, struct person *person)
{
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, by_member(desk_input(desk, INPUT_ERASE)));
}

static void nothing_personal_is_left_and_the_figures_stay(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_WON);
    person->contact.channel = STR_LITERAL("paid_search");
    struct input *input = by_member(desk_input(desk, INPUT_ERASE));
    const int32_t version = person->contact.version;
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, input);
    const struct contact *contact = &person->contact;
    assert_true(contact_is_erased(contact));
    assert_null(contact->email.data);
    assert_int_equal(contact->attribute_count, 0);
    assert_int_equal(contact->consent_count, 0);
    assert_int_equal(contact->version, version + 1);
    assert_true(contact->is_dirty);
    assert_false(contact->score.is_dirty);
    assert_stage(person, "customer");
    assert_state(person, "won");
    assert_str_is(contact->channel, "paid_search");
    assert_told(desk, "contact.erased");
    assert_int_equal(desk->effects.erasures.count, 1);
    assert_true(uuid_eq(desk->effects.erasures.items[0].contact_id, contact->contact_id));
    assert_ptr_equal(desk->effects.erasures.items[0].input, input);
    assert_int_equal(desk->effects.stages.count, 0);
    assert_true(uuid_eq(input->result.id, contact->contact_id));
}

static void erasing_again_changes_nothing(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    erase(desk, person);
    const int32_t version = person->contact.version;
    struct input *input = desk_input(desk, INPUT_ERASE);
    input->if_version = 1; /* whoever read it before is answered the same */
    desk_do(desk, person, input);
    assert_false(input->result.changed);
    assert_told(desk, "");
    assert_int_equal(desk->effects.erasures.count, 0);
    assert_int_equal(person->contact.version, version);
    assert_false(person->contact.is_dirty);
}

static void an_open_handoff_ends_and_its_clocks_are_excused(void **state)
{
    struct desk *desk = *state;
    static const enum handoff_state states[] = {HANDOFF_OPEN, HANDOFF_ACCEPTED, HANDOFF_CONTACTED,
                                                HANDOFF_QUALIFIED, HANDOFF_OPPORTUNITY};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct person *person =
            desk_handoff_in(desk, arena_printf(&desk->arena, "a%zu@example.com", i), states[i]);
        const enum stage stage = person->contact.stage;
        erase(desk, person);
        assert_state(person, "rejected");
        assert_str_is(person->contact.handoff.reason, "erased");
        assert_int_equal(person->contact.stage, stage);
        for (size_t c = 0; c < person->contact.clock_count; c++) {
            const enum clock_state ended = person->contact.clocks[c].state;
            assert_true(ended == CLOCK_EXCUSED || ended == CLOCK_MET);
        }
        assert_string_equal(event_value(desk, "handoff.rejected", "reason"), "erased");
        assert_non_null(strstr(told(desk), "contact.erased"));
    }
}

static void a_broken_promise_stays_broken(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_pass(desk, 2 * US_PER_DAY);
    erase(desk, person);
    assert_int_equal(clock_of(person, "first_contact")->state, CLOCK_BREACHED);
}

static void whoever_asks_about_it_is_told_that_it_is_gone(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    struct person *other = desk_mql(desk, "b@example.com");
    struct input *move = desk_move(desk, person, MOVE_ACCEPT);
    erase(desk, person);
    desk_run(desk, person, move);
    assert_int_equal(move->result.code, ERR_GONE);
    static const enum input_kind kinds[] = {INPUT_PATCH, INPUT_HANDOFF,   INPUT_DECISION,
                                            INPUT_DEAL,  INPUT_REQUALIFY, INPUT_CONSENT};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        assert_int_equal(desk_run(desk, person, desk_input(desk, kinds[i])), ERR_GONE);
    struct step into_it = {
        .person = other, .input = desk_input(desk, INPUT_MERGE), .other = person};
    desk_batch(desk, &into_it, 1);
    assert_int_equal(into_it.input->result.code, ERR_GONE);
    struct step of_it = {.person = person, .input = desk_input(desk, INPUT_MERGE), .other = other};
    desk_batch(desk, &of_it, 1);
    assert_int_equal(of_it.input->result.code, ERR_GONE);
}

static void only_its_owner_brings_an_erased_address_back(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *upsert = desk_input(desk, INPUT_UPSERT);
    upsert->creates = true;
    struct input *activity = desk_activity(desk, "page_view", TIME_NONE);
    struct input *submission = desk_submission(desk, "guide");
    struct input *again = desk_input(desk, INPUT_UPSERT);
    again->creates = true;
    struct input *const inputs[] = {upsert, activity, submission, again};
    struct step steps[ARRAY_LEN(inputs)];
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        inputs[i]->suppression = SUPPRESSION_FOUND;
        steps[i] = (struct step){.person = person, .input = inputs[i]};
    }
    desk_batch(desk, steps, ARRAY_LEN(steps));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(inputs[i]->result.code, ERR_INVALID);
        assert_string_equal(inputs[i]->result.faults->items[0].code, "suppressed");
        assert_string_equal(inputs[i]->result.faults->items[0].pointer, "/email");
    }
    assert_int_equal(submission->result.code, OK);
    assert_true(submission->result.is_new_contact);
    assert_int_equal(again->result.code, OK); /* the contact is there, by its owner's own act */
    assert_stage(person, "lead");
}

static void an_erased_address_is_given_to_nobody_else(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    struct input *patch = desk_input(desk, INPUT_PATCH);
    patch->new_email = STR_LITERAL("b@example.com");
    patch->new_email_key = patch->new_email;
    patch->new_email_owner = person->contact.contact_id;
    patch->suppression = SUPPRESSION_FOUND;
    assert_int_equal(desk_run(desk, person, patch), ERR_INVALID);
    assert_string_equal(patch->result.faults->items[0].code, "suppressed");
}

static void without_the_key_nobody_is_erased_or_brought_in(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    struct input *input = desk_input(desk, INPUT_ERASE);
    input->suppression = SUPPRESSION_UNKNOWN;
    assert_int_equal(desk_run(desk, person, input), ERR_CONFLICT);
    assert_non_null(strstr(input->result.detail, "RELAIS_PRIVACY_KEY_FILE"));
    struct person *other = desk_person(desk, "b@example.com");
    struct input *upsert = desk_input(desk, INPUT_UPSERT);
    upsert->creates = true;
    upsert->suppression = SUPPRESSION_UNKNOWN;
    assert_int_equal(desk_run(desk, other, upsert), ERR_CONFLICT);
    struct input *submission = desk_submission(desk, "guide");
    submission->suppression = SUPPRESSION_UNKNOWN;
    desk_do(desk, other, submission);
    /* Who is there is written to as ever. */
    upsert = desk_input(desk, INPUT_UPSERT);
    upsert->creates = true;
    upsert->suppression = SUPPRESSION_UNKNOWN;
    desk_do(desk, other, upsert);
}

static void what_comes_behind_an_erasure_in_its_batch(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    struct input *upsert = desk_input(desk, INPUT_UPSERT);
    upsert->creates = true;
    upsert->email_key = STR_LITERAL("a@example.com");
    struct step steps[] = {
        {.person = person, .input = desk_input(desk, INPUT_ERASE)},
        {.person = person,                .input = upsert                        },
    };
    desk_batch(desk, steps, ARRAY_LEN(steps));
    assert_int_equal(upsert->result.code, ERR_INVALID);
    assert_string_equal(upsert->result.faults->items[0].code, "suppressed");
    /* A submission makes a new contact, which this batch cannot. */
    struct input *submission = desk_submission(desk, "guide");
    submission->email_key = STR_LITERAL("a@example.com");
    assert_int_equal(change_decide(&person->contact, /* other= */ NULL, submission, &desk->effects),
                     ERR_CONFLICT);
}

static void an_unknown_contact_leaves_its_line_alone(void **state)
{
    struct desk *desk = *state;
    const struct sha256 hash = sha256_of(STR_LITERAL("x"));
    struct input *input = desk_input(desk, INPUT_ERASE);
    input->contact_id = desk_uuid(DESK_MEMBER);
    input->erasure = (struct erasure_input){.hashes = &hash, .hash_count = 1};
    desk->effects = (struct effects){.arena = &desk->arena, .now_us = desk->now_us};
    assert_int_equal(change_erase_unknown(input, &desk->effects), OK);
    assert_int_equal(input->result.code, OK);
    assert_true(input->result.changed);
    assert_int_equal(desk->effects.erasures.count, 1);
    assert_int_equal(desk->effects.events.count, 0);
    input->suppression = SUPPRESSION_UNKNOWN;
    assert_int_equal(change_erase_unknown(input, &desk->effects), OK);
    assert_int_equal(input->result.code, ERR_CONFLICT);
    assert_int_equal(desk->effects.erasures.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(nothing_personal_is_left_and_the_figures_stay),
        DESK_TEST(erasing_again_changes_nothing),
        DESK_TEST(an_open_handoff_ends_and_its_clocks_are_excused),
        DESK_TEST(a_broken_promise_stays_broken),
        DESK_TEST(whoever_asks_about_it_is_told_that_it_is_gone),
        DESK_TEST(only_its_owner_brings_an_erased_address_back),
        DESK_TEST(an_erased_address_is_given_to_nobody_else),
        DESK_TEST(without_the_key_nobody_is_erased_or_brought_in),
        DESK_TEST(what_comes_behind_an_erasure_in_its_batch),
        DESK_TEST(an_unknown_contact_leaves_its_line_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
