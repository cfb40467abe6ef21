/*
 * Consent as a record: what adds to it, who is told, what an objection stops, and which way of
 * making contact is left.
 */
#include "test_domain_change_support.h"

static struct input *saying(struct desk *desk, const char *purpose, bool is_granted)
{
    struct input *input = desk_input(desk, INPUT_PATCH);
    claim_consent(input, purpose, is_granted);
    desk_pass(desk, US_PER_HOUR);
    return input;
}

static struct input *form_saying(struct desk *desk, const char *form, bool is_granted)
{
    struct input *input = desk_submission(desk, form);
    claim_consent(input, "marketing_email", is_granted);
    desk_pass(desk, US_PER_HOUR);
    return input;
}

static struct input *by_hand(struct desk *desk, const char *purpose, bool is_granted)
{
    struct input *input = by_member(desk_input(desk, INPUT_CONSENT));
    input->source = SOURCE_PERSON;
    claim_consent(input, purpose, is_granted);
    input->note = STR_LITERAL(BY_HAND);
    desk_pass(desk, US_PER_HOUR);
    return input;
}

static const struct consent *state_of(const struct person *person, const char *purpose)
{
    return contact_consent_to(&person->contact, str_from(purpose));
}

/* ---- the record ---- */

static void a_row_says_who_what_where_and_which_wording(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = form_saying(desk, "quiet", true);
    input->network = STR_LITERAL("203.0.113.0/24");
    desk_do(desk, person, input);
    assert_int_equal(desk->effects.consents.count, 1);
    const struct consent_row *row = &desk->effects.consents.items[0];
    assert_str_is(row->text, "I agree");
    /* printf 'I agree' | sha256sum */
    assert_str_is(row->text_version, "99955b75e0544165");
    assert_str_is(row->source, "form:quiet");
    assert_str_is(row->actor, "form:quiet");
    assert_str_is(row->network, "203.0.113.0/24");
    assert_null(row->note.data);
    assert_false(row->is_objection);
    assert_true(uuid_eq(row->activity_id, input->activity.id));
    assert_int_equal(row->at_us, desk->now_us);
}

static void another_wording_renews_the_consent(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, form_saying(desk, "quiet", true));
    desk_do(desk, person, form_saying(desk, "quiet", true));
    assert_int_equal(desk->effects.consents.count, 0);
    struct input *input = form_saying(desk, "quiet", true);
    input->consent_text = STR_LITERAL("I agree to more");
    desk_do(desk, person, input);
    assert_int_equal(desk->effects.consents.count, 1);
    assert_str_is(desk->effects.consents.items[0].text, "I agree to more");
    /* Agreeing where there is nothing to read renews nothing, neither does refusing again. */
    input = form_saying(desk, "quiet", true);
    input->consent_text = (struct str){.data = NULL};
    desk_do(desk, person, input);
    assert_int_equal(desk->effects.consents.count, 0);
    desk_do(desk, person, form_saying(desk, "quiet", false));
    input = form_saying(desk, "quiet", false);
    input->consent_text = STR_LITERAL("I agree to all");
    desk_do(desk, person, input);
    assert_int_equal(desk->effects.consents.count, 0);
}

static void a_change_is_told_by_its_name_alone(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, form_saying(desk, "quiet", true));
    assert_null(strstr(told(desk), "contact.updated")); /* it is new: nobody knows it otherwise */
    desk_do(desk, person, form_saying(desk, "quiet", true));
    assert_null(strstr(told(desk), "contact.updated"));
    desk_do(desk, person, saying(desk, "marketing_email", false));
    assert_told(desk, "contact.updated");
    const json_t *fields = json_object_get(event_of(desk, "contact.updated"), "fields");
    assert_int_equal(json_array_size(fields), 1);
    assert_string_equal(json_string_value(json_array_get(fields, 0)), "consents");
}

static void what_is_recorded_by_hand_is_always_added(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "quiet"));
    for (int i = 0; i < 2; i++) {
        struct input *input = by_hand(desk, "phone", true);
        input->consent_text = STR_LITERAL("You may call me");
        desk_do(desk, person, input);
        assert_int_equal(desk->effects.consents.count, 1);
        const struct consent_row *row = &desk->effects.consents.items[0];
        assert_true(uuid_eq(input->result.id, row->id));
        assert_str_is(row->note, BY_HAND);
        assert_str_is(row->text, "You may call me");
        assert_str_is(row->source, "api");
        assert_str_is(row->actor, "member:" DESK_MEMBER);
        assert_null(row->network.data);
        assert_told(desk, "contact.updated");
    }
    desk_do(desk, person, by_hand(desk, "phone", false));
    assert_true(desk->effects.consents.items[0].is_objection);
    assert_true(contact_is_objecting(&person->contact));
}

static void one_purpose_too_many_is_refused_by_hand(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_submission(desk, "quiet");
    for (size_t i = 0; i < CONSENTS_MAX; i++)
        claim_consent(input, arena_printf(&desk->arena, "p%zu", i), true);
    desk_do(desk, person, input);
    assert_int_equal(desk_run(desk, person, by_hand(desk, "one_more", true)), ERR_INVALID);
    desk_do(desk, person, by_hand(desk, "p3", false));
    assert_true(state_of(person, "p3")->is_objection);
}

/* ---- an open handoff ---- */

static void an_objection_takes_back_what_the_score_handed_over(void **state)
{
    struct desk *desk = *state;
    for (int accepted = 0; accepted < 2; accepted++) {
        struct person *person = desk_handoff_in(desk, accepted ? "b@example.com" : "a@example.com",
                                                accepted ? HANDOFF_ACCEPTED : HANDOFF_OPEN);
        const struct uuid clock_id = clock_of(person, "first_contact")->clock_id;
        desk_do(desk, person, by_hand(desk, "marketing_email", false));
        assert_state(person, "recycled");
        assert_stage(person, "lead");
        assert_str_is(person->contact.handoff.reason, "objection");
        const struct clock_record *clock = clock_of(person, "first_contact");
        assert_true(uuid_eq(clock->clock_id, clock_id));
        assert_string_equal(clock_state_names[clock->state], "excused");
        assert_told(desk, "contact.stage_changed sla.cancelled handoff.recycled contact.updated");
        assert_string_equal(event_value(desk, "handoff.recycled", "reason"), "objection");
        /* It does not come back by itself, and at once when consent is given anew. */
        desk_do(desk, person, desk_submission(desk, "guide"));
        assert_false(has_handoff(person));
        desk_do(desk, person, form_saying(desk, "guide", true));
        assert_true(has_handoff(person));
    }
}

static void a_paused_handoff_is_taken_back_too(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_do(desk, person, desk_move(desk, person, MOVE_PAUSE));
    desk_do(desk, person, by_hand(desk, "marketing", false));
    assert_state(person, "recycled");
    assert_string_equal(clock_state_names[clock_of(person, "first_contact")->state], "excused");
}

static void a_breached_clock_stays_breached(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_pass(desk, 2 * US_PER_DAY);
    desk_do(desk, person, by_hand(desk, "marketing_email", false));
    assert_state(person, "recycled");
    assert_string_equal(clock_state_names[clock_of(person, "first_contact")->state], "breached");
}

static void what_has_begun_or_was_asked_for_goes_on(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_CONTACTED);
    desk_do(desk, person, by_hand(desk, "marketing_email", false));
    assert_state(person, "contacted");
    person = desk_mql(desk, "b@example.com");
    desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
    desk_do(desk, person, by_hand(desk, "marketing_email", false));
    assert_state(person, "open"); /* somebody has tried to reach the person */
    person = desk_person(desk, "c@example.com");
    desk_do(desk, person, desk_submission(desk, "demo"));
    desk_do(desk, person, by_hand(desk, "marketing_email", false));
    assert_state(person, "open"); /* a demo was asked for */
    person = desk_handoff_in(desk, "d@example.com", HANDOFF_WON);
    desk_do(desk, person, by_hand(desk, "marketing_email", false));
    assert_state(person, "won");
    assert_stage(person, "customer");
}

/* Whoever takes a second e-book and leaves the box empty has more interest, not less. */
static void an_empty_box_takes_back_no_handoff(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = as_vp(form_saying(desk, "guide", true));
    desk_do(desk, person, input);
    assert_state(person, "open");
    desk_do(desk, person, form_saying(desk, "paper", false));
    assert_true(contact_is_objecting(&person->contact));
    assert_state(person, "open");
    /* Said once more by other means it is nothing new. */
    desk_do(desk, person, saying(desk, "marketing_email", false));
    assert_state(person, "open");
}

static void a_customers_upsell_is_taken_back_and_the_stage_stays(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_WON);
    desk_do(desk, person, desk_input(desk, INPUT_HANDOFF));
    assert_int_equal(person->contact.handoff.purpose, PURPOSE_UPSELL);
    desk_do(desk, person, by_hand(desk, "marketing", false));
    assert_state(person, "recycled");
    assert_stage(person, "customer");
}

/* ---- merges ---- */

static void of_two_alike_the_later_word_is_kept(void **state)
{
    struct desk *desk = *state;
    for (int first = 0; first < 2; first++) {
        struct person *survivor = desk_person(desk, first ? "a@example.com" : "c@example.com");
        struct person *duplicate = desk_person(desk, first ? "b@example.com" : "d@example.com");
        desk_do(desk, survivor, desk_submission(desk, "quiet"));
        desk_do(desk, duplicate, desk_submission(desk, "quiet"));
        desk_do(desk, first ? survivor : duplicate, saying(desk, "marketing_email", false));
        const int64_t between_us = desk->now_us + US_PER_MS;
        desk_do(desk, first ? duplicate : survivor, saying(desk, "marketing_email", false));
        const int64_t later_us = desk->now_us;
        desk_merge(desk, duplicate, survivor);
        assert_int_equal(state_of(survivor, "marketing_email")->at_us, later_us);
        assert_int_equal(desk->effects.consents.count, 0); /* the lines of both say it */
        /* What was granted before the later objection and comes now is the earlier word. */
        struct input *late = desk_submission(desk, "quiet");
        late->activity.occurred_at_us = between_us;
        claim_consent(late, "marketing_email", true);
        desk_do(desk, survivor, late);
        assert_true(contact_is_objecting(&survivor->contact));
        desk_do(desk, survivor, form_saying(desk, "quiet", true));
        assert_false(contact_is_objecting(&survivor->contact));
    }
}

static void an_older_objection_beats_a_later_grant_and_says_so(void **state)
{
    struct desk *desk = *state;
    struct person *survivor = desk_person(desk, "a@example.com");
    struct person *duplicate = desk_person(desk, "b@example.com");
    desk_do(desk, duplicate, desk_submission(desk, "quiet"));
    desk_do(desk, duplicate, saying(desk, "marketing_email", false));
    desk_do(desk, survivor, as_vp(form_saying(desk, "guide", true)));
    assert_state(survivor, "open");
    desk_pass(desk, US_PER_HOUR);
    desk_merge(desk, duplicate, survivor);
    assert_true(contact_is_objecting(&survivor->contact));
    assert_int_equal(desk->effects.consents.count, 1);
    const struct consent_row *row = &desk->effects.consents.items[0];
    assert_str_is(row->source, "merge");
    assert_false(row->is_granted);
    assert_true(row->is_objection);
    assert_true(uuid_eq(row->contact_id, survivor->contact.contact_id));
    assert_int_equal(row->at_us, desk->now_us); /* the newest line of the record is the state */
    assert_state(survivor, "recycled");
}

/* ---- which way is left ---- */

static void assert_may_contact(struct desk *desk, const struct person *person, bool by_email,
                               bool by_phone)
{
    struct buf buf;
    buf_init(&buf, (size_t)1 << 20);
    struct json_writer json;
    json_writer_init(&json, &buf);
    assert_int_equal(contact_write(&json, &person->contact, desk->catalog, &desk->arena,
                                   &desk->scratch, desk->now_us),
                     OK);
    json_auto_t *shown = json_from(buf_str(&buf).data);
    buf_done(&buf);
    const json_t *may = json_object_get(shown, "may_contact");
    assert_int_equal(json_is_true(json_object_get(may, "email")), by_email);
    assert_int_equal(json_is_true(json_object_get(may, "phone")), by_phone);
}

static void may_contact_follows_from_the_purposes(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "quiet"));
    assert_may_contact(desk, person, false, true); /* an e-mail needs consent, a call does not */
    desk_do(desk, person, saying(desk, "marketing_email", true));
    assert_may_contact(desk, person, true, true);
    desk_do(desk, person, saying(desk, "phone", false));
    assert_may_contact(desk, person, true, false);
    desk_do(desk, person, saying(desk, "phone", true));
    desk_do(desk, person, saying(desk, "marketing_email", false));
    assert_may_contact(desk, person, false, true); /* agreed to calls, objects to mails */
    desk_do(desk, person, saying(desk, "marketing_email", true));
    desk_do(desk, person, saying(desk, "marketing", false));
    assert_may_contact(desk, person, false, false);
    desk_do(desk, person, saying(desk, "marketing", true));
    assert_may_contact(desk, person, true, true);
    struct person *other = desk_person(desk, "b@example.com");
    desk_do(desk, other, desk_submission(desk, "quiet"));
    desk_do(desk, other, saying(desk, "newsletter", false));
    assert_may_contact(desk, other, false, false); /* who objects to anything is not called */
    struct person *third = desk_person(desk, "c@example.com");
    desk_do(desk, third, desk_submission(desk, "quiet"));
    struct input *empty_box = desk_submission(desk, "quiet");
    claim_consent(empty_box, "phone", false);
    desk_do(desk, third, empty_box);
    assert_may_contact(desk, third, false, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_row_says_who_what_where_and_which_wording),
        DESK_TEST(another_wording_renews_the_consent),
        DESK_TEST(a_change_is_told_by_its_name_alone),
        DESK_TEST(what_is_recorded_by_hand_is_always_added),
        DESK_TEST(one_purpose_too_many_is_refused_by_hand),
        DESK_TEST(an_objection_takes_back_what_the_score_handed_over),
        DESK_TEST(a_paused_handoff_is_taken_back_too),
        DESK_TEST(a_breached_clock_stays_breached),
        DESK_TEST(what_has_begun_or_was_asked_for_goes_on),
        DESK_TEST(an_empty_box_takes_back_no_handoff),
        DESK_TEST(a_customers_upsell_is_taken_back_and_the_stage_stays),
        DESK_TEST(of_two_alike_the_later_word_is_kept),
        DESK_TEST(an_older_objection_beats_a_later_grant_and_says_so),
        DESK_TEST(may_contact_follows_from_the_purposes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
