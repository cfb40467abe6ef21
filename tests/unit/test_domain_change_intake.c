/*
 * What comes in: the stage, attributes, consents and channel that submissions, activities, upserts
 * and patches leave behind, and what the feed tells of it.
 */
#include "test_domain_change_support.h"

/* ---- stages, creation, what is told ---- */

static void a_submission_makes_a_lead(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "claire@example.com");
    struct input *input = desk_submission(desk, "paper");
    input->activity.channel = STR_LITERAL("paid_search");
    desk_do(desk, person, input);
    assert_stage(person, "lead");
    assert_told(desk, "submission.received score.grade_changed");
    const json_t *event = event_of(desk, "submission.received");
    assert_true(json_is_true(json_object_get(event, "contact_created")));
    assert_string_equal(event_value(desk, "submission.received", "form"), "paper");
    assert_string_equal(event_value(desk, "submission.received", "offer"), "paper");
    assert_string_equal(event_value(desk, "submission.received", "stage_to"), "lead");
    assert_null(event_value(desk, "score.grade_changed", "from"));
    assert_string_equal(event_value(desk, "score.grade_changed", "to"), "D3");

    assert_int_equal(desk->effects.stages.count, 1);
    const struct stage_row *stage = &desk->effects.stages.items[0];
    assert_false(stage->has_from);
    assert_int_equal(stage->to, STAGE_LEAD);
    assert_str_is(stage->actor, "form:paper");
    assert_int_equal(stage->at_us, desk->now_us);
    assert_int_equal(desk->effects.activities.count, 1);
    const struct activity_facts *facts = &desk->effects.activities.items[0].facts;
    assert_str_is(facts->offer_kind, "white_paper");
    assert_str_is(facts->journey_step, "awareness");
    assert_true(uuid_eq(input->result.id, input->activity.id));
    assert_true(input->result.is_new_contact && input->result.changed);
    assert_int_equal(person->contact.version, 1);
    assert_int_equal(person->contact.created_at_us, desk->now_us);
    assert_str_is(person->contact.channel, "paid_search");
    assert_str_is(person->contact.journey_step, "awareness");
}

static void a_form_makes_what_it_says_and_never_lowers(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "news"));
    assert_stage(person, "prospect");
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_submission(desk, "paper"));
    assert_stage(person, "lead");
    assert_string_equal(event_value(desk, "submission.received", "stage_to"), "lead");
    assert_true(
        json_is_false(json_object_get(event_of(desk, "submission.received"), "contact_created")));
    assert_int_equal(desk->effects.stages.items[0].from, STAGE_PROSPECT);
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_submission(desk, "news"));
    assert_stage(person, "lead");
    assert_null(event_value(desk, "submission.received", "stage_to"));
    assert_null(event_value(desk, "submission.received", "offer"));
    assert_int_equal(desk->effects.stages.count, 0);
}

static void activities_make_what_their_kind_says(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *kind;
        const char *form;
        const char *stage;
    } cases[] = {
        {"page_view",       NULL,    "contact" },
        {"email_click",     NULL,    "contact" },
        {"subscription",    NULL,    "prospect"},
        {"form_submission", NULL,    "lead"    },
        {"call_request",    NULL,    "lead"    },
        {"subscription",    "news",  "prospect"},
        {"survey",          "quiet", "lead"    },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct person *person =
            desk_person(desk, arena_printf(&desk->arena, "a%zu@example.com", i));
        struct input *input = desk_activity(desk, cases[i].kind, TIME_NONE);
        input->activity.form = str_from(cases[i].form);
        desk_do(desk, person, input);
        assert_stage(person, cases[i].stage);
        const bool is_contact = strcmp(cases[i].stage, "contact") == 0;
        assert_true(
            strncmp(told(desk),
                    is_contact ? "contact.created score" : "contact.created contact.stage_changed",
                    20) == 0);
        if (!is_contact) {
            assert_null(event_value(desk, "contact.stage_changed", "from"));
            assert_string_equal(event_value(desk, "contact.stage_changed", "to"), cases[i].stage);
        }
    }
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, &desk->people[0], desk_activity(desk, "form_submission", TIME_NONE));
    assert_string_equal(event_value(desk, "contact.stage_changed", "from"), "contact");
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, &desk->people[0], desk_activity(desk, "email_click", TIME_NONE));
    assert_told(desk, "");
    assert_int_equal(desk->effects.activities.count, 1);
}

static void facts_are_looked_up_when_it_comes(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    /* A submission told later: its form gives the offer; ids become slugs. */
    struct input *input = desk_activity(desk, "form_submission", TIME_NONE);
    input->activity.form = STR_LITERAL("01936b1f-0000-7000-8000-000000000020");
    input->activity.campaign = STR_LITERAL(DESK_CAMPAIGN);
    desk_do(desk, person, input);
    const struct activity_facts *facts = &desk->effects.activities.items[0].facts;
    assert_str_is(facts->form, "guide");
    assert_str_is(facts->offer, "ebook");
    assert_str_is(facts->journey_step, "consideration");
    assert_str_is(facts->campaign, "spring");
    /* Another kind of activity on that form's page is not its submission. */
    input = desk_activity(desk, "page_view", TIME_NONE);
    input->activity.form = STR_LITERAL("guide");
    desk_do(desk, person, input);
    facts = &desk->effects.activities.items[0].facts;
    assert_null(facts->offer.data);
    /* An offer named by id, and one that nobody knows any more. */
    input = desk_activity(desk, "page_view", TIME_NONE);
    input->activity.offer = STR_LITERAL("01936b1f-0000-7000-8000-000000000013");
    desk_do(desk, person, input);
    assert_str_is(desk->effects.activities.items[0].facts.offer, "tour");
    input = desk_activity(desk, "page_view", TIME_NONE);
    input->activity.offer = STR_LITERAL("forgotten");
    desk_do(desk, person, input);
    assert_str_is(desk->effects.activities.items[0].facts.offer, "forgotten");
    assert_null(desk->effects.activities.items[0].facts.offer_kind.data);
}

static void the_first_channel_and_the_furthest_step_stay(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_null(person->contact.channel.data);
    assert_str_is(person->contact.journey_step, "consideration");
    const int32_t version = person->contact.version;
    desk_pass(desk, US_PER_HOUR);
    struct input *input = desk_submission(desk, "paper");
    input->activity.channel = STR_LITERAL("social");
    desk_do(desk, person, input);
    assert_str_is(person->contact.channel, "social");
    assert_str_is(person->contact.journey_step, "consideration");
    assert_int_equal(person->contact.version, version + 1);
    desk_pass(desk, US_PER_HOUR);
    input = desk_submission(desk, "guide");
    input->activity.channel = STR_LITERAL("email");
    desk_do(desk, person, input);
    assert_str_is(person->contact.channel, "social");
    assert_str_is(desk->effects.activities.items[0].facts.channel, "email");
    assert_int_equal(person->contact.version, version + 1); /* nothing of the record changed */
    assert_false(person->contact.is_dirty);
}

static void submissions_without_a_time_keep_their_order(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct step steps[40];
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        steps[i] = (struct step){.person = person, .input = desk_submission(desk, "paper")};
    desk_batch(desk, steps, ARRAY_LEN(steps));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        assert_int_equal(desk->effects.activities.items[i].occurred_at_us,
                         desk->now_us + (int64_t)i * US_PER_MS);
    /* The next batch comes before these times have passed, and goes on behind them. */
    desk_pass(desk, US_PER_MS);
    desk_do(desk, person, desk_submission(desk, "paper"));
    assert_int_equal(desk->effects.activities.items[0].occurred_at_us,
                     desk->now_us + 39 * US_PER_MS);
    assert_false(person->contact.history.is_loaded);
}

/* A step that lies ahead is another clock's, not this batch's: what comes now happens now. */
static void a_step_ahead_does_not_drag_others_along(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person,
            desk_activity(desk, "webinar_attended", desk->now_us + 5 * US_PER_SECOND));
    desk_do(desk, person, desk_submission(desk, "paper"));
    assert_true(person->contact.history.is_loaded);
    assert_int_equal(desk->effects.activities.items[0].occurred_at_us, desk->now_us);
    assert_int_equal(person->contact.score.interest.at_us, desk->now_us + 5 * US_PER_SECOND);
    assert_true(interest_sum(&person->contact.score.interest) > 44.9);
}

/* More than a second's worth of them: what is not loaded is not lost. */
static void a_crowd_of_submissions_does_not_wipe_the_score(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    enum { BATCHES = 3, EACH = 600 };
    static struct step steps[EACH];
    desk_do(desk, person, desk_submission(desk, "guide"));
    for (size_t b = 0; b < BATCHES; b++) {
        for (size_t i = 0; i < EACH; i++)
            steps[i] = (struct step){.person = person, .input = desk_submission(desk, "paper")};
        desk_batch(desk, steps, EACH);
        desk_pass(desk, US_PER_MS);
    }
    /* 30 of the guide, and three papers to the cap of their rule. */
    assert_true(interest_sum(&person->contact.score.interest) > 74.9);
    assert_true(interest_sum(&person->contact.score.interest) <= 75.0);
}

/* ---- claims ---- */

static void claim_company(struct desk *desk, struct person *person, enum input_kind kind,
                          enum attribute_source source, const char *company, int64_t at_us)
{
    struct input *input = kind == INPUT_SUBMISSION ? desk_submission(desk, "quiet")
                                                   : desk_input(desk, kind);
    input->creates = kind != INPUT_PATCH;
    input->source = source;
    input->activity.occurred_at_us = at_us;
    claim_text(input, "company", company);
    desk_do(desk, person, input);
}

#define assert_company(expected)                                                                   \
    assert_string_equal(attribute_text(desk, person, "company"), expected)

static void a_form_fills_blanks_and_renews_what_a_form_set(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_submission(desk, "quiet");
    claim_text(input, "first_name", "Zoé");
    claim_text(input, "company", "Old");
    desk_do(desk, person, input);
    const int32_t version = person->contact.version;
    desk_pass(desk, US_PER_HOUR);
    input = desk_submission(desk, "quiet");
    claim_text(input, "company", "New");
    claim_text(input, "city", "Lyon");
    desk_do(desk, person, input);
    assert_string_equal(attribute_text(desk, person, "first_name"), "Zoé");
    assert_company("New");
    assert_string_equal(attribute_text(desk, person, "city"), "Lyon");
    assert_int_equal(person->contact.version, version + 1);
    assert_told(desk, "submission.received contact.updated");
    const json_t *fields = json_object_get(event_of(desk, "contact.updated"), "fields");
    assert_int_equal(json_array_size(fields), 2);
    assert_string_equal(json_string_value(json_array_get(fields, 0)), "company");
    assert_string_equal(json_string_value(json_array_get(fields, 1)), "city");
}

static void a_form_never_overwrites_what_others_said(void **state)
{
    struct desk *desk = *state;
    static const enum attribute_source sources[] = {SOURCE_IMPORT, SOURCE_CRM, SOURCE_PERSON};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        struct person *person =
            desk_person(desk, arena_printf(&desk->arena, "a%zu@example.com", i));
        claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, "Form", TIME_NONE);
        desk_pass(desk, US_PER_HOUR);
        /* Of an earlier time: still better than a form. */
        claim_company(desk, person, INPUT_UPSERT, sources[i], "Known",
                      desk->now_us - 48 * US_PER_HOUR);
        assert_company("Known");
        desk_pass(desk, US_PER_HOUR);
        const int32_t version = person->contact.version;
        claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, "Form again", TIME_NONE);
        assert_company("Known");
        assert_int_equal(person->contact.version, version);
        assert_told(desk, "submission.received");
    }
}

static void of_people_systems_and_imports_the_later_word_counts(void **state)
{
    struct desk *desk = *state;
    static const enum attribute_source sources[] = {SOURCE_IMPORT, SOURCE_CRM, SOURCE_PERSON};
    struct person *person = desk_person(desk, "a@example.com");
    claim_company(desk, person, INPUT_UPSERT, SOURCE_CRM, "first", TIME_NONE);
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        for (size_t k = 0; k < ARRAY_LEN(sources); k++) {
            desk_pass(desk, US_PER_HOUR);
            const char *word = arena_printf(&desk->arena, "word %zu", i);
            claim_company(desk, person, INPUT_UPSERT, sources[i], word, TIME_NONE);
            assert_company(word);
            /* What was learnt earlier but comes later does not win. */
            claim_company(desk, person, INPUT_UPSERT, sources[k], "older",
                          desk->now_us - US_PER_SECOND);
            assert_company(word);
        }
}

static void an_older_claim_of_a_form_does_not_win(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, "Newer", desk->now_us);
    claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, "Older",
                  desk->now_us - 2 * US_PER_HOUR);
    assert_company("Newer");
    /* Of the same moment: what is told last. */
    claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, "Same", desk->now_us);
    assert_company("Same");
}

static void what_is_confirmed_is_as_new_as_its_confirmation(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    const int64_t at_us = desk->now_us;
    struct step steps[3];
    static const struct {
        const char *company;
        int64_t hours;
    } said[] = {
        {"X", 0},
        {"X", 2},
        {"Y", 1}, /* comes last, was said before X was confirmed */
    };
    desk_pass(desk, 3 * US_PER_HOUR);
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        steps[i] = (struct step){.person = person, .input = desk_submission(desk, "quiet")};
        steps[i].input->activity.occurred_at_us = at_us + said[i].hours * US_PER_HOUR;
        claim_text(steps[i].input, "company", said[i].company);
    }
    desk_batch(desk, steps, ARRAY_LEN(steps));
    assert_company("X");
}

static void a_confirmation_by_a_person_protects_from_forms(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, "Same", TIME_NONE);
    const int32_t version = person->contact.version;
    desk_pass(desk, US_PER_HOUR);
    claim_company(desk, person, INPUT_PATCH, SOURCE_PERSON, "Same", TIME_NONE);
    assert_told(desk, ""); /* no value changed */
    assert_int_equal(person->contact.version, version + 1);
    desk_pass(desk, US_PER_HOUR);
    claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, "Other", TIME_NONE);
    assert_company("Same");
    /* Said once more: nothing at all changes. */
    struct input *input = desk_input(desk, INPUT_UPSERT);
    claim_text(input, "company", "Same");
    desk_do(desk, person, input);
    assert_false(input->result.changed);
    assert_int_equal(person->contact.version, version + 1);
}

static void an_empty_value_never_overwrites(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    claim_company(desk, person, INPUT_UPSERT, SOURCE_CRM, "Kept", TIME_NONE);
    static const char *const empty[] = {"", "   ", "\t\n", NULL};
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        desk_pass(desk, US_PER_HOUR);
        claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, empty[i], TIME_NONE);
        claim_company(desk, person, INPUT_UPSERT, SOURCE_CRM, empty[i], TIME_NONE);
        claim_company(desk, person, INPUT_UPSERT, SOURCE_IMPORT, empty[i], TIME_NONE);
        assert_company("Kept");
    }
    /* Nor does it make a name that says nothing. */
    struct input *input = desk_submission(desk, "quiet");
    claim_text(input, "city", " ");
    desk_do(desk, person, input);
    assert_null(attribute_text(desk, person, "city"));
}

static void a_patch_removes(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_submission(desk, "quiet");
    claim_text(input, "city", "Lyon");
    claim_text(input, "company", "X");
    claim_text(input, "phone", "1");
    desk_do(desk, person, input);
    desk_pass(desk, US_PER_HOUR);
    input = desk_input(desk, INPUT_PATCH);
    claim_text(input, "city", NULL);
    claim_text(input, "phone", "");
    claim_text(input, "unheard_of", NULL);
    desk_do(desk, person, input);
    assert_null(attribute_text(desk, person, "city"));
    assert_null(attribute_text(desk, person, "phone"));
    assert_null(attribute_text(desk, person, "unheard_of"));
    assert_company("X");
    assert_int_equal(json_array_size(json_object_get(event_of(desk, "contact.updated"), "fields")),
                     2);
    desk_pass(desk, US_PER_HOUR);
    claim_company(desk, person, INPUT_SUBMISSION, SOURCE_FORM, "X", TIME_NONE);
    assert_company("X");
}

static void numbers_and_booleans(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_submission(desk, "quiet");
    claim_number(input, "company_size", "5000.50");
    struct attribute *claim = desk_claim(input, "partner");
    claim->kind = ATTRIBUTE_IS_BOOLEAN;
    claim->boolean = true;
    desk_do(desk, person, input);
    desk_read(desk, person);
    assert_string_equal(attribute_text(desk, person, "company_size"), "5000.5");
    assert_true(contact_attribute(&person->contact, STR_LITERAL("partner"))->boolean);
    /* The same number in other digits is no change. */
    desk_pass(desk, US_PER_HOUR);
    input = desk_submission(desk, "quiet");
    claim_number(input, "company_size", "5000.50");
    desk_do(desk, person, input);
    assert_told(desk, "submission.received");
    /* false is not true: a change. */
    desk_pass(desk, US_PER_HOUR);
    input = desk_submission(desk, "quiet");
    claim = desk_claim(input, "partner");
    claim->kind = ATTRIBUTE_IS_BOOLEAN;
    desk_do(desk, person, input);
    assert_false(contact_attribute(&person->contact, STR_LITERAL("partner"))->boolean);
    assert_told(desk, "submission.received contact.updated");
}

static void claim_many(struct desk *desk, struct input *input, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        claim_text(input, arena_printf(&desk->arena, "a%zu", i), "x");
}

static void a_contact_holds_a_hundred_attributes(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_submission(desk, "quiet");
    claim_many(desk, input, 0, 60);
    desk_do(desk, person, input);
    /* An API client is told, and nothing is changed. */
    static const enum input_kind kinds[] = {INPUT_UPSERT, INPUT_PATCH};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        input = desk_input(desk, kinds[i]);
        claim_many(desk, input, 60, 41);
        assert_int_equal(desk_run(desk, person, input), ERR_INVALID);
        assert_string_equal(input->result.faults->items[0].pointer, "/attributes");
        input = desk_input(desk, kinds[i]);
        claim_many(desk, input, 20, 80); /* 40 of them known */
        claim_text(input, "empty", "");
        desk_do(desk, person, input);
        assert_int_equal(person->contact.attribute_count, 100);
    }
    /* A form does not fail: what is too much stays with the submission. */
    desk_pass(desk, US_PER_HOUR);
    input = desk_submission(desk, "quiet");
    claim_text(input, "one_more", "x");
    claim_text(input, "a0", "y");
    desk_do(desk, person, input);
    assert_null(attribute_text(desk, person, "one_more"));
    assert_string_equal(attribute_text(desk, person, "a0"), "y");
}

/* ---- consents ---- */

static const struct consent *consent_to(const struct person *person, const char *purpose)
{
    for (size_t i = 0; i < person->contact.consent_count; i++)
        if (str_is(person->contact.consents[i].purpose, purpose))
            return &person->contact.consents[i];
    return NULL;
}

static void say(struct desk *desk, struct person *person, bool is_form, bool is_granted)
{
    struct input *input = is_form ? desk_submission(desk, "quiet") : desk_input(desk, INPUT_UPSERT);
    input->creates = true;
    claim_consent(input, "marketing_email", is_granted);
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, input);
}

static void a_box_left_empty_is_no_objection(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    say(desk, person, true, false);
    assert_false(consent_to(person, "marketing_email")->is_granted);
    assert_false(contact_is_objecting(&person->contact));
    assert_int_equal(desk->effects.consents.count, 1);
    say(desk, person, true, false);
    assert_int_equal(desk->effects.consents.count, 0);
    assert_false(contact_is_objecting(&person->contact));
}

static void a_withdrawal_is_an_objection_until_it_is_granted_anew(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    say(desk, person, true, true);
    assert_true(consent_to(person, "marketing_email")->is_granted);
    assert_int_equal(desk->effects.consents.count, 1);
    const struct consent_row *row = &desk->effects.consents.items[0];
    assert_true(row->is_granted);
    assert_str_is(row->text, "I agree");
    assert_str_is(row->source, "form:quiet");
    assert_int_equal(row->at_us, desk->now_us);
    assert_false(uuid_is_nil(row->activity_id));
    const int32_t version = person->contact.version;
    say(desk, person, true, true); /* said before: no row, no version */
    assert_int_equal(desk->effects.consents.count, 0);
    assert_int_equal(person->contact.version, version);
    say(desk, person, true, false);
    assert_true(contact_is_objecting(&person->contact));
    assert_int_equal(desk->effects.consents.count, 1);
    say(desk, person, true, false); /* the box stays empty: still an objection */
    assert_true(contact_is_objecting(&person->contact));
    assert_int_equal(desk->effects.consents.count, 0);
    say(desk, person, true, true);
    assert_false(contact_is_objecting(&person->contact));
    assert_true(consent_to(person, "marketing_email")->is_granted);
}

static void a_refusal_by_other_means_is_an_objection(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    say(desk, person, false, false);
    assert_true(contact_is_objecting(&person->contact));
    assert_str_is(desk->effects.consents.items[0].source, "api");
    struct person *other = desk_person(desk, "b@example.com");
    say(desk, other, true, false); /* an empty box first */
    say(desk, other, false, false);
    assert_true(contact_is_objecting(&other->contact));
}

static void the_later_word_on_a_consent_counts(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    say(desk, person, true, true);
    say(desk, person, false, false);
    /* A form that was sent before the withdrawal and comes after it. */
    struct input *late = desk_submission(desk, "quiet");
    late->activity.occurred_at_us = desk->now_us - US_PER_SECOND;
    claim_consent(late, "marketing_email", true);
    desk_do(desk, person, late);
    assert_true(contact_is_objecting(&person->contact));
    /* A form whose clock is ahead does not outlive a withdrawal of now. */
    desk_pass(desk, US_PER_HOUR);
    struct input *ahead = desk_submission(desk, "quiet");
    ahead->activity.occurred_at_us = desk->now_us + 240 * US_PER_SECOND;
    claim_consent(ahead, "marketing_email", true);
    desk_do(desk, person, ahead);
    assert_false(contact_is_objecting(&person->contact));
    struct input *now = desk_input(desk, INPUT_PATCH);
    claim_consent(now, "marketing_email", false);
    desk_do(desk, person, now);
    assert_true(contact_is_objecting(&person->contact));
}

static void the_last_of_two_values_of_a_box_is_meant(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    say(desk, person, true, true);
    struct input *input = desk_submission(desk, "quiet");
    claim_consent(input, "marketing_email", false); /* the hidden field */
    claim_consent(input, "marketing_email", true);  /* the box */
    desk_do(desk, person, input);
    assert_true(consent_to(person, "marketing_email")->is_granted);
    assert_int_equal(desk->effects.consents.count, 0);
}

static void purposes_have_a_limit(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_submission(desk, "quiet");
    for (size_t i = 0; i < CONSENTS_MAX; i++)
        claim_consent(input, arena_printf(&desk->arena, "p%zu", i), true);
    desk_do(desk, person, input);
    input = desk_submission(desk, "quiet");
    claim_consent(input, "one_more", true);
    desk_do(desk, person, input);
    assert_int_equal(person->contact.consent_count, CONSENTS_MAX);
    assert_int_equal(desk->effects.consents.count, 0);
}

/* ---- upserts and patches ---- */

static void an_upsert_makes_then_knows(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_input(desk, INPUT_UPSERT);
    input->creates = true;
    input->activity.channel = STR_LITERAL("event");
    claim_text(input, "first_name", "Zoé");
    desk_do(desk, person, input);
    assert_true(input->result.is_new_contact && input->result.changed);
    assert_stage(person, "contact");
    assert_told(desk, "contact.created score.grade_changed");
    assert_int_equal(person->contact.version, 1);
    desk_pass(desk, US_PER_HOUR);
    input = desk_input(desk, INPUT_UPSERT);
    input->activity.channel = STR_LITERAL("direct");
    claim_text(input, "city", "Lyon");
    desk_do(desk, person, input);
    assert_false(input->result.is_new_contact);
    assert_true(input->result.changed);
    assert_str_is(person->contact.channel, "event");
    assert_told(desk, "contact.updated");
    desk_pass(desk, US_PER_HOUR);
    input = desk_input(desk, INPUT_UPSERT);
    claim_text(input, "city", "Lyon");
    desk_do(desk, person, input);
    assert_false(input->result.changed);
    assert_int_equal(person->contact.version, 2);
}

static void an_upsert_may_say_how_far_somebody_is(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_input(desk, INPUT_UPSERT);
    input->creates = true;
    input->stage = STAGE_PROSPECT;
    desk_do(desk, person, input);
    assert_stage(person, "prospect");
    assert_told(desk, "contact.created contact.stage_changed score.grade_changed");
    static const enum stage stages[] = {STAGE_LEAD, STAGE_CONTACT, STAGE_LEAD};
    static const char *const told_then[] = {"contact.stage_changed", "", ""};
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        input = desk_input(desk, INPUT_UPSERT);
        input->stage = stages[i];
        desk_do(desk, person, input);
        assert_stage(person, "lead");
        assert_told(desk, told_then[i]);
    }
}

static void a_patch_corrects_the_channel(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = desk_input(desk, INPUT_UPSERT);
    input->creates = true;
    input->activity.channel = STR_LITERAL("event");
    desk_do(desk, person, input);
    input = desk_input(desk, INPUT_PATCH);
    input->activity.channel = STR_LITERAL("direct");
    desk_do(desk, person, input);
    assert_str_is(person->contact.channel, "direct");
    assert_told(desk, "contact.updated");
    input = desk_input(desk, INPUT_PATCH);
    input->activity.channel = STR_LITERAL("");
    desk_do(desk, person, input);
    assert_null(person->contact.channel.data);
    for (int i = 0; i < 2; i++) { /* nothing said, and nothing to take away */
        input = desk_input(desk, INPUT_PATCH);
        input->activity.channel = i == 0 ? (struct str){.data = NULL} : STR_LITERAL("");
        desk_do(desk, person, input);
        assert_false(input->result.changed);
        assert_told(desk, "");
    }
}

static struct input *readdress(struct desk *desk, const char *email, struct uuid owner)
{
    struct input *input = desk_input(desk, INPUT_PATCH);
    input->new_email = input->new_email_key = str_from(email);
    input->new_email_owner = owner;
    return input;
}

static void a_patch_changes_the_address(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@gmail.com");
    desk_do(desk, person, desk_submission(desk, "quiet"));
    const struct uuid self = person->contact.contact_id;
    desk_do(desk, person, readdress(desk, "a@example.com", self));
    assert_str_is(person->contact.email, "a@example.com");
    assert_told(desk, "contact.updated");
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(event_of(desk, "contact.updated"), "fields"), 0)),
                        "email");
    const int32_t version = person->contact.version;
    struct input *input = readdress(desk, "a@example.com", self);
    desk_do(desk, person, input);
    assert_false(input->result.changed);
    assert_int_equal(person->contact.version, version);
    input = readdress(desk, "b@example.com", desk_uuid(DESK_OTHER));
    claim_text(input, "city", "Lyon");
    assert_int_equal(desk_run(desk, person, input), ERR_CONFLICT);
    assert_true(uuid_eq(input->result.id, desk_uuid(DESK_OTHER)));
}

static void a_stale_version_is_refused(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    claim_company(desk, person, INPUT_UPSERT, SOURCE_CRM, "X", TIME_NONE);
    /* Of two changes to one version in one batch the first wins, and each version is one state. */
    struct step steps[3];
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        steps[i] = (struct step){.person = person, .input = desk_input(desk, INPUT_PATCH)};
        claim_text(steps[i].input, "city", arena_printf(&desk->arena, "city %zu", i));
    }
    steps[0].input->if_version = steps[1].input->if_version = person->contact.version;
    desk_batch(desk, steps, ARRAY_LEN(steps));
    assert_int_equal(steps[0].input->result.code, OK);
    assert_int_equal(steps[1].input->result.code, ERR_STALE);
    assert_int_equal(steps[2].input->result.code, OK);
    assert_int_equal(person->contact.version, 3);
    assert_string_equal(attribute_text(desk, person, "city"), "city 2");
}

/* ---- history ---- */

static void historical_input_has_its_own_times(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    const int64_t then_us = DESK_START_US - 500 * US_PER_DAY + 123456;
    struct input *input = desk_activity(desk, "form_submission", then_us);
    input->is_historical = true;
    input->source = SOURCE_IMPORT;
    claim_text(input, "company", "X");
    desk_do(desk, person, input);
    const int64_t instant_us = interest_instant_us(then_us);
    assert_int_equal(person->contact.created_at_us, instant_us);
    assert_int_equal(desk->effects.stages.items[0].at_us, instant_us);
    assert_true(desk->effects.stages.items[0].is_historical);
    assert_int_equal(desk->effects.activities.items[0].occurred_at_us, instant_us);
    assert_int_equal(desk->effects.activities.items[0].received_at_us, desk->now_us);
    const size_t count = json_array_size(desk->told);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        assert_true(json_is_true(json_object_get(json_array_get(desk->told, i), "historical")));
    /* What came of age since is not overwritten by history. */
    desk_pass(desk, US_PER_HOUR);
    claim_company(desk, person, INPUT_UPSERT, SOURCE_CRM, "Y", TIME_NONE);
    input = desk_input(desk, INPUT_UPSERT);
    input->is_historical = true;
    input->source = SOURCE_IMPORT;
    input->activity.occurred_at_us = then_us + US_PER_DAY;
    claim_text(input, "company", "Z");
    desk_do(desk, person, input);
    assert_company("Y");
    assert_false(input->result.changed);
}

/* ---- what was kept while the database was away ---- */

static struct input *kept_submission(struct desk *desk, const char *form, int64_t came_us)
{
    struct input *input = desk_submission(desk, form);
    input->activity.received_at_us = came_us;
    return input;
}

static void a_kept_post_has_the_time_it_came(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    const int64_t came_us = desk->now_us - 10 * 60 * US_PER_SECOND;
    struct input *input = as_vp(kept_submission(desk, "demo", came_us));
    desk_do(desk, person, input);
    const struct activity_row *row = &desk->effects.activities.items[0];
    assert_int_equal(row->received_at_us, came_us);
    assert_int_equal(row->occurred_at_us, came_us);
    assert_int_equal(input->result.received_at_us, came_us);
    assert_true(has_handoff(person));
    const struct clock_record *clock = clock_of(person, "first_contact");
    assert_int_equal(clock->started_at_us, desk->now_us);
    assert_int_equal(clock->asked_at_us, came_us);
}

static void a_live_post_asked_when_its_clock_started(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, as_vp(desk_submission(desk, "demo")));
    assert_int_equal(clock_of(person, "first_contact")->asked_at_us, TIME_NONE);
}

/* The clock that stamped it was not the database's. */
static void a_kept_post_never_came_later_than_now(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    struct input *input = kept_submission(desk, "paper", desk->now_us + US_PER_HOUR);
    desk_do(desk, person, input);
    assert_int_equal(desk->effects.activities.items[0].received_at_us, desk->now_us);
    assert_int_equal(desk->effects.activities.items[0].occurred_at_us, desk->now_us);
}

static void kept_posts_of_one_contact_stay_in_order(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "paper"));
    const int64_t first_us = desk->now_us + 1000 * US_PER_MS;
    desk_pass(desk, US_PER_HOUR);
    struct step steps[3];
    for (int i = 0; i < 3; i++) { /* two of them in the same millisecond */
        steps[i] = (struct step){
            .person = person,
            .input = kept_submission(desk, "paper", first_us + (i == 2 ? 1 : i) * US_PER_MS)};
    }
    desk_batch(desk, steps, 3);
    int64_t last_us = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct activity_row *row = &desk->effects.activities.items[i];
        assert_true(row->occurred_at_us > last_us);
        assert_true(row->occurred_at_us <= first_us + 3 * US_PER_MS);
        last_us = row->occurred_at_us;
    }
}

/* Through another instance something came in meanwhile: the score is that of the true order. */
static void a_kept_post_may_be_overtaken(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_person(desk, "a@example.com");
    const int64_t came_us = desk->now_us;
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_submission(desk, "paper"));
    const int64_t last_us = person->contact.score.interest.at_us;
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, kept_submission(desk, "paper", came_us));
    assert_int_equal(desk->effects.activities.items[0].occurred_at_us, came_us);
    assert_int_equal(person->contact.score.interest.at_us, last_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_submission_makes_a_lead),
        DESK_TEST(a_form_makes_what_it_says_and_never_lowers),
        DESK_TEST(activities_make_what_their_kind_says),
        DESK_TEST(facts_are_looked_up_when_it_comes),
        DESK_TEST(the_first_channel_and_the_furthest_step_stay),
        DESK_TEST(submissions_without_a_time_keep_their_order),
        DESK_TEST(a_step_ahead_does_not_drag_others_along),
        DESK_TEST(a_crowd_of_submissions_does_not_wipe_the_score),
        DESK_TEST(a_form_fills_blanks_and_renews_what_a_form_set),
        DESK_TEST(a_form_never_overwrites_what_others_said),
        DESK_TEST(of_people_systems_and_imports_the_later_word_counts),
        DESK_TEST(an_older_claim_of_a_form_does_not_win),
        DESK_TEST(what_is_confirmed_is_as_new_as_its_confirmation),
        DESK_TEST(a_confirmation_by_a_person_protects_from_forms),
        DESK_TEST(an_empty_value_never_overwrites),
        DESK_TEST(a_patch_removes),
        DESK_TEST(numbers_and_booleans),
        DESK_TEST(a_contact_holds_a_hundred_attributes),
        DESK_TEST(a_box_left_empty_is_no_objection),
        DESK_TEST(a_withdrawal_is_an_objection_until_it_is_granted_anew),
        DESK_TEST(a_refusal_by_other_means_is_an_objection),
        DESK_TEST(the_later_word_on_a_consent_counts),
        DESK_TEST(the_last_of_two_values_of_a_box_is_meant),
        DESK_TEST(purposes_have_a_limit),
        DESK_TEST(an_upsert_makes_then_knows),
        DESK_TEST(an_upsert_may_say_how_far_somebody_is),
        DESK_TEST(a_patch_corrects_the_channel),
        DESK_TEST(a_patch_changes_the_address),
        DESK_TEST(a_stale_version_is_refused),
        DESK_TEST(historical_input_has_its_own_times),
        DESK_TEST(a_kept_post_has_the_time_it_came),
        DESK_TEST(a_live_post_asked_when_its_clock_started),
        DESK_TEST(a_kept_post_never_came_later_than_now),
        DESK_TEST(kept_posts_of_one_contact_stay_in_order),
        DESK_TEST(a_kept_post_may_be_overtaken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
